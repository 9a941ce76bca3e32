"""Judge a list with our own columns: each row a proposed entry, or one sentence why not. Pure.

The columns are the keys of ``devices --json``, so what ``devices --csv`` writes can be read again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.policy.forms import WrongForm
from handlers.policy.rule import Rule
from handlers.register.commands import DEVICE, DUE, OWNER, PLAN, PROTOCOL, REASON, SENDER, SITE, AddDevice
from handlers.register.files.columns import STATE
from handlers.register.files.decoding import NotRead
from handlers.register.files.parsed_file import Skipped
from handlers.register.forms import judge_device
from storage.devices.records import ENDED, NewDevice
from storage.record.spreadsheet_cells import as_stored
from storage.register import fingerprint

MOST = 500
"""Rows of one list; they are put on the register in one transaction."""

MOST_OWNERS = 50
"""Owners in one list: each is looked up at Slack, which takes so many look-ups a minute."""

FIELDS = (DEVICE, SENDER, SITE, OWNER, PROTOCOL, REASON, PLAN, DUE)
NEEDED = tuple(field for field in FIELDS if field != SITE)

NO_OWNER_ID = "this is no id of Slack's, such as U024BE7LH (in Slack: the profile, then Copy member ID)"
"""People are told apart by their ids: names are not unique, and anybody may take another one."""


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one row that can be proposed, with its number in the file."""

    number: int
    command: AddDevice


@dataclass(frozen=True, slots=True)
class Judged:
    """Hold a judged list: what can be proposed, what is wrong, how many rows say they ended."""

    rows: tuple[Row, ...]
    wrong: tuple[Skipped, ...]
    ended: int

    @property
    def owners(self) -> tuple[str, ...]:
        """Return whoever is to answer for any of it, each once, in the order of the file."""
        return tuple(dict.fromkeys(row.command.owner for row in self.rows))


def judge_list(listed: Sequence[Mapping[str, str]], *, rule: Rule, now: datetime, zone: ZoneInfo) -> Judged:
    """Judge every row. Raises ``NotRead`` for a list that is too long, or lacks a column."""
    if len(listed) > MOST:
        raise NotRead(f"This list has {len(listed):,} rows; at most {MOST} are read. Split it.")
    lacking = [field for field in NEEDED if not any(field in row for row in listed)]
    if lacking:
        raise NotRead(f"This list of devices lacks the column {' and the column '.join(lacking)}.")
    standing = [row for row in listed if row.get(STATE, "").casefold() not in ENDED]
    found = [_judged(told, rule=rule, now=now, zone=zone) for told in standing]
    rows = [one for one in found if isinstance(one, Row)]
    wrong = [one for one in found if isinstance(one, Skipped)]
    twice = _twice(rows)
    judged = Judged(
        tuple(rows), tuple(sorted([*wrong, *twice], key=lambda one: one.row)), len(listed) - len(standing)
    )
    if len(judged.owners) > MOST_OWNERS:
        raise NotRead(
            f"This list names {len(judged.owners)} owners; at most {MOST_OWNERS} are looked up. Split it."
        )
    return judged


def judge_owners(judged: Judged, problem: Callable[[str], str]) -> Judged:
    """Add what is wrong with owners; ``problem`` says it of one, empty where nothing is."""
    problems = {owner: problem(owner) for owner in judged.owners}
    wrong = [
        Skipped(row.number, f"owner: {said}") for row in judged.rows if (said := problems[row.command.owner])
    ]
    return replace(judged, wrong=tuple(sorted([*judged.wrong, *wrong], key=lambda one: one.row)))


def new_device(command: AddDevice) -> NewDevice:
    """Return what the ledger keeps of a device that is put on the register."""
    return NewDevice(
        device=command.device,
        sender=command.sender,
        site=command.site,
        protocol=command.protocol,
        reason=command.reason,
        plan=command.plan,
        owner_id=command.owner,
        due=command.due,
    )


def _judged(told: Mapping[str, str], *, rule: Rule, now: datetime, zone: ZoneInfo) -> "Row | Skipped":
    number, cells = int(told["row"]), {field: as_stored(told.get(field, "")).strip() for field in FIELDS}
    cells |= {OWNER: _person(cells[OWNER]), PROTOCOL: cells[PROTOCOL].lower()}
    errors = {} if not cells[OWNER] or _is_person(cells[OWNER]) else {OWNER: NO_OWNER_ID}
    try:
        command = judge_device(**cells, rule=rule, now=now, zone=zone)
    except WrongForm as wrong:
        return _skipped(number, errors | wrong.errors)
    return _skipped(number, errors) if errors else Row(number, command)


def _skipped(number: int, errors: Mapping[str, str]) -> Skipped:
    return Skipped(number, "; ".join(f"{field}: {errors[field]}" for field in FIELDS if field in errors))


def _twice(rows: Sequence[Row]) -> list[Skipped]:
    first: dict[str, int] = {}
    marks = [(row.number, fingerprint(new_device(row.command))) for row in rows]
    return [
        Skipped(number, f"the same device as in row {first[mark]}")
        for number, mark in marks
        if first.setdefault(mark, number) != number
    ]


def _person(text: str) -> str:
    """Return an id as people copy it out of Slack: bare, with an @, or as a mention."""
    return text.removeprefix("<").removesuffix(">").removeprefix("@")


def _is_person(text: str) -> bool:
    return (
        text[:1] in ("U", "W")
        and text.isascii()
        and text.isalnum()
        and text == text.upper()
        and len(text) <= 32
    )
