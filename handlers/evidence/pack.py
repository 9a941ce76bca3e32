"""Write a period's evidence as one zip: the same bytes for the same record, in constant memory.

The tables are made by ``handlers.evidence.proof``, which the pack carries as its own checker. Nothing is
judged here but the whole record, by ``storage.record.verify`` while its events are written; only those about
changes are read again, by change.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any, Final

from handlers.evidence.proof.cells import csv_line, text_of
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.facts import FACTS
from handlers.evidence.proof.hash_chain import FIRST
from handlers.evidence.proof.manifest import EVENTS, MANIFEST, PROGRAM, line_hash, manifest_text
from handlers.evidence.proof.missing import missing_of_change, missing_of_facts
from handlers.evidence.proof.readable_events import NAMING, is_about_change
from handlers.evidence.proof.register import DEVICE_ACTS, DEVICE_REPORT, Register
from handlers.evidence.proof.tables import PEOPLE, Span, stamp_files
from handlers.evidence.proof.text_files import KEPT_EVENTS, OF_CHANGES, Building
from handlers.evidence.recorded_facts import spooled_facts, told_changes
from handlers.evidence.verifier import program
from handlers.policy.periods import Period
from storage.engine import Database
from storage.record.evidence_queries import STATEMENTS, hashes_of, last_before
from storage.record.export import events_of_kinds, line_of, spelled_at
from storage.record.verify import Check, Stored, Verdict

Naming = Callable[[str], str]
"""A person's name by their Slack id; empty where Slack does not tell it."""

_PARSED: Final = FACTS | DEVICE_ACTS | {DEVICE_REPORT}
"""The kinds of event that say something beside the changes."""

_KEPT: Final = {kind: name for name, kind in KEPT_EVENTS.items()}

_BLOCK: Final = 1024 * 1024
"""Bytes that are compressed together: handing fewer to another thread costs more than that saves."""

_WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the earliest that one can have."""


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was written.

    ``missing``: what it does not prove, a sentence each; none: it is proven to be complete.
    """

    head: str
    missing: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


class Pack:
    """The evidence of one period of one tenant.

    ``named`` is ``None`` where no names are wanted, or nobody can be asked.
    """

    def __init__(
        self,
        database: Database,
        tenant_id: str,
        period: Period,
        *,
        named: Naming | None = None,
        not_found_out: Sequence[str] = (),
    ) -> None:
        """``not_found_out``: what could not be looked up just now, a sentence each."""
        self._database = database
        self._tenant_id = tenant_id
        self._period = period
        self._span = Span(period.first.isoformat(), (period.last + timedelta(days=1)).isoformat())
        self._not_found_out = not_found_out
        self._register = Register(self._span.end)
        self._head, self._last, self._last_at = FIRST, 0, ""
        self._people = _People(named)

    def write(self, file: IO[bytes]) -> Made:
        """Write the zip. Raises ``OSError`` and ``Unreachable``; what was written until then is none."""
        with ExitStack() as opened, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            pack, self._facts = _Target(target), opened.enter_context(spooled_facts())
            kept, verdict = self._events(pack)
            building = Building(self._facts, self._register, self._span, self._people.shown)
            # on disk, so that memory stays flat until what stands above them is known
            rows = {name: opened.enter_context(TemporaryFile()) for name in OF_CHANGES}
            missing = self._missing(verdict, list(self._rows(building, rows)))
            manifest = self._manifest(missing)
            for name, lines in kept.items():
                pack.add(name, lines)
            for name, written in rows.items():
                pack.add(
                    name, building.begin(name, manifest), _blocks(written), building.end(name, self._last)
                )
            for name, made in building.beside_changes(self._last):
                pack.add(name, made)
            self._beside(pack, manifest)
            manifest["files"] = pack.hashes
            pack.add(MANIFEST, [manifest_text(manifest)])
        return Made(manifest["head"], tuple(missing))

    def _events(self, pack: "_Target") -> tuple[dict[str, list[bytes]], Verdict]:
        """Write the events, keep what else is needed of them, and judge the whole record on the way."""
        kept: dict[str, list[bytes]] = {name: [] for name in KEPT_EVENTS}
        check, up_to = Check(self._database, self._tenant_id), self._up_to()

        def lines() -> Iterator[bytes]:
            for stored in check.events():
                if isinstance(stored.seq, int) and stored.seq <= up_to:
                    at = spelled_at(stored.at)
                    line = line_of(stored, check.hashed, self._tenant_id)
                    self._register.pass_by(at)
                    self._last, self._last_at, self._head = stored.seq, at, stored.hash
                    if stored.kind in _PARSED or _is_odd(stored):
                        self._take(line)
                    if stored.kind in _KEPT:
                        kept[_KEPT[stored.kind]].append(line)
                    yield line

        pack.add(EVENTS, lines())
        return kept, check.verdict()

    def _take(self, line: bytes) -> None:
        event = _parsed(line)
        if event is not None and self._facts.take(event):
            self._register.take(event)

    def _up_to(self) -> int:
        """Return the period's last event, or a newer one about its days: audit rows come late."""
        last = last_before(self._database, self._tenant_id, self._period.ends)
        later = events_of_kinds(self._database, self._tenant_id, last, STATEMENTS) if last else ()
        mine = [
            int(text_of(event["seq"])) for event in later if _is_about(event["payload"], self._span, last)
        ]
        return mine[-1] if mine else last

    def _rows(self, building: Building, rows: dict[str, Any]) -> Iterator[str]:
        """Write the rows of every change of the period; yields what is not proven of each."""
        told = told_changes(self._database, self._tenant_id, self._last)
        for change in (change for change in told if change.within(self._span.first, self._span.end)):
            missing = list(missing_of_change(change, self._facts))
            for name, line in building.of_change(change, missing):
                rows[name].write(line.encode("utf-8", "surrogateescape"))
            self._people.meet(change)
            yield from missing

    def _missing(self, verdict: Verdict, of_changes: Sequence[str]) -> list[str]:
        posted = [int(head["seq"]) for head in self._facts.heads if type(head.get("seq")) is int]
        hashes = hashes_of(self._database, self._tenant_id, posted)
        unsound = (
            [] if verdict.ok or verdict.problem is None else [f"The record is not sound: {verdict.problem}"]
        )
        if not self._last:
            unsound.append("The record began after the period: it holds no event of it.")
        return [
            *unsound,
            *of_changes,
            *missing_of_facts(self._facts, self._span, self._last_at, hashes),
            *self._not_found_out,
        ]

    def _manifest(self, missing: Sequence[str]) -> dict[str, Any]:
        return {
            "tenant": self._tenant_id, "from": self._period.first.isoformat(),
            "to": self._period.last.isoformat(), "head": f"{self._last}:{self._head}", "proven": not missing,
            "missing": list(missing), "files": {}, "lines": {},
        }  # fmt: skip

    def _beside(self, pack: "_Target", manifest: dict[str, Any]) -> None:
        """Write the names, each line hashed as they follow from no event, the time stamps and the checker."""
        if self._people.asked:
            lines = [csv_line(PEOPLE), *map(csv_line, self._people.rows())]
            manifest["lines"]["people.csv"] = [line_hash(line) for line in lines]
            pack.add("people.csv", lines)
        for name, content in stamp_files(self._facts, self._span):
            pack.add(name, [content])
        pack.add(PROGRAM, [program()])


def _is_odd(stored: Stored) -> bool:
    """Tell whether an event is about a number that no change has, or about none where the bot names one."""
    if stored.request_id is None:
        return stored.kind in NAMING
    return not is_about_change(stored.request_id)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Parse an event; ``None`` where it was altered so that it says nothing, of which the verdict tells."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event["payload"], dict) else None


def _blocks(written: IO[bytes]) -> Iterator[bytes]:
    written.seek(0)
    return iter(lambda: written.read(_BLOCK), b"")


class _People:
    """The people of a pack, each looked up once."""

    def __init__(self, named: Naming | None) -> None:
        self._named = named
        self._known: dict[str, str] = {}

    @property
    def asked(self) -> bool:
        """Whether names are wanted, and any was told."""
        return self._named is not None and any(self._known.values())

    def name(self, person: str) -> str:
        """Return the name; empty where it is not known."""
        if self._named is None:
            return ""
        if person not in self._known:
            self._known[person] = self._named(person) if person[:1] in ("U", "W") and person.isalnum() else ""
        return self._known[person]

    def shown(self, person: str) -> str:
        """Return the name and the id, or the bare id."""
        name = self.name(person)
        return f"{name} ({person})" if name else person

    def meet(self, change: Change) -> None:
        """Look up whoever has a part in a change."""
        for person in (text_of(change.opened.get("requester_id")), *(vote.person for vote in change.votes)):
            if person:
                self.name(person)

    def rows(self) -> list[list[str]]:
        """Return id and name of everybody, by id; people who are not in Slack have none."""
        return [
            [person, name] for person, name in sorted(self._known.items()) if name or person[:1] in ("U", "W")
        ]


class _Target:
    """The zip that is being written, and the hash of each file in it."""

    def __init__(self, target: zipfile.ZipFile) -> None:
        self._target = target
        self.hashes: dict[str, str] = {}

    def add(self, name: str, *parts: Iterable[str] | Iterable[bytes]) -> None:
        """Write one file as it comes, part by part: a block is compressed while the next one is made."""
        info = zipfile.ZipInfo(name, date_time=_WHEN)
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
        digest = hashlib.sha256()

        def put(block: bytes) -> None:
            digest.update(block)
            file.write(block)

        with self._target.open(info, "w", force_zip64=True) as file, ThreadPoolExecutor(1) as beside:
            under_way = beside.submit(put, b"")
            for block in _gathered(parts):
                under_way.result()
                under_way = beside.submit(put, block)
            under_way.result()
        self.hashes[name] = digest.hexdigest()


def _gathered(parts: Iterable[Iterable[str] | Iterable[bytes]]) -> Iterator[bytes]:
    gathered = bytearray()
    for part in parts:
        for piece in part:
            gathered += piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape")
            if len(gathered) >= _BLOCK:
                yield bytes(gathered)
                gathered.clear()
    yield bytes(gathered)


def _is_about(said: Any, span: Span, last: int) -> bool:
    """Tell whether a later statement is about the period: its days, a search in it, or its head."""
    if "day" in said:
        return span.holds_day(text_of(said["day"]))
    if "until" in said:
        return text_of(said.get("from")) < span.end and text_of(said["until"]) > span.first
    return isinstance(said.get("seq"), int) and 0 < said["seq"] <= last
