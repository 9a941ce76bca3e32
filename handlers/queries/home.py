"""Gather what one person's App Home says, in one round trip: reading, requests, devices."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from handlers.calendar.milestone import Milestone
from handlers.changes.authorise import may_decide
from handlers.context.context import Context
from handlers.context.look_ups import Role
from handlers.policy.rule import ALLOWED, Reason, Rule, Verdict, judge_role
from handlers.policy.votes import Tally, content_digest, short_code, standing_approvals, tally
from handlers.ports import Cloud
from handlers.register.permissions import judge_acceptance, window_of
from storage.app_home import HomeRows, Shown, home_rows, keep_shown
from storage.devices.records import Device
from storage.lifecycle import State
from storage.records import ChangeRequest

CLOCKS = timedelta(minutes=1)
"""By how much Slack's clock, which stamps a press, and ours may differ."""

_WORTH_TELLING = frozenset({Reason.NOT_CHECKED, Reason.OTHER_RULE})
"""Why somebody has no buttons, where they might expect them."""


@dataclass(frozen=True, slots=True)
class HomePage:
    """One person's page as of ``drawn_at``."""

    drawn_at: datetime
    cloud: Cloud
    rule: Rule
    rows: HomeRows
    """What is on record for them: the page reads nothing from Exchange."""
    waits: ChangeRequest | None
    """The request that waits for this person's decision."""
    tally: Tally | None
    """Of the votes on that."""
    other: ChangeRequest | None
    """The open request, where it is not theirs to decide."""
    why_not: str
    """Why it is not; empty where nobody wonders."""
    next_dates: tuple[Milestone, ...]
    warning: str | None
    """That Microsoft's dates were checked too long ago."""
    to_accept: tuple[Device, ...]
    """Entries of the register that this person may accept or refuse now, the soonest day first."""
    today: date
    """The day in the operator's zone."""

    @property
    def shows(self) -> tuple[int, str] | None:
        """The request that has its buttons here, and its content; ``None`` where none has."""
        return (self.waits.id, content_digest(self.waits, self.rule.digest)) if self.waits else None

    @property
    def code(self) -> str:
        """The short code of what waits for the person; empty where nothing does."""
        return short_code(self.shows[1]) if self.shows else ""


class Homes:
    """Gathers pages and keeps what was shown on them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def page(self, person: str) -> HomePage:
        """Gather the page of a full member by one statement, and ask Exchange nothing.

        Raises ``Unreachable``.
        """
        context, now = self._context, self._context.now()
        today = context.today()
        with context.ledger.reading() as reader:
            found = home_rows(reader, context.ledger.tenant_id, person, today)
        verdict = self._may_decide(person, found, now)
        pending = (
            found.request if found.request is not None and found.request.state is State.PENDING else None
        )
        waits = pending if verdict is not None and verdict.allowed else None
        return HomePage(
            drawn_at=now,
            cloud=context.cloud,
            rule=context.rule,
            rows=found,
            waits=waits,
            tally=self._tally(waits, found) if waits else None,
            other=found.request if waits is None else None,
            why_not=verdict.sentence if verdict is not None and verdict.reason in _WORTH_TELLING else "",
            next_dates=context.calendar.upcoming(context.cloud.name, today),
            warning=context.calendar.freshness(today),
            to_accept=self._to_accept(person, found, now, today),
            today=today,
        )

    def keep_shown(self, person: str, page: HomePage) -> None:
        """Keep since when the page shows what it shows, unless it did so before.

        Where an earlier page showed the same request otherwise, a press counts from now on; else there is
        no page but this one that it can have been made on, however fast somebody was.
        Raises ``Unreachable`` and ``Conflict``.
        """
        shows, before = page.shows, page.rows.shown
        if shows is None or (before is not None and shows == (before.request_id, before.digest)):
            return
        now = self._context.now()
        is_first = before is None or before.request_id != shows[0]
        with self._context.ledger.recording(now) as entry:
            keep_shown(entry, person, Shown(*shows, shown_at=page.drawn_at - CLOCKS if is_first else now))

    def _may_decide(self, person: str, found: HomeRows, now: datetime) -> Verdict | None:
        """Judge as a press would be, without asking Slack again; ``None`` where nothing is open."""
        request, people, rule = found.request, self._context.people, self._context.rule
        if request is None:
            return None
        role = judge_role(
            ALLOWED, listed=people.seems_approver(person), role=Role.APPROVER.value, holders=rule.approvers
        )
        return may_decide(request, person, role, rule=rule, newest=found.rule_digest, now=now)

    def _to_accept(self, person: str, found: HomeRows, now: datetime, today: date) -> tuple[Device, ...]:
        """Return what they may accept within the window, without asking Slack again."""
        end, context = window_of(found.baseline, now), self._context
        if not found.awaited or end is None or not context.people.seems_approver(person):
            return ()
        judged = partial(judge_acceptance, person=person, window_end=end, today=today, zone=context.zone)
        return tuple(device for device in found.awaited if judged(device).allowed)

    def _tally(self, request: ChangeRequest, found: HomeRows) -> Tally:
        return tally(request, found.votes, rule=self._context.rule, eligible=standing_approvals(found.votes))
