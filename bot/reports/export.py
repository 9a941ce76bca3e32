"""``legacytls export``: write events of the record, or the changes as a table; follow the record on.

Events are written in their order, each once. Where the record turns out to be another one than it was,
following it ends: a reader who went on would miss events, or have two under one number. For a table Slack is
asked who the people are, where there is a token.
"""

import select
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.reports.opened_record import WRONG_CALL, nothing_on_record, record_of
from bot.reports.slack_names import bare_names_of
from bot.settings.model import Settings
from bot.stop_signals import Stopping
from handlers.policy.periods import WrongPeriod, judge_days
from handlers.queries.export import Form, change_lines
from storage.engine import Database, Unreachable
from storage.integrity.canonical import canonical
from storage.record.export import events_behind, length_of, lines

BATCH: Final = 500
"""Events that are read, and written, together."""

EVERY: Final = 1.0
"""Seconds between two looks while nothing is new."""

LONGEST_PAUSE: Final = 10.0
"""Seconds between two looks while the database is away."""

END_WITHIN: Final = 5.0
"""Seconds from being told to stop to the end, though nobody reads or the database hangs."""

Wait = Callable[[float], bool]
"""Waits for so many seconds, or until it is time to end; tells whether it is."""


class AnotherRecord(Exception):
    """The record does not hold the event that it is to go on behind; the text says what to do."""

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"the record does not hold event {seq} as it was: this is another database, or a backup was put "
            "back. Begin again with --since 0, or behind an event that it holds; `legacytls verify` checks "
            "it."
        )


class Following:
    """Writes the events of one tenant behind a number, as they come."""

    def __init__(self, database: Database, tenant_id: str, seq: int) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._seq = seq
        self._hash: object = None
        """Of the event with this number, once it was seen."""

    def look(self) -> int:
        """Write what is new, a batch at most; returns how many.

        Raises ``AnotherRecord``, ``Unreachable`` and ``BrokenPipeError``.
        """
        found = events_behind(self._database, self._tenant_id, max(self._seq - 1, 0), BATCH)
        if self._seq:
            if not found or found[0]["seq"] != self._seq or self._hash not in (None, found[0]["hash"]):
                raise AnotherRecord(self._seq)
            self._hash = found.pop(0)["hash"]
        for event in found:
            sys.stdout.write(f"{canonical(event)}\n")
            self._seq, self._hash = int(str(event["seq"])), event["hash"]
        sys.stdout.flush()
        return len(found)

    def follow(self, wait: Wait) -> None:
        """Go on until ``wait`` tells that it is time to end, and wait for a database that is away.

        Raises ``AnotherRecord`` and ``BrokenPipeError``.
        """
        pause = 0.0
        while not wait(pause):
            _ask_whether_anybody_reads()
            try:
                pause = 0.0 if self.look() else EVERY
            except Unreachable as away:
                if pause <= EVERY:
                    sys.stderr.write(f"legacytls: {away}; waiting for it, behind event {self._seq}.\n")
                self._database.close()  # used again, it begins with the file that is there then
                pause = min(LONGEST_PAUSE, 2 * max(pause, EVERY))


def export_behind(
    settings: Settings, *, since: int | date | None, until: date | None, form: str, follow: bool
) -> int:
    """Write the events behind a number to standard output, and with ``follow`` those to come.

    Returns the exit code.
    """
    if isinstance(since, date) or until is not None or form != "jsonl":
        sys.stderr.write(
            "legacytls: --follow, and --since with the number of an event, write events as JSON: leave "
            "--format and --until away, and give the number of the last event you have (--since 0: all of "
            "them).\n"
        )
        return WRONG_CALL
    wait = Stopping(patience=END_WITHIN).wait if follow else None
    with record_of(settings, live=follow) as (database, tenant_id):
        if not length_of(database, tenant_id):
            raise nothing_on_record(database, tenant_id)
        following = Following(database, tenant_id, since or 0)
        if wait is not None:
            following.follow(wait)
            return 0
        while following.look():
            continue
    return 0


def _ask_whether_anybody_reads() -> None:
    """Ask a pipe whether its reader is gone, before there is anything to write.

    Raises ``BrokenPipeError``.
    """
    asked = select.poll()
    asked.register(sys.stdout.fileno(), 0)
    if any(told & select.POLLERR for _, told in asked.poll(0)):
        raise BrokenPipeError


def export_record(settings: Settings, *, form: Form, since: date | None, until: date | None) -> int:
    """Write the events of these days (UTC, inclusive), or a table of the changes asked for in them.

    Returns 2, and writes nothing, where nothing can be on record of them.
    """
    try:
        judge_days(since, until, datetime.now(UTC).date())
    except WrongPeriod as wrong:
        sys.stderr.write(f"legacytls: {wrong}\n")
        return WRONG_CALL
    last = datetime.combine(until + timedelta(days=1), time.min, UTC) if until and until < date.max else None
    first = datetime.combine(since, time.min, UTC) if since else None
    with record_of(settings) as (database, tenant_id):
        if not length_of(database, tenant_id):
            raise nothing_on_record(database, tenant_id)
        if form == "csv":
            written = change_lines(database, tenant_id, bare_names_of(settings), since=first, until=last)
        else:
            written = lines(database, tenant_id, since=first, until=last)
        for line in written:
            sys.stdout.write(line)
    return 0
