"""Check the people in the rule: whether they may act, and whether anybody could ask and be approved."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from bot.checks.verdict import Verdict, failed, passed, warned
from handlers.context.people import People
from handlers.policy.rule import Rule, is_group
from handlers.ports import Directory, Unavailable

NAMED = 10
"""People named in one line."""


@dataclass
class _Role:
    """One list of the rule, and who of it may act; complete once ``verdicts`` is exhausted."""

    name: str
    setting: str
    listed: tuple[str, ...]
    called: Callable[[str], str]
    able: set[str] = field(default_factory=set)

    def verdicts(self, directory: Directory, people: People) -> Iterator[Verdict]:
        """Yield one verdict for each group and each person with a problem."""
        members = {entry for entry in self.listed if not is_group(entry)}
        for group in (entry for entry in self.listed if is_group(entry)):
            try:
                found = directory.members(group)
            except Unavailable as away:
                mend = (
                    away.mend
                    or f"Check the S… id in {self.setting}, and run the check again when Slack answers."
                )
                yield failed(f"{self.name} group {group}", away.sentence, mend)
                continue
            members |= found
            if not found:
                mend = f"Add people to it in Slack, or take it out of {self.setting}."
                yield failed(f"{self.name} group {group}", "has no members", mend)
        for person in sorted(members):
            yield from self._person(person, people)

    def _person(self, person: str, people: People) -> Iterator[Verdict]:
        try:
            verdict = people.member(person)
        except Unavailable as away:
            mend = away.mend or "Run the check again when Slack answers."
            told = away.sentence.replace(f"@{person}", person)  # only Slack shows somebody for it
            yield failed(f"{self.name} {person}", told, mend, name=self.called(person))
            return
        if verdict.allowed:
            self.able.add(person)
        else:
            mend = (
                f"Take the id out of {self.setting} (or out of the user group it came with), or mend the "
                "account."
            )
            yield warned(f"{self.name} {person}", verdict.sentence, mend, name=self.called(person))


def people_verdicts(
    rule: Rule, directory: Directory, people: People, called: Callable[[str], str]
) -> Iterator[Verdict]:
    """Yield each group and each person with a problem, then whether there are enough people.

    ``called`` tells somebody's name by their id, or nothing where Slack does not say.
    """
    approvers = _Role("Approver", "LEGACYTLS_APPROVERS", rule.approvers, called)
    yield from approvers.verdicts(directory, people)
    operators = approvers
    if set(rule.operators) != set(rule.approvers):
        operators = _Role("Operator", "LEGACYTLS_OPERATORS", rule.operators, called)
        yield from operators.verdicts(directory, people)
        if not operators.able:
            mend = "Put the ids of those who may ask for a change into LEGACYTLS_OPERATORS."
            yield failed("Operators", "nobody who is listed may act, so nobody could ask for a change", mend)
    yield _enough(rule.approvals_required, approvers.able, operators.able, called)


def _enough(
    needed: int, approvers: Collection[str], operators: Collection[str], called: Callable[[str], str]
) -> Verdict:
    found = f"{len(approvers)} may approve, {needed} needed besides the requester"
    if len(approvers) < needed:
        return failed(
            "Enough approvers",
            found,
            "Add people to LEGACYTLS_APPROVERS, or lower LEGACYTLS_APPROVALS_REQUIRED.",
        )
    stuck = sorted(person for person in operators if len(set(approvers) - {person}) < needed)
    if stuck and len(stuck) == len(operators):
        most = max(len(set(approvers) - {person}) for person in operators)
        lower = ", or lower LEGACYTLS_APPROVALS_REQUIRED" if most else ""
        mend = f"Add another approver to LEGACYTLS_APPROVERS{lower}: nobody approves their own request."
        return failed(
            "Enough approvers", f"{needed} needed, at most {most} other than the requester can approve", mend
        )
    if stuck:
        finding = f"requests by {_named(stuck, called)} could not be approved by enough others"
        return warned("Enough approvers", finding, "Add another approver to LEGACYTLS_APPROVERS.")
    return passed("Enough approvers", f"{found}: {_named(approvers, called)}")


def _named(people: Collection[str], called: Callable[[str], str]) -> str:
    """Ids in their order with the names beside them, the first of very many."""
    first = sorted(people)[:NAMED]
    names = {person: called(person) for person in first}
    more = f" and {len(people) - NAMED} more" if len(people) > NAMED else ""
    return ", ".join(f"{person} (@{name})" if name else person for person, name in names.items()) + more
