"""Foresee how people would be judged as approvers, before they vote: it permits nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handlers.context.checked import Checked
from handlers.context.people import People
from handlers.policy.identity import Identity
from handlers.policy.rule import Reason, Rule, Verdict, is_group, once_each


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Judge people as approvers by their ids; ``NOT_CHECKED`` where that could not be found out."""

    verdicts: Mapping[str, Verdict]
    left_out: int
    """Approvers who were not looked up, because they are very many."""
    complete: bool
    """Whether each user group could be looked up."""


def foresee(
    people: People, rule: Rule, also: Iterable[str], *, asked: Identity | None, asker: str, most: int
) -> Foreseen:
    """Look up each approver, and whoever else is in ``also``, for ``asker``; each group once.

    Raises ``Unavailable``.
    """
    listed, complete = people.listed(rule.approvers, asker=asker)
    named = (entry for entry in rule.approvers if not is_group(entry))
    everybody = list(dict.fromkeys((*also, *named, *sorted(listed))))
    otherwise = False if complete else None
    verdicts = {
        person: people.as_approver(
            person, listed=True if person in listed else otherwise, asked=asked, asker=asker
        )
        for person in everybody[:most]
    }
    return Foreseen(verdicts, len(everybody[most:]), complete)


def sorted_out(people: People, verdicts: Mapping[str, Verdict], *, voter: Identity | None = None) -> Checked:
    """What ``People.checked`` would answer, from verdicts that were foreseen."""
    unknown = {person for person, verdict in verdicts.items() if verdict.reason is Reason.NOT_CHECKED}
    found = {person: verdict for person, verdict in verdicts.items() if person not in unknown}
    eligible = once_each(found, besides=voter, in_organisation=people.in_organisation)
    return Checked(eligible, frozenset(unknown), frozenset(verdicts))
