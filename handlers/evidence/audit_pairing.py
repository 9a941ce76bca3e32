"""Pair Exchange's audit rows with the changes of the record, one with one; name the rest. Pure.

Rows come late, after an hour as a rule and sometimes after a day: what has not come within a day is missing,
and awaited before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from handlers.ports import AuditRow
from storage.integrity.canonical import stamp

OWN: Final = (timedelta(minutes=-1), timedelta(minutes=15))
"""From when to when, counted from its sending, a row may be a write of the bot's own: clocks differ, writes
get stuck."""

BEFORE: Final = timedelta(hours=24)
"""How long before it was noticed a change may have been made outside the bot."""

SLACK: Final = timedelta(minutes=5)
"""By how much a clock may be ahead of another."""

LATE: Final = timedelta(hours=24)
"""A row that has not come by then is missing."""

NOTICED: Final = timedelta(hours=2)
"""A change made outside that the bot has not noticed by then, it did not notice."""

YES, NO, AWAITED, NOT_NEEDED = "yes", "no", "awaited", "not needed"

OWN_APP: Final = (
    "it was made with the bot's own app, but the bot sent nothing then: find out who else uses its credential"
)
NOBODYS: Final = "no change of the bot's, and none that it noticed from outside, belongs to it"


@dataclass(frozen=True, slots=True)
class Made:
    """A change that took effect by a write: the bot's own, or one that it noticed."""

    number: int
    outside: bool
    value: str
    sent_at: tuple[datetime, ...]
    """When the bot was about to send it; empty: it was made outside."""
    noticed_at: datetime

    @property
    def at(self) -> datetime:
        """When it was sent last, or noticed."""
        return self.sent_at[-1] if self.sent_at else self.noticed_at


@dataclass(frozen=True, slots=True)
class Pairings:
    """What is said of each row, and of each change, as the record keeps it."""

    rows: list[dict[str, Any]]
    changes: list[dict[str, Any]]

    @property
    def open(self) -> bool:
        """Whether anything is awaited, or has no partner."""
        return any(said["matched"] in (NO, AWAITED) for said in (*self.rows, *self.changes))


def pair(rows: Iterable[AuditRow], changes: Sequence[Made], now: datetime) -> Pairings:
    """Pair the bot's writes by app, value and time, then what it noticed with the newest row each."""
    listed = sorted(rows, key=lambda row: (row.at, row.id))
    partner: dict[str, Made] = {}
    left = {change.number: len(change.sent_at) for change in changes}
    for row in (row for row in listed if row.succeeded and row.own is not False):
        near = [change for change in changes if left.get(change.number, 0) > 0 and _is_write(row, change)]
        if near:
            partner[row.id] = min(near, key=lambda change: min(abs(row.at - sent) for sent in change.sent_at))
            left[partner[row.id].number] -= 1
    for change in sorted(
        (change for change in changes if change.outside), key=lambda change: change.noticed_at
    ):
        seen = [
            row for row in listed if row.succeeded and row.id not in partner and _was_noticed(row, change)
        ]
        if seen:
            partner[seen[-1].id] = change
    paired = {change.number for change in partner.values()}
    return Pairings(
        [_row(row, partner.get(row.id), now) for row in listed],
        [_change(change, change.number in paired, now) for change in changes],
    )


def _is_write(row: AuditRow, change: Made) -> bool:
    first, last = OWN
    same = row.value is not None and row.value.value == change.value
    return same and any(first <= row.at - sent <= last for sent in change.sent_at)


def _was_noticed(row: AuditRow, change: Made) -> bool:
    same = row.value is not None and row.value.value == change.value
    return same and change.noticed_at - BEFORE <= row.at <= change.noticed_at + SLACK


def _row(row: AuditRow, partner: Made | None, now: datetime) -> dict[str, Any]:
    matched, why = _judged(row, partner, now)
    return {
        "id": row.id, "at": stamp(row.at), "actor": row.actor,
        "value": row.value.value if row.value else None, "result": "succeeded" if row.succeeded else "failed",
        "own": row.own, "matched": matched, "number": partner.number if partner else None, "why": why,
    }  # fmt: skip


def _judged(row: AuditRow, partner: Made | None, now: datetime) -> tuple[str, str]:
    if partner is not None:
        return YES, "noticed from outside" if partner.outside else "sent by the bot"
    if not row.succeeded:
        return NOT_NEEDED, "it failed, so nothing was changed"
    if row.own:
        return NO, OWN_APP
    return (
        (AWAITED, "it is new, and the bot has not noticed it yet")
        if now - row.at < NOTICED
        else (NO, NOBODYS)
    )


def _change(change: Made, is_paired: bool, now: datetime) -> dict[str, Any]:
    said = {"number": change.number, "at": stamp(change.at), "value": change.value}
    if is_paired:
        return {**said, "matched": YES}
    due = change.at + LATE
    if now < due:
        return {
            **said,
            "matched": AWAITED,
            "why": f"its row in Exchange's audit log is awaited until {due:%Y-%m-%d %H:%M} UTC.",
        }
    return {**said, "matched": NO, "why": "Exchange's audit log has no row of it, a day after it was made."}
