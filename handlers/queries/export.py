"""Hand out the record to operators and approvers, one export a person at a time, on record.

As the file of events, which proves itself (``storage.record.export``), or as a table of changes for
spreadsheets, to be read: one row each, names beside ids, times and outcome.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from handlers.context.context import Context
from handlers.policy.rule import Verdict
from handlers.policy.votes import approvers
from storage.engine import Database
from storage.integrity.canonical import stamp
from storage.jobs.leases import Lease
from storage.lifecycle import State
from storage.record import spreadsheet_cells
from storage.record.evidence_queries import RecordedChange, recorded_changes
from storage.record.export import lines
from storage.records import Decision, Door, Vote

FIELDS = (
    *(
        "number",
        "kind",
        "outcome",
        "requester",
        "requester_name",
        "requested_at",
        "reason",
        "devices",
        "protocols",
    ),
    *("approvers", "approver_names", "approved_at", "rejected_by", "rejected_by_name"),
    *("reason_given_by", "reason_given_by_name", "reason_given"),
    *(
        "from",
        "to",
        "window_end",
        "applied_at",
        "settled_at",
        "read_back",
        "corrected_at",
        "digest",
        "detail",
        "ticket",
    ),
)
"""The columns. ``outcome`` is the state of the change; ``reason_given`` says why it was rejected, or made
outside the bot."""

Named = Callable[[str], str]
"""A person's name by their Slack id; empty where it is not known."""


def nameless(person: str) -> str:
    """Return an empty name for everybody, where nobody can be asked."""
    return ""


def change_lines(
    database: Database,
    tenant_id: str,
    named: Named = nameless,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    up_to: int | None = None,
) -> Iterator[str]:
    """Yield a header and a row a change, each with its newline, in the order of the numbers.

    Only changes asked for from ``since`` up to, not including, ``until`` (aware; ``None`` is no bound), by
    the events up to number ``up_to``. Two passes with the same ``up_to`` and the same names yield the same.
    """
    first, last = (stamp(at) if at is not None else None for at in (since, until))
    yield spreadsheet_cells.row(FIELDS)
    for change in recorded_changes(database, tenant_id, up_to=up_to):
        asked = _text(change.told.request.get("created_at"))
        if (first is None or asked >= first) and (last is None or asked < last):
            yield spreadsheet_cells.row(_cells(change, named))


def _cells(change: RecordedChange, named: Named) -> Iterable[str]:
    request, reasons, votes = change.told.request, change.told.reasons, _decisions(change)
    rejected_by = [vote.person_id for vote in votes if vote.vote is Vote.REJECT][:1]
    given, requester = reasons[-1] if reasons else {}, _text(request.get("requester_id"))
    told = {
        "number": str(change.number),
        "kind": _text(request.get("kind")),
        "outcome": _text(request.get("state")),
        "requested_at": _moment(request.get("created_at")),
        "reason": _text(request.get("reason")),
        "devices": _text(request.get("clients")),
        "protocols": _text(request.get("protocols")).replace(",", " "),
        "approved_at": _moment(change.approved_at),
        "reason_given": _text(given.get("reason")),
        "from": _text(request.get("from_value")),
        "to": _text(request.get("to_value")),
        "window_end": _moment(request.get("window_end")),
        "applied_at": _applied_at(request),
        "settled_at": _moment(request.get("settled_at")),
        "read_back": _read_back(change),
        "corrected_at": _moment(change.corrected_at),
        "digest": votes[-1].digest if votes else "",
        "detail": change.detail,
        "ticket": _text(request.get("ticket")),
    }
    told |= _people(
        "reason_given_by", "reason_given_by_name", [_text(given["person_id"])] if given else [], named
    )
    told |= _people("requester", "requester_name", [requester] if requester else [], named)
    told |= _people("approvers", "approver_names", approvers(votes), named)
    told |= _people("rejected_by", "rejected_by_name", rejected_by, named)
    return (told[name] for name in FIELDS)


def _applied_at(request: Mapping[str, object]) -> str:
    return _moment(request.get("settled_at")) if request.get("state") == State.APPLIED else ""


def _read_back(change: RecordedChange) -> str:
    """The value that was read back last; empty where none was."""
    steps = [step for step in change.told.attempts if step.get("step") == "read_back"]
    return _text(steps[-1].get("value")) if steps else ""


def _people(ids: str, names: str, people: Iterable[str], named: Named) -> dict[str, str]:
    """Two cells: the ids, and as many names in the same order; no name at all where none is known."""
    listed = list(people)
    known = [named(person) for person in listed]
    return {ids: "; ".join(listed), names: "; ".join(known) if any(known) else ""}


def _decisions(change: RecordedChange) -> list[Decision]:
    """The votes in the order of recording; one that was tampered with beyond reading is left out."""
    found = []
    for number, vote in enumerate(change.told.decisions):
        try:
            found.append(
                Decision(
                    id=number,
                    request_id=change.number,
                    person_id=_text(vote["person_id"]),
                    vote=Vote(vote["vote"]),
                    door=Door(vote["door"]),
                    digest=_text(vote["digest"]),
                    voted_at=datetime.fromisoformat(vote["voted_at"]),
                    recorded_at=datetime.fromisoformat(vote["recorded_at"]),
                )
            )
        except (KeyError, ValueError, TypeError):
            continue
    return found


def _moment(spelled: object) -> str:
    """Spell an instant to the second: ``2026-11-23T12:00:00Z``; tampered ones as is, none as empty."""
    text = _text(spelled)
    whole, dot, rest = text.partition(".")
    return f"{whole}Z" if dot and rest.endswith("Z") else text


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


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
