"""Say what a look-up of somebody came to, and when there were too many of them. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from handlers.ports import Unavailable

CHECKS = 90
"""Look-ups a minute of one person upon acts of their own: more than anybody does, and less than Slack
allows for all (tier 4: about a hundred). A refusal costs one a minute, so this bounds only whoever may do
something."""

GROUP_CHECKS = 15
"""The same of their user groups: Slack allows about twenty a minute for all (``usergroups.users.list``, tier
2)."""

TOO_OFTEN = "You have done this so often within a minute that it is not looked up again what you may do."

TOO_OFTEN_MEND = "Try again in a minute."


class ActedTooOften(Unavailable):
    """Somebody's share of the look-ups is used up, by themselves: a refusal, unlike a look-up that failed."""


class Role(StrEnum):
    """What somebody has to be for an act."""

    MEMBER = "member"
    OPERATOR = "operator"
    APPROVER = "approver"
    OPERATOR_OR_APPROVER = "operator or approver"
    OPTING_OUT = "opting out"


@dataclass(frozen=True, slots=True)
class Checked:
    """Of some people, those who are approvers right now, and those of whom that could not be found out."""

    eligible: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    """All of them."""
