"""Reads a milestones file: YAML in, milestones out, every mistake named with its line, pure.

It must never guess: an unknown field, a date of another precision or a reference to nothing is a mistake, not a default.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from handlers.milestone import MILESTONE_CLOUDS, MILESTONE_PROTOCOLS, Milestone, MilestoneKind, Precision, Source, span

SCHEMA = "1"

_REQUIRED = (
    "id", "kind", "date", "precision", "display", "protocols", "clouds", "effect", "message_center_id", "sources",
    "superseded_by", "confidence",
)  # fmt: skip
_OPTIONAL = ("until", "part", "announced_by", "note", "tenants")
_NULL = "tag:yaml.org,2002:null"

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same language, read by libyaml where PyYAML has it: every start of the bot reads the packaged file."""

_Word = TypeVar("_Word", bound=StrEnum)


class WrongMilestones(Exception):
    """The milestones cannot be taken; ``mistakes`` holds one sentence each, beginning with the line where it has one."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True, slots=True)
class MilestoneFile:
    """A whole file as written: when it was last checked, against how new a source, and its entries with their lines."""

    verified_on: date
    newest_source: str
    milestones: tuple[Milestone, ...]
    lines: Mapping[str, int]


def read(text: str) -> MilestoneFile:
    """Read a milestones file. Raises ``WrongMilestones`` with every mistake; references between entries are not checked here."""
    root = _root(text)
    top = _Mapping(root, ("schema", "verified_on", "newest_source", "milestones"), ())
    if top.text("schema") not in {SCHEMA, ""}:
        top.wrong("schema", f"only schema {SCHEMA} is understood")
    checked, newest = top.day("verified_on"), top.newest("newest_source")
    if checked is None and not top.mistakes:
        top.wrong("verified_on", "must not be null")
    entries = [_Mapping(node, _REQUIRED, _OPTIONAL) for node in top.items("milestones")]
    milestones = [_milestone(entry) for entry in entries]
    lines = {milestone.id: entry.line for milestone, entry in zip(milestones, entries, strict=True)}
    mistakes = [*top.mistakes, *(mistake for entry in entries for mistake in entry.mistakes), *_twins(milestones, lines)]
    if mistakes or checked is None:
        raise WrongMilestones(mistakes)
    return MilestoneFile(checked, newest, tuple(milestones), lines)


def unlinked(milestones: Collection[Milestone], lines: Mapping[str, int] | None = None) -> list[str]:
    """Sentences for references to nothing and for entries that supersede each other in a circle."""
    by_id = {milestone.id: milestone for milestone in milestones}
    found = []
    for milestone in milestones:
        for field in ("superseded_by", "announced_by"):
            target = getattr(milestone, field)
            if target is not None and target not in by_id:
                found.append(f"{_where(milestone.id, lines)}: {field} names {target}, which does not exist")
        if _circles(milestone, by_id):
            found.append(f"{_where(milestone.id, lines)}: superseded_by leads back to itself")
    return found


def _root(text: str) -> Node:
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        raise WrongMilestones([f"line {line}: not readable as YAML: {broken.problem or broken.context}"]) from None
    except yaml.YAMLError as broken:
        raise WrongMilestones([f"line 1: not readable as YAML: {str(broken).splitlines()[0]}"]) from None
    if root is None:
        raise WrongMilestones(["line 1: the file is empty"])
    return root


class _Mapping:
    """One YAML mapping, read field by field; what is wrong is collected with its line and read as empty."""

    def __init__(self, node: Node, required: Collection[str], optional: Collection[str]) -> None:
        self.line = node.start_mark.line + 1
        self.mistakes: list[str] = []
        self._fields: dict[str, Node] = {}
        if not isinstance(node, MappingNode):
            self.mistakes.append(f"line {self.line}: expected fields with values")
            return
        for key, value in node.value:
            self._take(key, value, {*required, *optional})
        missing = [name for name in required if name not in self._fields]
        if missing:
            self.mistakes.append(f"line {self.line}: missing: {', '.join(missing)}")

    def wrong(self, name: str, why: str) -> None:
        """Note a mistake at the line of a field."""
        node = self._fields.get(name)
        self.mistakes.append(f"line {node.start_mark.line + 1 if node else self.line}: {name}: {why}")

    def maybe(self, name: str) -> str | None:
        """A text or null; what is missing altogether is reported once, elsewhere."""
        node = self._fields.get(name)
        if node is None or (isinstance(node, ScalarNode) and node.tag == _NULL):
            return None
        if isinstance(node, ScalarNode) and node.value.strip():
            return str(node.value).strip()
        self.wrong(name, "expected a text")
        return None

    def text(self, name: str) -> str:
        """A text that has to be there."""
        before = len(self.mistakes)
        value = self.maybe(name)
        if value is None and name in self._fields and len(self.mistakes) == before:
            self.wrong(name, "must not be null")
        return value or ""

    def word(self, name: str, words: type[_Word], *, nullable: bool = False) -> _Word | None:
        """One of the words of an enumeration."""
        value = self.maybe(name) if nullable else self.text(name)
        if not value:
            return None
        if value not in set(words):
            self.wrong(name, f"expected one of {', '.join(words)}")
            return None
        return words(value)

    def day(self, name: str) -> date | None:
        """A day such as ``2026-08-01``."""
        value = self.maybe(name)
        if value is None:
            return None
        try:
            return span(value, Precision.DAY)[0]
        except ValueError:
            self.wrong(name, "expected a day such as 2026-08-01")
            return None

    def newest(self, name: str) -> str:
        """A month or a day."""
        value = self.text(name)
        if value and not any(_is_dated(value, precision) for precision in (Precision.MONTH, Precision.DAY)):
            self.wrong(name, "expected a month such as 2026-09, or a day")
        return value

    def items(self, name: str) -> list[Node]:
        """The members of a list that must not be empty."""
        node = self._fields.get(name)
        if isinstance(node, SequenceNode) and node.value:
            return list(node.value)
        if node is not None:
            self.wrong(name, "expected a list with at least one entry")
        return []

    def names(self, name: str, known: Collection[str]) -> tuple[str, ...]:
        """A list of known names."""
        found = [node.value if isinstance(node, ScalarNode) else "" for node in self.items(name)]
        if not set(found) <= set(known):
            self.wrong(name, f"expected a list of {', '.join(sorted(known))}")
        return tuple(found)

    def _take(self, key: Node, value: Node, known: Collection[str]) -> None:
        name, line = str(key.value), key.start_mark.line + 1
        if name not in known:
            self.mistakes.append(f"line {line}: unknown field {name}")
        elif name in self._fields:
            self.mistakes.append(f"line {line}: {name} is given twice")
        self._fields[name] = value


def _milestone(entry: _Mapping) -> Milestone:
    milestone = Milestone(
        id=entry.text("id"),
        kind=entry.word("kind", MilestoneKind) or MilestoneKind.ANNOUNCEMENT,
        stated=entry.maybe("date"),
        precision=entry.word("precision", Precision, nullable=True),
        display=entry.text("display"),
        protocols=entry.names("protocols", MILESTONE_PROTOCOLS),
        clouds=entry.names("clouds", MILESTONE_CLOUDS),
        effect=entry.text("effect"),
        message_center_id=entry.maybe("message_center_id"),
        sources=tuple(_source(node, entry) for node in entry.items("sources")),
        superseded_by=entry.maybe("superseded_by"),
        confidence=entry.text("confidence"),
        until=entry.day("until"),
        part=entry.maybe("part"),
        announced_by=entry.maybe("announced_by"),
        note=entry.maybe("note"),
        tenants=entry.maybe("tenants"),
    )
    _check_dates(milestone, entry)
    _check_words(milestone, entry)
    return milestone


def _source(node: Node, entry: _Mapping) -> Source:
    source = _Mapping(node, ("title", "url"), ())
    found = Source(title=source.text("title"), url=source.maybe("url"))
    if found.url is not None and not found.url.startswith(("https://", "http://")):
        source.wrong("url", "expected an address that begins with https://")
    entry.mistakes += source.mistakes
    return found


def _check_dates(milestone: Milestone, entry: _Mapping) -> None:
    stated, precision = milestone.stated, milestone.precision
    if stated is None or precision is None:
        if (stated is None) != (precision is None):
            entry.wrong("date", "date and precision are both null, or neither is")
        if milestone.until is not None or milestone.part is not None:
            entry.wrong("date", "without a date there is neither until nor part")
        return
    if not _is_dated(stated, precision):
        entry.wrong("date", f"is not of precision {precision}")
    elif milestone.until is not None and milestone.until < span(stated, precision)[0]:
        entry.wrong("until", "lies before the date")
    if milestone.part is not None and (milestone.part != "end" or precision is Precision.DAY):
        entry.wrong("part", "is either absent or `end`, and only for a month or a half")


def _check_words(milestone: Milestone, entry: _Mapping) -> None:
    if milestone.id and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", milestone.id):
        entry.wrong("id", "expected small letters, digits and single hyphens")
    if milestone.tenants not in {"new", None}:
        entry.wrong("tenants", "is either absent or `new`")
    if milestone.confidence not in {"H", "M", "L", ""}:
        entry.wrong("confidence", "expected H, M or L")
    if milestone.message_center_id is not None and not re.fullmatch(r"MC\d+", milestone.message_center_id):
        entry.wrong("message_center_id", "expected MC and digits, or null")


def _is_dated(stated: str, precision: Precision) -> bool:
    try:
        span(stated, precision)
    except ValueError:
        return False
    return True


def _twins(milestones: Iterable[Milestone], lines: Mapping[str, int]) -> list[str]:
    counted = Counter(milestone.id for milestone in milestones if milestone.id)
    return [f"{_where(name, lines)}: the id {name} is given {count} times" for name, count in counted.items() if count > 1]


def _circles(milestone: Milestone, by_id: Mapping[str, Milestone]) -> bool:
    seen, at = {milestone.id}, by_id.get(milestone.superseded_by or "")
    while at is not None and at.id not in seen:
        seen.add(at.id)
        at = by_id.get(at.superseded_by or "")
    return at is not None and at.id == milestone.id


def _where(name: str, lines: Mapping[str, int] | None) -> str:
    return f"line {lines[name]}" if lines and name in lines else name
