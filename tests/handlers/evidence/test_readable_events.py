"""Whoever owns the database can write anything into the record: a pack is made of it, and says so."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.evidence.pack import Made, Pack
from handlers.evidence.proof.checker import Checker
from handlers.evidence.proof.opened_pack import Pack as Files
from storage.engine import Database
from storage.integrity.canonical import canonical
from storage.record.export import events_behind, length_of, lines
from tests.handlers.driver import TENANT, House
from tests.handlers.evidence.packs import PERIOD, story
from tests.storage.spoiling import rebuild, spoil

Opened = Callable[[], Database]

FIELDS: list[tuple[str, str, list[object]]] = [
    ("rule", "body", [5, [], None]),
    ("day", "day", [None, 5]),
    ("day", "minutes_unobserved", ["5", [None], {}]),
    ("reconciled", "rows", [None, [None], [[]], [{"id": "1", "number": []}], {"a": 1}]),
    ("reconciled", "changes", [5, [1], [{"number": "1"}]]),
    ("head_posted", "seq", [None, "1", []]),
    ("timestamped", "seq", [[], None]),
    ("timestamped", "token", ["x", 5, [], "é"]),
    ("request_opened", "devices", [5, [1], [[]]]),
    ("report_imported", "registered", [True, [None], [{"device": []}]]),
    ("device_added", "device", [None, "1", [1]]),
    ("device_added", "after", [None, 5, "x"]),
]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from storage.migrate import upgrade

    path = tmp_path_factory.mktemp("record") / "record.db"
    upgrade(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}")
    story(House(database))
    database.close()
    return path


@pytest.fixture
def copy(record: Path, tmp_path: Path) -> Iterator[Opened]:
    """Open one more copy of the record."""
    opened: list[Database] = []

    def another() -> Database:
        for before in opened:
            before.close()
        opened.append(Database(f"sqlite:///{shutil.copy(record, tmp_path / 'record.db')}"))
        return opened[-1]

    yield another
    for database in opened:
        database.close()


def packed(database: Database, place: Path) -> tuple[Made, list[str]]:
    """The pack, and what its checker says of it."""
    written = io.BytesIO()
    made = Pack(database, TENANT, PERIOD).write(written)
    place.write_bytes(written.getvalue())
    return made, list(map(str, Checker(Files(place)).flaws()))


def is_named(seq: int, made: Made) -> bool:
    """Whether the pack says that an event was written by somebody else."""
    told = f"Event {seq} was not written so by the bot, and nothing is shown of it."
    return any(gap.endswith(told) for gap in made.missing)


@pytest.mark.parametrize(("kind", "field", "values"), FIELDS)
def test_an_event_in_another_shape_is_named_though_the_whole_chain_was_made_anew(
    copy: Opened, tmp_path: Path, kind: str, field: str, values: list[object]
) -> None:
    for value in values:
        database = copy()
        with database.read() as connection:
            seq, payload = connection.exec_driver_sql(
                "SELECT seq, payload FROM audit_events WHERE kind = ? ORDER BY seq LIMIT 1", (kind,)
            ).one()
        rebuild(database, seq, payload=canonical({**json.loads(payload), field: value}))
        made, flaws = packed(database, tmp_path / "pack.zip")
        assert is_named(seq, made), (value, made.missing)
        assert flaws == [], value


@pytest.mark.parametrize("column", ["at", "kind", "actor", "payload", "prev_hash", "hash", "request_id"])
def test_a_column_of_another_type_is_named(copy: Opened, tmp_path: Path, column: str) -> None:
    for value in ("5", "X'00ff'", "CAST(X'00ff' AS TEXT)"):
        database = copy()
        spoil(database, f"UPDATE audit_events SET {column} = {value} WHERE seq = 5")
        made, flaws = packed(database, tmp_path / "pack.zip")
        assert made.missing[0].startswith("The record is not sound: Event 5 "), (value, made.missing)
        assert flaws, value
        assert flaws[0].startswith("events.jsonl line 5: "), (value, flaws)
        exported = [json.loads(line)["seq"] for line in lines(database, TENANT)]
        streamed = [event["seq"] for event in events_behind(database, TENANT, 0, 1000)]
        assert exported == streamed == list(range(1, len(exported) + 1))


def test_a_number_that_is_none_is_a_gap(copy: Opened, tmp_path: Path) -> None:
    for value in ("1.5", "X'00ff'", "CAST(X'00ff' AS TEXT)", "'none'"):
        database = copy()
        spoil(database, f"UPDATE audit_events SET seq = {value} WHERE seq = 5")
        made, flaws = packed(database, tmp_path / "pack.zip")
        assert made.missing[0].startswith("The record is not sound: Event "), (value, made.missing)
        assert flaws[0].startswith("events.jsonl line "), (value, flaws)


def test_an_unreadable_event_at_the_very_end_makes_a_day_all_the_same(copy: Opened, tmp_path: Path) -> None:
    """An entry of the register that was due before that day is late on the page, and for the checker."""
    database = copy()
    last = length_of(database, TENANT)
    unreadable = {"kind": "report_imported", "payload": canonical({"registered": True})}
    rebuild(database, last, at=datetime(2026, 11, 29, 12, tzinfo=UTC), **unreadable)
    made, flaws = packed(database, tmp_path / "pack.zip")
    assert flaws == []
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        page = pack.read("index.html").decode()
    late = '<tr class="red"><td>D1</td>'
    assert late in page
    assert is_named(last, made)


@pytest.mark.parametrize("number", [None, 0, -1, 2**31, 2**62])
def test_an_event_about_a_number_that_no_change_has_is_named_and_makes_no_row(
    copy: Opened, tmp_path: Path, number: int | None
) -> None:
    database = copy()
    with database.read() as connection:
        (seq,) = connection.exec_driver_sql(
            "SELECT seq FROM audit_events WHERE kind = 'request_opened' ORDER BY seq LIMIT 1"
        ).one()
    rebuild(database, seq, request_id=number, payload=canonical({"devices": 5}))
    made, flaws = packed(database, tmp_path / "pack.zip")
    assert flaws == []
    assert is_named(seq, made)
