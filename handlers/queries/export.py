"""Hand out the record to operators and approvers, one export a person at a time, on record."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from handlers.context.context import Context
from handlers.policy.rule import Verdict
from handlers.queries.change_table import Named, change_lines, nameless
from storage.jobs.leases import Lease
from storage.record.export import lines

Form = Literal["jsonl", "csv"]
"""The events, which prove themselves, a line of JSON each; or the changes, a row each, for a spreadsheet."""

PIECE: Final = 64 * 1024
"""Bytes that are handed on together."""

RENEW_AFTER: Final = 3.0
"""Seconds after which whoever reads the record makes sure that the person's place is still theirs."""


class StillExporting(Exception):
    """The person's earlier export is not done yet; the text is for them."""

    def __init__(self) -> None:
        super().__init__(
            "Your earlier export is still being made and comes as a direct message. Ask again when it is "
            "there."
        )


@dataclass(frozen=True, slots=True)
class RecordFile:
    """Hold the record as a file of ``length`` bytes; ``pieces`` reads it from the database anew."""

    length: int
    pieces: Callable[[], Iterator[bytes]]


class Exports:
    """Writes the record of one tenant as a file, in the same memory however long it is."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def may_export(self, person: str) -> Verdict:
        """Tell whether this person may have the record. Raises ``Unavailable``."""
        return self._context.people.operator_or_approver(person)

    @contextmanager
    def file(self, person: str, form: Form, named: Named = nameless) -> Iterator[RecordFile]:
        """Return the whole record, oldest first, up to this export's event; ``named`` adds names.

        It is read twice: Slack wants the length first, and a copy would take memory or a place on disk.
        ``named`` has to tell the same both times. Until the block ends the person's next one, at any replica,
        raises ``StillExporting``.
        """
        with self.place_of(person) as lease:
            last = self._recorded(person, form)
            renewed = time.monotonic()

            def pieces() -> Iterator[bytes]:
                nonlocal renewed
                for piece in self._pieces(form, last, named):
                    if time.monotonic() - renewed > RENEW_AFTER:
                        self._context.leases.renew(lease)
                        renewed = time.monotonic()
                    yield piece

            yield RecordFile(sum(map(len, pieces())), pieces)

    @contextmanager
    def place_of(self, person: str) -> Iterator[Lease]:
        """Hold one person's right to export, in this process and among replicas while renewed."""
        with self._lock:
            if person in self._under_way:
                raise StillExporting
            self._under_way.add(person)
        try:
            lease = self._context.leases.take(f"export:{self._context.ledger.tenant_id}:{person}")
            if lease is None:
                raise StillExporting
            try:
                yield lease
            finally:
                self._context.leases.release(lease)
        finally:
            with self._lock:
                self._under_way.discard(person)

    def _recorded(self, person: str, form: Form) -> int:
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.record("exported", person, {"format": form})
            return entry.reader.head()[0]

    def _pieces(self, form: Form, last: int, named: Named) -> Iterator[bytes]:
        piece = bytearray()
        for line in self._lines(form, last, named):
            piece += line.encode()
            if len(piece) >= PIECE:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    def _lines(self, form: Form, last: int, named: Named) -> Iterator[str]:
        database, tenant_id = self._context.ledger.database, self._context.ledger.tenant_id
        if form == "csv":
            return change_lines(database, tenant_id, named, up_to=last)
        return lines(database, tenant_id, up_to=last)
