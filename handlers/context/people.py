"""Look up who somebody is and which role they hold, at the moment it matters, and fail closed."""

import time
from collections.abc import Iterable, Sequence

from handlers.context.lazy_parts import FirstUse
from handlers.context.look_ups import (
    CHECKS,
    GROUP_CHECKS,
    SCARCE,
    TOO_OFTEN,
    TOO_OFTEN_MEND,
    ActedTooOften,
    Checked,
    GroupLists,
    InFlight,
    Role,
)
from handlers.context.rate_limits import MINUTE, ForAMinute, Monotonic, Rations
from handlers.policy.rule import (
    ALLOWED,
    Home,
    Reason,
    Rule,
    Verdict,
    is_group,
    judge_member,
    judge_role,
    once_each,
)
from handlers.policy.same_person import NOT_TOLD_APART, OWN_UNDER_ANOTHER_ID, Identity, is_same_person
from handlers.ports import Directory, Person, Unavailable

_Acts = Rations[tuple[str, bool]]  # by the person, and whether it is opting out


class People:
    """Answers with verdicts; raises ``Unavailable`` only where a caller must tell "unknown" from "no"."""

    _refused: FirstUse[ForAMinute[tuple[str, Role], Verdict]] = FirstUse(lambda of: ForAMinute(of.limits[2]))
    _acts: FirstUse[_Acts] = FirstUse(lambda of: Rations(of.limits[0], of.limits[2]))
    _group_acts: FirstUse[_Acts] = FirstUse(lambda of: Rations(of.limits[1], of.limits[2]))

    def __init__(
        self,
        directory: Directory,
        home: Home | None,
        rule: Rule,
        *,
        checks: int = CHECKS,
        group_checks: int = GROUP_CHECKS,
        scarce: int = SCARCE,
        groups: GroupLists | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Take how often a minute one person's acts look up them (``checks``) or groups.

        Opting out is counted by itself. ``scarce``: as for ``GroupLists``; ``groups``: shared with other
        tenants.
        """
        self._directory = directory
        self._home = home
        self._rule = rule
        self.limits = checks, group_checks, monotonic
        self._group_lists = groups or GroupLists(directory.members, monotonic, scarce=scarce)
        both = (*rule.operators, *rule.approvers)
        self._holders: dict[Role, Sequence[str]] = {
            Role.MEMBER: (),
            Role.OPERATOR: rule.operators,
            Role.APPROVER: rule.approvers,
            Role.OPERATOR_OR_APPROVER: both,
            Role.OPTING_OUT: both,
        }
        self._judging: InFlight[tuple[str, Role], Verdict] = InFlight(self._judge)

    def at(self, home: Home) -> None:
        """Note which workspace is ours; until then nobody's membership is known."""
        self._home = home

    @property
    def signed_in(self) -> bool:
        """Whether Slack has told who we are."""
        return self._home is not None

    @property
    def in_organisation(self) -> bool:
        """Whether Slack said at sign-in that the workspace belongs to an Enterprise Grid organisation."""
        return self._home is not None and self._home.enterprise_id is not None

    def member(self, user_id: str) -> Verdict:
        """Tell whether this is a full member.

        Raises ``Unavailable`` when Slack cannot be asked, or has not told who we are yet.
        """
        return self._acting(user_id, Role.MEMBER)

    def operator(self, user_id: str) -> Verdict:
        """Tell whether this person may ask for a change. Raises ``Unavailable``."""
        return self._acting(user_id, Role.OPERATOR)

    def approver(self, user_id: str) -> Verdict:
        """Tell whether this person may decide what others asked for. Raises ``Unavailable``."""
        return self._acting(user_id, Role.APPROVER)

    def apart(self, user_id: str, verdict: Verdict, asked: Identity | None) -> Verdict:
        """Return the verdict on an approver, unless they are ``asked`` (see ``requester``) under another id.

        Who in an organisation cannot be told apart from the requester may not decide.
        """
        if asked is None or not verdict.allowed:
            return verdict
        voter = Identity.known(user_id, verdict.enterprise_user_id)
        same = is_same_person(voter, asked, in_organisation=self.in_organisation)
        if same is None:
            return Verdict(allowed=False, reason=Reason.NOT_CHECKED, sentence=NOT_TOLD_APART)
        return (
            Verdict(allowed=False, reason=Reason.OWN_REQUEST, sentence=OWN_UNDER_ANOTHER_ID)
            if same
            else verdict
        )

    def requester(self, account: str | None, *recorded: str | None) -> Identity | None:
        """Return who asked, as ``recorded`` and as Slack says now; ``None``: the bot itself.

        A record that Slack does not give any more takes nothing away from what is recorded, and proves
        nothing either.
        """
        if account is None:
            return None
        try:
            person = self._directory.person(account)
        except Unavailable:
            return Identity.known(account, *recorded)
        return Identity.known(account, *recorded, person.enterprise_user_id)

    def operator_or_approver(self, user_id: str) -> Verdict:
        """Tell whether this person may export, look into a mailbox or answer for something.

        Raises ``Unavailable``.
        """
        return self._acting(user_id, Role.OPERATOR_OR_APPROVER)

    def opting_out(self, user_id: str) -> Verdict:
        """Tell whether this person may opt out: the same people. Raises ``Unavailable``.

        Whoever is listed by their own id may, also while Slack does not tell more of them: it is the safe
        direction.
        """
        try:
            return self._acting(user_id, Role.OPTING_OUT)
        except Unavailable:
            if self.signed_in and user_id in self._holders[Role.OPTING_OUT]:
                return ALLOWED
            raise

    def eligible(self, user_ids: Iterable[str], *, asked: Identity | None = None) -> frozenset[str]:
        """Return who is an approver right now, each person once and never the requester, whatever their ids.

        Raises ``Unavailable`` when somebody could not be checked.
        """
        found = {user_id: self._surely(user_id, asked) for user_id in user_ids}
        return once_each(found, in_organisation=self.in_organisation)

    def checked(
        self, user_ids: Iterable[str], *, asked: Identity | None = None, voter: Identity | None = None
    ) -> Checked:
        """Judge people one by one, without ``voter``; somebody who could not be checked stops nobody."""
        found: dict[str, Verdict] = {}
        unknown, people = set(), frozenset(user_ids)
        for user_id in people:
            try:
                found[user_id] = self._surely(user_id, asked)
            except Unavailable:
                unknown.add(user_id)
        return Checked(
            once_each(found, besides=voter, in_organisation=self.in_organisation), frozenset(unknown), people
        )

    def listed(self, entries: Sequence[str], *, asker: str = "") -> tuple[frozenset[str], bool]:
        """Return all whom these entries name, also by group, and whether each group could be looked up.

        Out of the share of ``asker``, if somebody asks: raises ``Unavailable`` where that is used up.
        """
        if asker and any(map(is_group, entries)) and not self._group_acts.take((asker, False)):
            raise Unavailable(TOO_OFTEN, mend=TOO_OFTEN_MEND, retry_after=MINUTE, code="too_often")
        groups = [self._members(entry) for entry in entries if is_group(entry)]
        people = frozenset(entry for entry in entries if not is_group(entry))
        return people.union(*(group for group in groups if group is not None)), None not in groups

    def seems_approver(self, user_id: str) -> bool | None:
        """Tell whether a member is an approver, as of the last minute; ``None`` if a group was not found out.

        To show the buttons by: whoever presses one is judged then.
        """
        return self._seems(user_id, self._rule.approvers)

    def seems_involved(self, user_id: str) -> bool:
        """Tell whether a member is an approver or operator, as of the last minute, to show something by."""
        return self._seems(user_id, (*self._rule.approvers, *self._rule.operators)) is True

    def _seems(self, user_id: str, entries: Sequence[str]) -> bool | None:
        unknown = False
        for entry in dict.fromkeys(entries):
            try:
                if entry == user_id or (is_group(entry) and user_id in self._group_lists.lately(entry)):
                    return True
            except Unavailable:
                unknown = True
        return None if unknown else False

    def as_approver(
        self, user_id: str, *, listed: bool | None, asked: Identity | None, asker: str
    ) -> Verdict:
        """Judge somebody as an approver, for ``asker``, out of whose share they are looked up.

        ``listed``: whether they are named, as ``listed`` told; ``NOT_CHECKED`` where they cannot be looked
        up.
        """
        refused = self._refused.get((user_id, Role.APPROVER))
        if refused is not None:
            return refused
        try:
            if self._home is None or not self._acts.take((asker, False)):
                raise Unavailable(TOO_OFTEN, mend=TOO_OFTEN_MEND, retry_after=MINUTE, code="too_often")
            member = judge_member(self._person(user_id), self._home)
        except Unavailable as away:
            return Verdict(allowed=False, reason=Reason.NOT_CHECKED, sentence=away.sentence)
        verdict = judge_role(
            member, listed=listed, role=Role.APPROVER.value, holders=self._holders[Role.APPROVER]
        )
        return self.apart(user_id, verdict, asked)

    def _surely(self, user_id: str, asked: Identity | None) -> Verdict:
        """Judged for somebody else's act, or the bot's own: looked up afresh, and out of nobody's share."""
        approver = self._look_up(user_id, Role.APPROVER)
        verdict = self.apart(user_id, approver, asked)
        if not verdict.allowed and verdict.reason is Reason.NOT_CHECKED:
            raise Unavailable(verdict.sentence)
        return verdict

    def _acting(self, user_id: str, role: Role) -> Verdict:
        """Judge somebody who acts: by a refusal of the last minute, else by look-up from their share.

        However often they act in the same moment, they are looked up once. A refusal grants nothing, so it
        may be a minute old; a right, and a look-up that failed, never is. Raises ``Unavailable``.
        """
        refused = self._refused.get((user_id, role))
        return refused if refused is not None else self._judging.ask((user_id, role))

    def _judge(self, act: tuple[str, Role]) -> Verdict:
        user_id, role = act
        if self._home is not None and not self._acts.take((user_id, role is Role.OPTING_OUT)):
            raise ActedTooOften(TOO_OFTEN, mend=TOO_OFTEN_MEND, retry_after=MINUTE)
        return self._look_up(user_id, role, out_of_share=True)

    def _look_up(self, user_id: str, role: Role, *, out_of_share: bool = False) -> Verdict:
        if self._home is None:
            raise Unavailable("The bot has not been able to sign in to Slack yet.")
        member = judge_member(self._person(user_id), self._home)
        verdict = member
        if role is not Role.MEMBER:
            share = (user_id, role is Role.OPTING_OUT) if out_of_share else None
            listed = self._holders[role]
            found = self._listed(user_id, listed, share) if member.allowed else False
            verdict = judge_role(member, listed=found, role=role.value, holders=listed)
        if verdict.allowed:
            self._refused.forget((user_id, role))
        elif (
            out_of_share and verdict.reason is not Reason.NOT_CHECKED
        ):  # else they asked for nothing, and may have it back by now
            self._refused.keep((user_id, role), verdict)
        return verdict

    def _listed(self, user_id: str, listed: Sequence[str], share: tuple[str, bool] | None) -> bool | None:
        """Tell whether somebody is named, also by group; ``None``: not known, or ``share`` is used up."""
        if user_id in listed:
            return True
        entries = [entry for entry in dict.fromkeys(listed) if is_group(entry)]
        if share is not None and all(self._group_lists.leave_out(user_id, entry) for entry in entries):
            return False
        if entries and share is not None and not self._group_acts.take(share):
            return None
        groups = [self._members(entry) for entry in entries]
        if any(group is not None and user_id in group for group in groups):
            return True
        return None if None in groups else False

    def _members(self, group_id: str) -> frozenset[str] | None:
        try:
            return self._group_lists.members(group_id)
        except Unavailable:
            return None

    def _person(self, user_id: str) -> Person | None:
        try:
            return self._directory.person(user_id)
        except Unavailable as unknown:
            if unknown.retryable:
                raise
            return None
