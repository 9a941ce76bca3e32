"""Check an unpacked pack or its zip; name file and line of whatever the bot did not write."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from handlers.evidence.proof.cells import csv_line, text_of
from handlers.evidence.proof.change import Change
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.hash_chain import FIRST, Event, flaw_of
from handlers.evidence.proof.manifest import (
    EVENTS,
    MANIFEST,
    PROGRAM,
    is_manifest,
    line_hash,
    manifest_text,
    span_of,
)
from handlers.evidence.proof.missing import missing_of_change, missing_of_facts
from handlers.evidence.proof.opened_pack import Flaw, Pack, visible
from handlers.evidence.proof.readable_events import is_about_change
from handlers.evidence.proof.register import Register
from handlers.evidence.proof.tables import PEOPLE, stamp_files
from handlers.evidence.proof.text_files import (
    KEPT_EVENTS,
    OF_CHANGES,
    TOLD_BESIDE,
    Building,
    event_line,
    names_from,
)


class Checker:
    """One check of one pack; ``flaws`` finds everything that is wrong, file by file."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._facts = Facts()
        self._register = Register("")
        self._changes: dict[int, Change] = {}
        self._kept: dict[str, list[str]] = {name: [] for name in KEPT_EVENTS}
        self._hashes: dict[int, str] = {}
        self._missing: list[str] = []
        self._last: Event = {"seq": 0, "hash": FIRST, "at": ""}

    def flaws(self) -> Iterator[Flaw]:
        """Yield everything that is not as it was written; the first of each file."""
        try:
            manifest = self._manifest()
            self._register = Register(span_of(manifest).end)
            yield from self._pack.around()
            yield from self._files(manifest)
            self._events(manifest)
            known = {MANIFEST, EVENTS, PROGRAM, *TOLD_BESIDE, *KEPT_EVENTS}
            for name, lines in self._expected(manifest):
                known.add(name)
                yield from self._compared(name, lines)
            for name, lines in self._kept.items():
                yield from self._compared(name, lines)
            yield from self._beside(manifest)
            yield from self._stamps(manifest)
            yield from self._strangers(known, manifest)
            yield from self._verdict(manifest)
        except Flaw as flaw:
            yield flaw

    @property
    def checked(self) -> str:
        """The head that was reached."""
        return f"{self._last['seq']}:{self._last['hash']}"

    def _manifest(self) -> dict[str, Any]:
        wrong = Flaw(MANIFEST, 1, "this is no manifest of a pack")
        try:
            manifest: dict[str, Any] = json.loads(self._pack.read(MANIFEST))
            if not is_manifest(manifest):
                raise wrong
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            raise wrong from None
        if manifest_text(manifest).encode() != self._pack.read(MANIFEST):
            raise Flaw(
                MANIFEST,
                self._line_of_difference(manifest_text(manifest)),
                "it is not spelled as it was written",
            )
        return manifest

    def _line_of_difference(self, text: str) -> int:
        there = self._pack.read(MANIFEST).decode("utf-8", "replace").split("\n")
        return first_difference(there, text.split("\n"))

    def _files(self, manifest: dict[str, Any]) -> Iterator[Flaw]:
        """Whether each file has the hash that the manifest names, and none is missing or too many."""
        listed, there = manifest["files"], self._pack.names()
        for name in sorted(there - set(listed) - {MANIFEST}):
            yield Flaw(name, 1, "no such file belongs to the pack")
        for name in sorted(listed):
            if name not in there:
                yield Flaw(name, 1, "the file is missing")
            elif name == PROGRAM and hashlib.sha256(self._pack.read(name)).hexdigest() != listed[name]:
                yield Flaw(name, 1, "it is not the program that the manifest names")

    def _events(self, manifest: dict[str, Any]) -> None:
        """Follow the chain; nothing else means anything where it does not hold. Raises ``Flaw``."""
        for number, line in enumerate(self._pack.lines(EVENTS), 1):
            why, event = flaw_of(f"{line}\n", self._last["seq"], self._last["hash"])
            if event is None or why:
                raise Flaw(EVENTS, number, why)
            if event["tenant"] != manifest["tenant"]:
                raise Flaw(EVENTS, number, "it is the event of another tenant")
            self._take(event)
        if self.checked != manifest["head"]:
            raise Flaw(
                EVENTS,
                self._last["seq"] or 1,
                f"it ends with {self.checked}, but the manifest names {manifest['head']}",
            )

    def _take(self, event: Event) -> None:
        self._last = event
        self._hashes[event["seq"]] = event["hash"]
        self._register.pass_by(text_of(event["at"]))
        if self._facts.take(event):
            self._register.take(event)
        for name, kind in KEPT_EVENTS.items():
            if event["kind"] == kind:
                self._kept[name].append(event_line(event))
        if is_about_change(event["request"]):
            self._changes.setdefault(event["request"], Change(event["request"])).take(event)

    def _expected(self, manifest: dict[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
        """Name and lines of every file that follows from the events."""
        span = span_of(manifest)
        named = names_from(self._people()[1:] if "people.csv" in manifest["files"] else [])
        building, last = Building(self._facts, self._register, span, named), self._last["seq"]
        rows: dict[str, list[str]] = {name: [] for name in OF_CHANGES}
        for change in (self._changes[number] for number in sorted(self._changes)):
            if not change.within(span.first, span.end):
                continue
            missing = list(missing_of_change(change, self._facts))
            self._missing += missing
            for name, line in building.of_change(change, missing):
                rows[name].append(line)
        for name in OF_CHANGES:
            yield name, [*building.begin(name, manifest), *rows[name], *building.end(name, last)]
        yield from building.beside_changes(last)

    def _compared(self, name: str, expected: Iterable[str]) -> Iterator[Flaw]:
        """The first line of a file that is not what the events say."""
        there = self._pack.lines(name)
        number = 0
        for number, line in enumerate(("".join(expected)).split("\n")[:-1], 1):
            if number > len(there):
                yield Flaw(name, number, "the rest of the file is missing")
                return
            if there[number - 1] != line:
                yield Flaw(name, number, "it is not what the events say")
                return
        if len(there) > number:
            yield Flaw(name, number + 1, "there is more than the events say")

    def _people(self) -> list[list[str]]:
        """The rows of ``people.csv``; none where it is no table."""
        try:
            return list(csv.reader(f"{line}\n" for line in self._pack.lines("people.csv")))
        except csv.Error:
            return []

    def _beside(self, manifest: dict[str, Any]) -> Iterator[Flaw]:
        """What follows from no event has a hash of each line in the manifest, and one spelling."""
        for name in TOLD_BESIDE:
            if name not in manifest["files"]:
                continue
            there = self._pack.lines(name)
            number = first_difference(manifest["lines"][name], [line_hash(f"{line}\n") for line in there])
            rows = self._people()
            cells = [[cell.removeprefix("'") for cell in row] for row in (rows[:1] + sorted(rows[1:]))]
            spelled = [csv_line(PEOPLE), *map(csv_line, cells[1:])]
            number = number or first_difference([line[:-1] for line in spelled], there)
            if number:
                yield Flaw(name, number, "it is not what the bot wrote")

    def _stamps(self, manifest: dict[str, Any]) -> Iterator[Flaw]:
        expected = dict(stamp_files(self._facts, span_of(manifest)))
        for name in sorted(
            name for name in {*expected, *manifest["files"]} if name.startswith("timestamps/")
        ):
            if name not in expected:
                yield Flaw(name, 1, "no event holds such a time stamp")
            elif self._pack.read(name) != expected[name]:
                yield Flaw(name, 1, "it is not what the events hold")
            elif (
                name.endswith(".tsr")
                and hashlib.sha256(expected[name[:-4] + ".txt"]).digest() not in expected[name]
            ):
                yield Flaw(name, 1, "it is the time stamp of something else")

    def _strangers(self, known: set[str], manifest: dict[str, Any]) -> Iterator[Flaw]:
        """Files that no pack has, though the manifest names them."""
        for name in sorted(set(manifest["files"]) - known):
            if not name.startswith("timestamps/"):
                yield Flaw(name, 1, "no such file belongs to a pack")

    def _verdict(self, manifest: dict[str, Any]) -> Iterator[Flaw]:
        """Whether the manifest says all that is missing, and names the right hashes."""
        span, text = span_of(manifest), manifest_text(manifest).split("\n")
        of_facts = missing_of_facts(self._facts, span, text_of(self._last["at"]), self._hashes)
        for gap in [*self._missing, *of_facts]:
            if gap not in manifest["missing"]:
                yield Flaw(MANIFEST, _line_with(text, '"missing"'), f"it does not say: {gap}")
        if manifest["proven"] is not (not manifest["missing"]):
            yield Flaw(MANIFEST, _line_with(text, '"proven"'), "it contradicts what is missing")
        for name, digest in manifest["files"].items():
            if (
                name in self._pack.names()
                and name != PROGRAM
                and hashlib.sha256(self._pack.read(name)).hexdigest() != digest
            ):
                yield Flaw(
                    MANIFEST, _line_with(text, json.dumps(name) + ': "'), f"the hash of {name} is another one"
                )


def _line_with(lines: Sequence[str], part: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if part in line), 1)


def first_difference(one: Sequence[str], two: Sequence[str]) -> int:
    """Return the number of the first line that differs, from 1; 0 where none does."""
    shared = min(len(one), len(two))
    return next(
        (number + 1 for number in range(shared) if one[number] != two[number]),
        0 if len(one) == len(two) else shared + 1,
    )


def main(arguments: Sequence[str]) -> int:
    """Check the pack that is named, else the one in which this program lies; 0 when it is sound, else 1."""
    place = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    try:
        pack = Pack(place)
        checker = Checker(pack)
        flaws = [*checker.flaws(), *_another_program(pack)]
    except (OSError, zipfile.BadZipFile):
        sys.stdout.write(f"{visible(str(place))}: this is no pack that can be read\n")
        return 1
    for flaw in flaws:
        sys.stdout.write(f"{flaw}\n")
    if not flaws:
        sys.stdout.write(
            f"The pack is sound: every table follows from its events, up to {checker.checked}.\n"
        )
        sys.stdout.write(
            "Compare that head with one posted in Slack, or with a time stamp; heads.csv says where they "
            "are.\n"
        )
    return 1 if flaws else 0


def _another_program(pack: Pack) -> Iterator[Flaw]:
    """Whether the pack carries the program that runs here, which is all that a manifest cannot prove."""
    mine = Path(__file__).read_bytes().decode("utf-8").split("\n")
    try:
        line = first_difference(mine, pack.read(PROGRAM).decode("utf-8", "replace").split("\n"))
    except Flaw:
        return  # told already
    if line:
        yield Flaw(PROGRAM, line, "it is not the program that checks here: altered, or of another version")
