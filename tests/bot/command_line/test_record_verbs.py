"""``verify`` and ``export`` at the command line, on sound records and on altered ones."""

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.machine import ROOT, Machine, Outcome, command, executed
from tests.sentences import says

RECORD_VERBS = ("verify", "export")
DAY = timedelta(days=1)

# verify


def test_a_sound_record_is_told_with_its_head(machine: Machine, head: tuple[int, str]) -> None:
    said = machine.run("verify")
    assert said.code == 0
    assert says("the_record_is_sound_events_head", head_0=head[0], head_1=head[1]) in said.out
    assert "--witness SEQUENCE:HASH" in said.out


def test_a_head_seen_in_slack_is_compared(machine: Machine, head: tuple[int, str]) -> None:
    seq, digest = head
    assert machine.run("verify", "--witness", f"{seq}:{digest.upper()}").code == 0
    for witness in (f"{seq}:{'0' * 64}", f"{seq + 1}:{digest}"):
        outcome = machine.run("verify", "--witness", witness)
        assert outcome.code == 1
        assert outcome.out.startswith("The record is NOT sound: ")


def test_an_altered_event_is_named(machine: Machine, copy: Path) -> None:
    triggers = executed(
        copy, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'"
    )
    for (name,) in triggers:
        executed(copy, f"DROP TRIGGER {name}")
    executed(copy, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 3")
    outcome = machine.run("verify", DATABASE_URL=f"sqlite:///{copy}")
    assert outcome.code == 1
    assert says("event_3_was_altered") in outcome.out


def test_each_row_that_does_not_agree_with_a_sound_record_is_named(machine: Machine, copy: Path) -> None:
    url, number = f"sqlite:///{copy}", executed(copy, "SELECT min(id) FROM change_requests")[0][0]
    for (name,) in executed(copy, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        executed(copy, f"DROP TRIGGER {name}")
    executed(
        copy, f"UPDATE change_requests SET window_end = '2076-01-01 00:00:00.000000' WHERE id = {number}"
    )
    outcome = machine.run("verify", DATABASE_URL=url)
    assert (outcome.code, f"change_requests {number}: window_end" in outcome.out) == (1, True)
    assert says("the_record_is_sound") not in outcome.out
    said = json.loads(machine.run("verify", "--json", DATABASE_URL=url).out)
    assert said["ok"] is False
    assert [(each["table"], each["row"], each["column"]) for each in said["differences"]] == [
        ("change_requests", str(number), "window_end")
    ]


def test_migrating_puts_missing_guards_back_and_says_so(machine: Machine, copy: Path) -> None:
    url = f"sqlite:///{copy}"
    executed(copy, "DROP TRIGGER decisions_no_update")
    said = machine.run("migrate", DATABASE_URL=url)
    assert (said.code, "decisions_no_update" in said.out) == (0, True)
    assert machine.run("migrate", DATABASE_URL=url).out == said.out.splitlines(keepends=True)[0]
    with pytest.raises(sqlite3.IntegrityError):
        executed(copy, "UPDATE decisions SET vote = 'approve'")


def test_the_guards_keep_the_record_from_being_altered_in_passing(copy: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        executed(copy, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 3")


@pytest.mark.parametrize("verb", RECORD_VERBS)
def test_a_database_without_a_record_is_told_and_not_migrated(
    verb: str, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "empty.db").touch()
    outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    assert outcome.code == 1
    assert outcome.out == ""
    assert says("holds_no_record_of_this_version") in outcome.err
    assert executed(tmp_path / "empty.db", "SELECT name FROM sqlite_master") == []


@pytest.mark.parametrize("verb", RECORD_VERBS)
def test_a_database_that_is_not_there_is_told_and_not_made(
    verb: str, machine: Machine, tmp_path: Path
) -> None:
    outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{tmp_path}/mistyped.db")
    assert (outcome.code, outcome.out) == (1, "")
    assert "DATABASE_URL" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", RECORD_VERBS)
def test_a_tenant_of_which_nothing_is_on_record_is_no_sound_record(verb: str, machine: Machine) -> None:
    real = machine.settings["AZURE_TENANT_ID"]
    outcome = machine.run(verb, AZURE_TENANT_ID="99999999-8888-7777-6666-555555555555")
    assert (outcome.code, outcome.out) == (1, "")
    assert says("nothing_to_check_this_database_holds_the", real=real) in outcome.err


# export


def test_the_exported_record_proves_itself_with_a_dozen_lines_of_python(exported: str) -> None:
    checked = _offline(exported)
    assert checked.code == 0
    assert says("sound_up_to_event_2", splitlines=len(exported.splitlines())) in checked.out
    spoilt = exported.replace("The last scanner is gone", "The last scanner is here")
    assert spoilt != exported
    assert says("was_altered") in _offline(spoilt).err


def test_csv_is_a_table_with_one_row_a_change_and_days_bound_when_it_was_asked_for(machine: Machine) -> None:
    def table(*days: str) -> list[dict[str, str]]:
        return list(
            csv.DictReader(io.StringIO(machine.run("export", "--format", "csv", *days).out, newline=""))
        )

    rows = table()
    assert [(row["number"], row["kind"], row["outcome"]) for row in rows] == [
        ("1", "opt_in", "applied"),
        ("2", "opt_out", "applied"),
        ("3", "opt_in", "pending"),
    ]
    first, second = rows[0]["requested_at"][:10], rows[1]["requested_at"][:10]
    assert [row["number"] for row in table("--since", first, "--until", first)] == ["1"]
    assert [row["number"] for row in table("--since", second)] == ["2", "3"]


def test_days_of_utc_bound_the_export_and_the_piece_still_proves_itself(
    machine: Machine, exported: str
) -> None:
    lines = exported.splitlines(keepends=True)
    first, second, third = sorted({json.loads(line)["at"][:10] for line in lines})
    of_second = "".join(line for line in lines if json.loads(line)["at"].startswith(second))
    assert machine.run("export", "--since", second, "--until", second).out == of_second
    assert _offline(of_second).code == 0
    assert machine.run("export", "--since", first, "--until", "9999-12-31").out == exported
    assert machine.run("export", "--since", "0001-01-01", "--until", third).out == exported


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (
            ("--since", "2026-11-24", "--until", "2026-11-23"),
            "The last day (2026-11-23) lies before the first",
        ),
        (("--since", "9999-12-31", "--format", "csv"), "9999-12-31 (UTC) has not begun yet"),
    ],
)
def test_days_of_which_nothing_can_be_on_record_are_a_wrong_call(
    machine: Machine, days: tuple[str, ...], told: str
) -> None:
    outcome = machine.run("export", *days)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert told in outcome.err


def test_a_reader_that_stops_reading_gets_no_traceback(machine: Machine) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outcome = command(
        "export", settings=machine.settings, folder=machine.folder, stdout=writing, interpreter=True
    )
    os.close(writing)
    assert (outcome.code, outcome.err) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_an_export_that_does_not_fit_on_the_disk_is_no_success(machine: Machine) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    outcome = command(
        "export", settings=machine.settings, folder=machine.folder, stdout=full, interpreter=True
    )
    os.close(full)
    assert outcome.code == 1
    assert outcome.err == says("legacytls_there_is_no_space_left_on")


def _offline(exported: str) -> Outcome:
    script = shutil.which("python3") or sys.executable
    done = subprocess.run(
        [script, str(ROOT / "tests" / "offline_verify.py")],
        input=exported,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
