"""The exported record proves itself: a script of a few lines, with nothing but Python, finds whatever was
changed in it."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.engine import Database
from storage.ledger import Ledger
from storage.record.export import line_of, lines, spelled
from storage.record.verify import Check
from tests.sentences import says
from tests.storage.record.test_table_comparison import tamper
from tests.storage.spoiling import LENGTH, fill, spoil
from tests.storage.states import NOW, TENANT

SCRIPT = Path(__file__).parents[2] / "offline_verify.py"


@pytest.fixture
def sound(ledger: Ledger) -> Database:
    fill(ledger)
    return ledger.database


def checked(export: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(SCRIPT)]
    return subprocess.run(
        command, input="".join(export), capture_output=True, text=True, check=False, encoding="utf-8"
    )


def test_the_offline_script_accepts_a_full_export_and_tells_the_head(sound: Database) -> None:
    with Ledger(sound, TENANT).reading() as reader:
        seq, head = reader.head()
    run = checked(list(lines(sound, TENANT)))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == says("sound_up_to_event_head_compare_it", seq=seq, head=head)


def test_the_offline_script_accepts_a_piece_from_the_middle(sound: Database) -> None:
    assert checked(list(lines(sound, TENANT))[7:12]).returncode == 0


def _actor(export: list[str]) -> list[str]:
    return [*export[:8], export[8].replace('"actor":"bot"', '"actor":"U0MALLORY"'), *export[9:]]


def _byte(export: list[str]) -> list[str]:
    return [*export[:8], export[8].replace('"number":', '"numbes":'), *export[9:]]


def _swapped(export: list[str]) -> list[str]:
    return [*export[:8], export[9], export[8], *export[10:]]


def _renumbered(export: list[str]) -> list[str]:
    return [
        json.dumps(json.loads(line) | {"seq": number}) + "\n" for number, line in enumerate(export, start=5)
    ]


def _said_twice(export: list[str]) -> list[str]:
    """JSON lets the later of two equal keys win: a reader would see the first, a check the second."""
    return [*export[:8], export[8].replace('{"actor":', '{"actor":"U0MALLORY","actor":', 1), *export[9:]]


MUTATIONS: dict[str, Callable[[list[str]], list[str]]] = {
    "another actor": _actor,
    "another byte": _byte,
    "a key said twice": _said_twice,
    "a line less": lambda export: [*export[:8], *export[9:]],
    "a line twice": lambda export: [*export[:8], export[7], *export[8:]],
    "a line put in": lambda export: [*export[:8], export[2], *export[8:]],
    "two lines swapped": _swapped,
    "other numbers": _renumbered,
    "another beginning": lambda export: [export[0].replace("0" * 64, "1" * 64), *export[1:]],
}


@pytest.mark.parametrize("how", MUTATIONS)
def test_the_offline_script_finds(how: str, sound: Database) -> None:
    export = list(lines(sound, TENANT))
    spoilt = MUTATIONS[how](export)
    assert spoilt != export
    run = checked(spoilt)
    assert run.returncode == 1
    in_the_first_line = how in ("another beginning", "other numbers")
    assert (
        " was altered\n" if in_the_first_line else " was altered, or does not follow event "
    ) in run.stderr


def test_an_empty_export_is_not_called_sound() -> None:
    run = checked([])
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "nothing to check: the export is empty\n")


def test_a_cut_export_ends_in_another_head(sound: Database) -> None:
    export = list(lines(sound, TENANT))
    whole, cut = checked(export).stdout, checked(export[:-1]).stdout
    assert whole != cut
    assert json.loads(export[-1])["hash"] in whole
    assert json.loads(export[-1])["prev"] in cut


@pytest.mark.parametrize(
    "spoilt", ["actor = 'x'", "payload = '{'", "at = '2026-11-23 12:00:01'", "hash = 'x'"]
)
def test_what_was_tampered_with_in_the_database_is_exported_and_found(spoilt: str, sound: Database) -> None:
    spoil(sound, f"UPDATE audit_events SET {spoilt} WHERE seq = 8")
    export = list(lines(sound, TENANT))
    assert len(export) == LENGTH
    assert checked(export).stderr == says("event_8_was_altered_or_does_not")


def test_a_line_is_the_canonical_event_with_its_hash(sound: Database) -> None:
    first = next(iter(lines(sound, TENANT)))
    event = json.loads(first)
    assert set(event) == {"actor", "at", "hash", "kind", "payload", "prev", "request", "seq", "tenant"}
    assert first == json.dumps(event, sort_keys=True, separators=(",", ":")) + "\n"
    assert (event["seq"], event["prev"], event["at"]) == (1, "0" * 64, "2026-11-23T12:00:00.123456Z")
    assert first.isascii()


@pytest.fixture
def dated(ledger: Ledger) -> Database:
    """One event a day for ten days, numbered alike, but the fifth bears the second's time: a clock ran
    backwards."""
    for day in (1, 2, 3, 4, 2, 6, 7, 8, 9, 10):
        with ledger.recording(NOW + timedelta(days=day)) as entry:
            entry.record("baseline", "bot", {})
    return ledger.database


def numbers(database: Database, since: datetime | None, until: datetime | None) -> list[int]:
    return [json.loads(line)["seq"] for line in lines(database, TENANT, since=since, until=until)]


def test_a_period_begins_with_since_and_ends_before_until(dated: Database) -> None:
    day = [NOW + timedelta(days=number) for number in range(12)]
    assert numbers(dated, None, None) == [*range(1, 11)]
    assert numbers(dated, day[6], day[8]) == [6, 7]
    assert numbers(dated, day[6] + timedelta(microseconds=1), day[8] + timedelta(microseconds=1)) == [7, 8]
    assert numbers(dated, day[9], None) == [9, 10]
    assert numbers(dated, None, day[1]) == []
    assert numbers(dated, day[11], None) == []


def test_a_period_is_one_unbroken_piece_even_if_a_clock_ran_backwards(dated: Database) -> None:
    since, until = NOW + timedelta(days=2), NOW + timedelta(days=3)
    assert numbers(dated, since, until) == [2, 3, 4, 5]
    assert checked(list(lines(dated, TENANT, since=since, until=until))).returncode == 0


def test_naive_bounds_are_refused(dated: Database) -> None:
    with pytest.raises(ValueError, match="an instant must be aware"):
        lines(dated, TENANT, since=datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_an_export_holds_no_connection_while_its_reader_takes_its_time(sound: Database) -> None:
    export = lines(sound, TENANT)
    next(export)
    assert sound.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("batch", [1, 2, 5, LENGTH - 1, LENGTH, LENGTH + 1])
def test_the_pieces_in_which_it_is_read_do_not_show(
    batch: int, sound: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(lines(sound, TENANT))
    monkeypatch.setattr("storage.record.export._BATCH", batch)
    assert list(lines(sound, TENANT)) == whole
    assert checked(whole).returncode == 0


def test_what_is_added_meanwhile_changes_nothing_up_to_a_number(sound: Database) -> None:
    with Ledger(sound, TENANT).reading() as reader:
        last = reader.head()[0]
    export = lines(sound, TENANT, up_to=last)
    read = [next(export)]
    with Ledger(sound, TENANT).recording(NOW) as entry:
        entry.record("baseline", "bot", {})
    read += export
    assert read == list(lines(sound, TENANT, up_to=last)) == list(lines(sound, TENANT))[:last]


def test_other_tenants_are_left_out(sound: Database) -> None:
    with Ledger(sound, "another").recording(NOW) as entry:
        entry.record("baseline", "bot", {})
    assert {json.loads(line)["tenant"] for line in lines(sound, TENANT)} == {TENANT}
    assert len(list(lines(sound, "another"))) == 1


def test_an_empty_record_is_no_line_of_json(database: Database) -> None:
    assert list(lines(database, TENANT)) == []


def test_events_are_spelled_without_parsing_as_they_are_exported(sound: Database) -> None:
    check = Check(sound, TENANT)
    found = [(line_of(stored, check.hashed, TENANT), spelled(stored, TENANT)) for stored in check.events()]
    assert found == [(line.encode(), line) for line in lines(sound, TENANT, up_to=LENGTH)]


def test_an_altered_payload_never_looks_like_several_events(sound: Database) -> None:
    line_break = "char(10)" if sound.is_sqlite else "chr(10)"
    tamper(sound, f"UPDATE audit_events SET payload = '{{}}' || {line_break} || '{{}}' WHERE seq = 2")
    check = Check(sound, TENANT)
    found = [line_of(stored, check.hashed, TENANT) for stored in check.events()]
    assert [line.count(b"\n") for line in found] == [1] * LENGTH


def test_nothing_behind_an_altered_event_is_taken_for_hashed(sound: Database) -> None:
    tamper(sound, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 2")
    check = Check(sound, TENANT)
    assert [bool(check.hashed) for _ in check.events()] == [True] + [False] * (LENGTH - 1)
