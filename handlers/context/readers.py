"""Let full members read on without a look-up for each of their questions."""

from datetime import datetime

from handlers.context.context import Context
from handlers.policy.rule import ALLOWED, Verdict

REMEMBERED = 60.0
"""Seconds for which a full member may read on without being looked up again; whoever changes something is
always looked up."""


class Readers:
    """Know for a minute who may read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._members: dict[str, datetime] = {}

    def may_read(self, person: str) -> Verdict:
        """Judge whether somebody may see help, status and history: every full member.

        Raises ``Unavailable``.
        """
        now = self._context.now()
        known = self._members.get(person)
        if known is not None and 0 <= (now - known).total_seconds() < REMEMBERED:
            return ALLOWED
        verdict = self._context.people.member(person)
        if verdict.allowed:
            self._members[person] = now
        return verdict
