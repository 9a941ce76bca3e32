"""Compare the record with Exchange's audit log, daily and on demand, and keep the result.

What was found is an event, so that it can be proven when Exchange has long forgotten: it keeps its log for
180 days. A search that failed leaves none, and the time it was for counts as not searched.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from handlers.evidence.audit_pairing import AWAITED, BEFORE, NO, Pairings, pair
from handlers.evidence.daily_values import Days
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.missing import instant_of, unsearched
from handlers.evidence.proof.tables import Span
from handlers.evidence.recorded_facts import known_facts, made_since
from handlers.outgoing.news import AuditGap
from handlers.outgoing.notices import enqueue_announcement
from handlers.policy.periods import Period
from handlers.ports import AuditSearch
from storage.integrity.canonical import stamp
from storage.ledger import BOT, Entry, Ledger
from storage.record.evidence_queries import began_at

KEPT_BY_EXCHANGE: Final = timedelta(days=179)
"""How far back a search finds anything (180 days without a larger licence: learn.microsoft.com, audit log
retention)."""

LATELY: Final = timedelta(days=30)
"""Within this time a value that somebody sets back twice is flapping."""

TWICE: Final = 2


class Reconciliation:
    """Compares one tenant's record with Exchange's audit log. ``operators`` hear of every gap, once."""

    def __init__(self, ledger: Ledger, search: AuditSearch, *, operators: Iterable[str] = ()) -> None:
        self._ledger = ledger
        self._search = search
        self._operators = tuple(operators)
        self._searched_until: datetime | None = None

    def daily(self, now: datetime) -> int:
        """Search once a day, the day before included, and keep what came of it; returns 1 when it did.

        Raises ``Unavailable`` and ``Unreachable``; nothing is kept then.
        """
        since = self._since(now)
        if since is None:
            return 0
        self.keep(since, now, known_facts(self._ledger), now)
        self._searched_until = now
        return 1

    def _since(self, now: datetime) -> datetime | None:
        """Return from when to search; ``None`` while all days are on record, or nothing was before today."""
        today = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
        if self._searched_until is not None and self._searched_until >= today:
            return None
        began = began_at(self._ledger.database, self._ledger.tenant_id)
        if began is None or began >= today:
            return None
        self._searched_until = _covered_until(known_facts(self._ledger), began)
        return (
            None
            if self._searched_until >= today
            else max(self._searched_until - BEFORE, now - KEPT_BY_EXCHANGE)
        )

    def on_demand(self, period: Period, now: datetime) -> None:
        """Search whatever of a period is not settled on record, and keep what is new of it.

        Raises as ``daily``.
        """
        facts, until = known_facts(self._ledger), min(period.ends, now)
        span = Span(period.first.isoformat(), period.ends.date().isoformat())
        if period.ends <= now and not list(unsearched(facts, span, stamp(now))) and not _is_open(facts, span):
            return
        self.keep(
            max(period.begins, now - KEPT_BY_EXCHANGE),
            max(until, min(now, until + BEFORE)),
            facts,
            now,
            unless_known=span,
        )

    def keep(
        self,
        since: datetime,
        until: datetime,
        facts: Facts,
        now: datetime,
        *,
        unless_known: Span | None = None,
    ) -> None:
        """Search, pair, and record what came of it.

        With ``unless_known`` nothing is recorded that is on record already.
        """
        # the row of a later one may lie beyond
        settled = until if until >= now else until - timedelta(hours=1)
        begins = max(since - BEFORE, now - KEPT_BY_EXCHANGE - BEFORE)
        rows = self._search.search(begins, until)
        found = pair(rows, made_since(self._ledger, begins - timedelta(hours=1)), now)
        found = Pairings(
            found.rows, [said for said in found.changes if since <= instant_of(said["at"]) <= settled]
        )
        fresh = Pairings(
            [said for said in found.rows if facts.rows.get(said["id"]) != said],
            [said for said in found.changes if facts.changes.get(said["number"]) != said],
        )
        known = unless_known is not None and not list(unsearched(facts, unless_known, stamp(now)))
        if known and not fresh.rows and not fresh.changes:
            return
        with self._ledger.recording(now) as entry:
            if unless_known is not None and until >= now:
                entry.record("day", BOT, Days(self._ledger).said(now.astimezone(UTC).date(), now))
            said = {
                "from": stamp(begins),
                "until": stamp(until),
                "rows": fresh.rows,
                "changes": fresh.changes,
            }
            entry.record("reconciled", BOT, said)
            self._tell(entry, fresh)
            self._tell_flapping(entry, [*facts.rows.values(), *fresh.rows], now)

    def _tell(self, entry: Entry, found: Pairings) -> None:
        """Every gap, the day it is found, and once for ever."""
        gaps = [(f"row:{said['id']}", None, said) for said in found.rows if said["matched"] == NO]
        gaps += [
            (f"change:{said['number']}", said["number"], said)
            for said in found.changes
            if said["matched"] == NO
        ]
        for key, change, said in gaps:
            told = AuditGap(
                change=change, at=instant_of(said["at"]), actor=said.get("actor") or "",
                value=said.get("value") or "", why=said["why"], times=None, operators=self._operators,
            )  # fmt: skip
            enqueue_announcement(entry, f"audit_gap:{key}", told)

    def _tell_flapping(self, entry: Entry, rows: Iterable[dict[str, Any]], now: datetime) -> None:
        for (actor, value), times in flapping(rows, since=stamp(now - LATELY)).items():
            who = hashlib.sha256(f"{actor}\0{value}".encode()).hexdigest()[:16]
            told = AuditGap(
                change=None,
                at=now,
                actor=actor,
                value=value,
                why="flapping",
                times=times,
                operators=self._operators,
            )
            enqueue_announcement(entry, f"flapping:{who}:{now:%Y-%m}", told)


def flapping(rows: Iterable[dict[str, Any]], *, since: str) -> dict[tuple[str, str], int]:
    """Name who set the same value from outside twice or more, and how often: another automation."""
    told = {said["id"]: said for said in rows if said.get("result") == "succeeded" and not said.get("own")}
    lately = [
        said for said in told.values() if said["at"] >= since and said.get("actor") and said.get("value")
    ]
    counted = Counter((said["actor"], said["value"]) for said in lately)
    return {who: times for who, times in counted.items() if times >= TWICE}


def _covered_until(facts: Facts, began: datetime) -> datetime:
    """Until when the audit log was searched without a gap since the record began."""
    covered = began
    for since, until in sorted(facts.searches):
        if instant_of(since) <= covered:
            covered = max(covered, instant_of(until))
    return covered


def _is_open(facts: Facts, span: Span) -> bool:
    """Whether anything of the period is awaited, or has no partner."""
    told = [*facts.rows.values(), *facts.changes.values()]
    return any(said.get("matched") in (NO, AWAITED) and span.holds(said.get("at")) for said in told)
