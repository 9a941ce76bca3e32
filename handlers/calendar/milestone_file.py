"""Read a milestones file: YAML in, milestones out, every mistake named with its line. Pure.

It must never guess: an unknown field, a date of another precision or a reference to nothing is a mistake, not
a default.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from handlers.calendar.milestone import (
    MILESTONE_CLOUDS,
    MILESTONE_PROTOCOLS,
    Milestone,
    MilestoneKind,
    Precision,
    Source,
    span,
)
from handlers.calendar.yaml_lines import WrongFile, read


class WrongMilestones(WrongFile):
    """The milestones cannot be taken."""


@dataclass(frozen=True, slots=True)
class MilestoneFile:
    """Hold a file as written: when it was checked, its newest source, and its entries with lines."""

    verified_on: date
    newest_source: str
    milestones: tuple[Milestone, ...]
    lines: Mapping[str, int]


def _matching(pattern: str, why: str) -> AfterValidator:
    """Take a text that ``pattern`` describes as a whole."""

    def judge(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(why)
        return text

    return AfterValidator(judge)


def _known(names: Collection[str]) -> AfterValidator:
    def judge(found: tuple[str, ...]) -> tuple[str, ...]:
        if not set(found) <= set(names):
            raise ValueError(f"expected a list of {', '.join(sorted(names))}")
        return found

    return AfterValidator(judge)


def _day(text: str | None) -> date:
    if text is None:
        raise ValueError("must not be null")
    try:
        return span(text, Precision.DAY)[0]
    except ValueError:
        raise ValueError("expected a day such as 2026-08-01") from None


def _newest(text: str) -> str:
    if not any(_is_dated(text, precision) for precision in (Precision.MONTH, Precision.DAY)):
        raise ValueError("expected a month such as 2026-09, or a day")
    return text


def _is_dated(stated: str, precision: Precision) -> bool:
    try:
        span(stated, precision)
    except ValueError:
        return False
    return True


Text = Annotated[str, StringConstraints(min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]
Id = Annotated[
    Text, _matching(r"[a-z0-9]+(-[a-z0-9]+)*", "expected small letters, digits and single hyphens")
]
Names = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Strict(BaseModel):
    """Every field has to be known, and what may be null has to be written as null."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    title: Text
    url: Annotated[Text, _matching(r"https?://.*", "expected an address that begins with https://")] | None


class _Entry(_Strict):
    id: Id
    kind: MilestoneKind
    stated: Annotated[Text | None, Field(alias="date")]
    precision: Precision | None
    display: Text
    protocols: Annotated[Names, _known(MILESTONE_PROTOCOLS)]
    clouds: Annotated[Names, _known(MILESTONE_CLOUDS)]
    effect: Text
    message_center_id: Annotated[Text, _matching(r"MC\d+", "expected MC and digits, or null")] | None
    sources: Annotated[list[_Source], Field(min_length=1)]
    superseded_by: Text | None
    confidence: Literal["H", "M", "L"]
    until: Day | None = None
    part: Literal["end"] | None = None
    announced_by: Text | None = None
    note: Text | None = None
    tenants: Literal["new"] | None = None

    @field_validator("precision")
    @classmethod
    def _fits_the_date(cls, precision: Precision | None, info: ValidationInfo) -> Precision | None:
        stated = info.data.get("stated")
        if "stated" in info.data and (stated is None) != (precision is None):
            raise ValueError("date and precision are both null, or neither is")
        if stated is not None and precision is not None and not _is_dated(stated, precision):
            raise ValueError(f"the date is not of precision {precision}")
        return precision

    @field_validator("until")
    @classmethod
    def _comes_after_the_date(cls, until: date | None, info: ValidationInfo) -> date | None:
        stated, precision = info.data.get("stated"), info.data.get("precision")
        if until is not None and "precision" in info.data and stated is None:
            raise ValueError("without a date there is neither until nor part")
        if (
            until is not None
            and stated is not None
            and precision is not None
            and until < span(stated, precision)[0]
        ):
            raise ValueError("lies before the date")
        return until

    @field_validator("part")
    @classmethod
    def _is_of_a_span(cls, part: str | None, info: ValidationInfo) -> str | None:
        if part is not None and info.data.get("precision") in {None, Precision.DAY}:
            raise ValueError("is either absent or `end`, and only for a month or a half")
        return part

    def milestone(self) -> Milestone:
        """Return the entry as the calendar knows it."""
        sources = tuple(Source(title=source.title, url=source.url) for source in self.sources)
        return Milestone(sources=sources, **self.model_dump(exclude={"sources"}))


class _File(_Strict):
    # The only form of the file so far.
    schema_: Annotated[Literal["1"], Field(alias="schema")]
    verified_on: Day
    newest_source: Annotated[Text, AfterValidator(_newest)]
    milestones: Annotated[list[_Entry], Field(min_length=1)]


def read_file(text: str) -> MilestoneFile:
    """Read a milestones file.

    Raises ``WrongMilestones`` with every mistake; references between entries are not checked here.
    """
    try:
        file, lines = read(_File, text)
    except WrongFile as wrong:
        raise WrongMilestones(wrong.mistakes) from None
    milestones = tuple(entry.milestone() for entry in file.milestones)
    by_id = {
        milestone.id: lines["milestones", index] for index, milestone in reversed(list(enumerate(milestones)))
    }
    twins = _twins(milestones, by_id)
    if twins:
        raise WrongMilestones(twins)
    return MilestoneFile(file.verified_on, file.newest_source, milestones, by_id)


def unlinked(milestones: Collection[Milestone], lines: Mapping[str, int] | None = None) -> list[str]:
    """Return a sentence for each reference to nothing, and for entries that supersede in a circle."""
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


def _twins(milestones: Iterable[Milestone], lines: Mapping[str, int]) -> list[str]:
    counted = Counter(milestone.id for milestone in milestones)
    return [
        f"{_where(name, lines)}: the id {name} is given {count} times"
        for name, count in counted.items()
        if count > 1
    ]


def _circles(milestone: Milestone, by_id: Mapping[str, Milestone]) -> bool:
    seen, at = {milestone.id}, by_id.get(milestone.superseded_by or "")
    while at is not None and at.id not in seen:
        seen.add(at.id)
        at = by_id.get(at.superseded_by or "")
    return at is not None and at.id == milestone.id


def _where(name: str, lines: Mapping[str, int] | None) -> str:
    return f"line {lines[name]}" if lines and name in lines else name
