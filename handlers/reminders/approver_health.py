"""Warn while all who may ask could not find enough approvers, before it matters.

Looks at people only, and decides nothing: whoever counts here is judged again when they vote and when the
change is made.
"""

from datetime import datetime, timedelta

from handlers.context.context import Context
from handlers.outgoing.situation import Shortage
from handlers.ports import Unavailable

NEXT_LOOK, UNANSWERED = timedelta(hours=20), timedelta(minutes=10)
"""When the approvers are looked up again: a day's working hours later, or soon when Slack did not answer."""

SILENT_FOR = timedelta(days=1)
"""For how long nobody could be looked up before that is told: *unknown* is neither enough nor too few."""


class ApproverHealth:
    """Looks once a day.

    What it remembers only spares look-ups: a restart looks again, and the slot's key keeps the day.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._next_look: datetime | None = None
        self._unknown_since: datetime | None = None
        self._warning: Shortage | None = None

    def look(self) -> Shortage | None:
        """Return the warning due, if any: the same until the next look, in case it was not kept."""
        now = self._context.now()
        if self._next_look is None or not now < self._next_look <= now + NEXT_LOOK:
            self._warning = self._found(now)
        return self._warning

    def _found(self, now: datetime) -> Shortage | None:
        eligible, (operators, complete) = (
            self._eligible(),
            self._context.people.listed(self._context.rule.operators),
        )
        if eligible is None or not complete:
            return self._unknown(now)
        self._next_look, self._unknown_since = now + NEXT_LOOK, None
        needed = self._context.rule.approvals_required
        if all(len(eligible - {person}) >= needed for person in operators or {""}):
            return None
        return Shortage(eligible=len(eligible), needed=needed)

    def _unknown(self, now: datetime) -> Shortage | None:
        self._next_look = now + UNANSWERED
        self._unknown_since = min(self._unknown_since or now, now)
        if now < self._unknown_since + SILENT_FOR:
            return None
        return Shortage(unknown_since=self._unknown_since)

    def _eligible(self) -> frozenset[str] | None:
        """Who could approve right now; ``None`` when Slack does not say it of everybody."""
        people, complete = self._context.people.listed(self._context.rule.approvers)
        try:
            return self._context.people.eligible(sorted(people)) if complete else None
        except Unavailable:
            return None
