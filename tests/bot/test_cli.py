"""The command line as an admin meets it: every verb in a process of its own, its words, its exit code, and
what it never says.

Where the start or the end of Python is part of the claim, it is started as people do (``interpreter``); see
``tests.processes``.
"""

import contextlib
import csv
import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from storage.engine import Database
from storage.migrate import upgrade
from tests.bot.machine import ROOT, Machine, Outcome, command
from tests.handlers.driver import ALICE, BOB, House
from tests.sentences import says

VERBS = (
    "run",
    "sandbox",
    "init",
    "migrate",
    "check",
    "status",
    "history",
    "calendar",
    "verify",
    "export",
    "evidence",
    "probe",
)
SHORT_VERBS = ("migrate", "check", "status", "history", "calendar", "verify", "export")
RECORD_VERBS = ("verify", "export")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine whose record holds an opt-in of two days ago, an opt-out of yesterday and an open
    request."""
    with Machine(tmp_path_factory.mktemp("machine")) as found:
        upgrade(found.settings["DATABASE_URL"])
        database = Database(found.settings["DATABASE_URL"])
        _play(House(database, at=datetime.now(UTC).replace(microsecond=0) - 2 * DAY))
        database.close()
        found.microsoft.tenant.value = False
        yield found


def _play(house: House) -> None:
    house.observe()
    number = house.ask(ALICE).id
    house.approve(BOB, number)
    house.work()
    house.clock.advance(days=1)
    house.opt_out(BOB, reason="The last scanner is gone")
    house.work()
    house.clock.advance(days=1)
    house.ask(ALICE, reason="Another scanner")


@pytest.fixture(scope="module")
def exported(machine: Machine) -> str:
    """The record as ``export`` writes it."""
    return machine.run("export").out


@pytest.fixture(scope="module")
def head(machine: Machine) -> tuple[int, str]:
    """The head as ``verify`` tells it."""
    verdict = json.loads(machine.run("verify", "--json").out)
    assert (verdict["ok"], verdict["problem"]) == (True, None)
    return verdict["head_seq"], verdict["head_hash"]


@pytest.fixture
def copy(machine: Machine, tmp_path: Path) -> Path:
    """A copy of the record that a test may spoil."""
    copied = tmp_path / "copy.db"
    with sqlite3.connect(machine.database) as original, sqlite3.connect(copied) as target:
        original.backup(target)
    for connection in (original, target):
        connection.close()
    return copied


# How it is called


def test_help_names_every_verb_and_every_verb_explains_itself(tmp_path: Path) -> None:
    shown = command("--help", settings={}, folder=tmp_path, interpreter=True)
    assert shown.code == 0
    assert shown.err == ""
    for verb in VERBS:
        assert f"\n    {verb} " in shown.out
        about = command(verb, "--help", settings={}, folder=tmp_path)
        assert (about.code, about.err) == (0, "")
        assert about.out.startswith(f"usage: legacytls {verb} ")


def test_help_needs_no_settings_and_leaves_no_file(tmp_path: Path) -> None:
    command("status", "--help", settings={"LEGACYTLS_TIMEZONE": "Nowhere"}, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ((), "required: verb"),
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("status", "--nonsense"), "unrecognized arguments"),
        (("run", "--mode", "carrier-pigeon"), "invalid choice: 'carrier-pigeon'"),
        (("run", "--port", "http"), "write a port number between 0 and 65535"),
        (("run", "--port", "99999"), "write a port number between 0 and 65535"),
        (("run", "--port=-1"), "write a port number between 0 and 65535"),
        (("sandbox", "--port", "65536"), "write a port number between 0 and 65535"),
        (("history", "--limit", "0"), "write a whole number, 1 or more"),
        (("history", "--limit", "-3"), "write a whole number, 1 or more"),
        (("history", "--before", "first"), "write a whole number, 1 or more"),
        (("verify", "--witness", "as posted"), "write it as SEQUENCE:HASH"),
        (("verify", "--witness", "12:abcd"), "write it as SEQUENCE:HASH"),
        (("export", "--since", "2026-02-30"), "write a day, such as 2026-11-23"),
        (("probe", "relay.contoso.com"), "write HOST:PORT, such as relay.contoso.com:587"),
        (("export", "--format", "xml"), "invalid choice: 'xml'"),
    ],
)
def test_a_wrong_call_is_told_with_exit_code_2(call: tuple[str, ...], told: str, tmp_path: Path) -> None:
    outcome = command(*call, settings={}, folder=tmp_path)
    assert outcome.code == 2
    assert outcome.out == ""
    assert told in outcome.err
    assert outcome.err.startswith("usage: legacytls")


# Settings


@pytest.mark.parametrize("verb", ["run", *SHORT_VERBS])
def test_wrong_settings_stop_every_verb_at_once_with_all_mistakes_and_no_value(
    verb: str, machine: Machine, tmp_path: Path
) -> None:
    pasted = "pasted-into-the-wrong-line"
    wrong = {
        "LEGACYTLS_TIMEZONE": pasted,
        "LEGACYTLS_OBSERVE_EVERY": pasted,
        "LEGACYTLS_APPROVALS_REQUIRED": pasted,
    }
    outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{tmp_path}/none.db", **wrong)
    assert outcome.code == 2
    assert outcome.out == ""
    for name in wrong:
        assert f"  - {name}: " in outcome.err
    assert pasted not in outcome.err
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("verb", ["run", "status"])
def test_a_wrong_milestones_file_stops_the_program_with_the_line_of_each_mistake(
    verb: str, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text("schema: 2\nverified_on: soon\n", encoding="utf-8")
    outcome = machine.run(verb, LEGACYTLS_MILESTONES=str(tmp_path / "own.yaml"), LEGACYTLS_TIMEZONE="Nowhere")
    assert (outcome.code, outcome.out) == (2, "")
    told = [line.removeprefix("  - ") for line in outcome.err.splitlines() if line.startswith("  - ")]
    assert [line.split(":")[0] for line in told] == ["LEGACYTLS_TIMEZONE", *["LEGACYTLS_MILESTONES"] * 3]
    assert says("legacytls_milestones_line_1_schema_expected_one") in told
    assert "Traceback" not in outcome.err


def test_a_secret_in_the_wrong_place_is_not_repeated(machine: Machine) -> None:
    outcome = machine.run("check", LEGACYTLS_CHANNEL="xoxb-1-secret", SLACK_BOT_TOKEN="xapp-1-secret")
    assert outcome.code == 2
    assert "secret" not in outcome.err.replace("SLACK_SIGNING_SECRET", "")


@pytest.mark.parametrize(
    ("verb", "needs"),
    [
        (
            "run",
            {
                "SLACK_BOT_TOKEN",
                "SLACK_APP_TOKEN",
                "LEGACYTLS_CHANNEL",
                "LEGACYTLS_APPROVERS",
                "AZURE_TENANT_ID",
            },
        ),
        (
            "check",
            {
                "SLACK_BOT_TOKEN",
                "SLACK_APP_TOKEN",
                "LEGACYTLS_CHANNEL",
                "LEGACYTLS_APPROVERS",
                "AZURE_TENANT_ID",
            },
        ),
        ("status", {"AZURE_TENANT_ID", "AZURE_CLIENT_ID"}),
        ("history", {"AZURE_TENANT_ID"}),
        ("calendar", {"AZURE_TENANT_ID"}),
        ("verify", {"AZURE_TENANT_ID"}),
        ("export", {"AZURE_TENANT_ID"}),
    ],
)
def test_a_verb_asks_for_what_it_needs_and_for_nothing_else(
    verb: str, needs: set[str], tmp_path: Path
) -> None:
    outcome = command(verb, settings={}, folder=tmp_path)
    asked = {
        line.split(":")[0].removeprefix("  - ")
        for line in outcome.err.splitlines()
        if line.startswith("  - ")
    }
    assert outcome.code == 2
    assert needs <= asked
    if verb in ("history", "calendar", *RECORD_VERBS):
        assert asked == needs
    if verb == "status":
        assert not any(name.startswith(("SLACK_", "LEGACYTLS_")) for name in asked)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_of_ours_is_a_warning_beside_an_unharmed_answer(machine: Machine) -> None:
    outcome = machine.run("history", "--json", LEGACYTLS_TIMEZOEN="Europe/Berlin")
    assert outcome.code == 0
    warning = (
        "warning: LEGACYTLS_TIMEZOEN is not a setting and is ignored; the nearest is LEGACYTLS_TIMEZONE\n"
    )
    assert outcome.err == warning
    assert len(json.loads(outcome.out)["changes"]) == 3


def test_a_settings_file_in_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=sqlite:///from-the-file.db\n", encoding="utf-8")
    assert command("migrate", settings={}, folder=tmp_path).code == 0
    assert (tmp_path / "from-the-file.db").exists()


@pytest.mark.parametrize("verb", SHORT_VERBS)
def test_a_short_verb_that_succeeds_keeps_stderr_empty(verb: str, machine: Machine) -> None:
    keeps_stderr_empty(machine.run(verb))


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(verb, marks=() if verb in ("check", "migrate") else pytest.mark.long)
        for verb in SHORT_VERBS
    ],
)
def test_neither_does_importing_it_say_anything(verb: str, machine: Machine) -> None:
    """These two import most; the long tests start an interpreter for every verb."""
    keeps_stderr_empty(machine.run(verb, interpreter=True))


def keeps_stderr_empty(outcome: Outcome) -> None:
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("\n")


# migrate


def test_migrating_twice_says_the_same_and_keeps_the_record(
    machine: Machine, copy: Path, exported: str
) -> None:
    url = f"sqlite:///{copy}"
    first, second = (machine.run("migrate", DATABASE_URL=url) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert first.out.startswith("The database is at schema ")
    assert machine.run("export", DATABASE_URL=url).out == exported


def test_a_database_of_a_newer_version_is_refused_and_left_alone(machine: Machine, copy: Path) -> None:
    _execute(copy, "UPDATE alembic_version SET version_num = '9999'")
    for verb in ("migrate", "history"):
        outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{copy}")
        assert outcome.code == 1
        assert says("written_by_a_newer_version") in outcome.err
    assert _execute(copy, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("verb", ["migrate", "history", "verify"])
def test_a_database_that_cannot_be_opened_is_told_without_its_password(verb: str, machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = machine.run(verb, DATABASE_URL=f"postgresql://bot:hush-hush@127.0.0.1:{port}/record")
    assert outcome.code == 1
    assert outcome.err.startswith("legacytls: the database ")
    assert "DATABASE_URL" in outcome.err
    assert "hush" not in outcome.said


def test_with_debug_the_log_tells_where_it_failed_and_still_no_password(
    machine: Machine, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/hush.db"
    outcome = machine.run("migrate", DATABASE_URL=url, LEGACYTLS_LOG_LEVEL="debug")
    told = [json.loads(line) for line in outcome.err.splitlines() if line.startswith("{")]
    assert any("upgrade" in entry.get("exception", "") for entry in told)
    assert url not in outcome.err


# status


MARKS = ("*", "`", "<", "&amp;", ":lock:", "^")
"""What only Slack shows as it is meant."""


def test_status_tells_the_live_value_and_what_it_means(machine: Machine) -> None:
    said = machine.run("status").out
    assert said.startswith("Live value: opted out\n")
    for told in (
        "opted out: mail over old TLS is refused.\n",
        " UTC. Read ",
        "• SMTP AUTH: ",
        "• POP3, IMAP4: ",
        "smtp-legacy.office365.com",
        f"Last change: #2 by @bob ({BOB})",
        f"Open request: #3 by @alice ({ALICE}), waiting for approval. Expires ",
        "Tenant: contoso.onmicrosoft.com",
    ):
        assert told in said
    assert not any(mark in said for mark in MARKS)


def test_status_as_json_has_places_for_an_overdue_window_and_for_what_is_under_way(machine: Machine) -> None:
    answer = json.loads(machine.run("status", "--json").out)
    assert (answer["overdue"], answer["under_way"]) == (None, [])


def test_status_as_json_has_every_answer_under_its_own_name(machine: Machine) -> None:
    answer = json.loads(machine.run("status", "--json").out)
    assert answer["value"] == "opted out"
    assert answer["problem"] is None
    assert answer["baseline"] == "opted out"
    assert answer["drift"] is False
    assert answer["organization"] == "contoso.onmicrosoft.com"
    assert answer["last_change"]["number"] == 2
    assert answer["open_request"]["number"] == 3
    assert abs(datetime.fromisoformat(answer["read_at"]) - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize(("value", "word"), [(None, "not set"), (True, "opted in")])
def test_status_keeps_three_values_apart(value: bool | None, word: str, machine: Machine) -> None:
    machine.microsoft.tenant.value = value
    try:
        answer = json.loads(machine.run("status", "--json").out)
    finally:
        machine.microsoft.tenant.value = False
    assert answer["value"] == word
    assert answer["drift"] is True


def test_a_value_that_cannot_be_read_is_exit_code_1_and_never_a_guess(machine: Machine) -> None:
    machine.microsoft.tenant.queue_fault("missing_key", cmdlet="Get-TransportConfig")
    outcome = machine.run("status")
    assert outcome.code == 1
    assert outcome.out.startswith("Live value: could not be read. ")
    assert outcome.out.count("could not be read") == 1
    assert says("the_last_successful_reading_was") in outcome.out
    machine.microsoft.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig")
    outcome = machine.run("status", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["value"] is None
    assert "Exchange" in json.loads(outcome.out)["problem"]


def test_the_settings_name_the_tenant_where_nothing_was_ever_read(machine: Machine, tmp_path: Path) -> None:
    machine.microsoft.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig")
    fresh = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/fresh.db",
        "EXCHANGE_ORGANIZATION": "contoso.onmicrosoft.com",
    }
    answer = json.loads(machine.run("status", "--json", **fresh).out)
    assert (answer["value"], answer["organization"]) == (None, "contoso.onmicrosoft.com")


def test_looking_changes_nothing_on_record(machine: Machine, exported: str) -> None:
    machine.run("status")
    machine.run("history")
    assert machine.run("export").out == exported
    assert [call.cmdlet for call in machine.microsoft.tenant.calls if call.cmdlet.startswith("Set-")] == []


# history


def test_history_tells_the_newest_change_first(machine: Machine) -> None:
    said = machine.run("history").out
    lines = [line for line in said.splitlines() if not line.startswith(" ")]
    assert lines[0].startswith("Request #3: opt in to legacy TLS · ")
    assert lines[1].startswith("✅ Applied: #2 opt out of legacy TLS · ")
    assert lines[2].startswith("✅ Applied: #1 opt in to legacy TLS · ")
    assert "read back as opted out" in lines[1]
    assert says("asked_for_by_alice", alice=ALICE) in lines[2]
    assert says("approved_by_bob", bob=BOB) in lines[2]
    assert "    > Another scanner" in said.splitlines()
    assert not any(mark in said for mark in MARKS)


def test_history_as_json_says_who_asked_who_agreed_and_what_was_read_back(machine: Machine) -> None:
    newest, opt_out, opt_in = json.loads(machine.run("history", "--json").out)["changes"]
    assert (newest["state"], newest["reason"]) == ("pending", "Another scanner")
    assert opt_out["detail"].startswith("Written, and read back as opted out. ")
    assert (opt_out["requester"], opt_out["approved_by"], opt_out["read_back"]) == (BOB, [], "opted out")
    assert (opt_in["requester"], opt_in["approved_by"], opt_in["read_back"]) == (ALICE, [BOB], "opted in")
    assert (opt_in["from"], opt_in["to"], opt_in["protocols"]) == ("not set", "opted in", ["smtp-auth"])


def test_history_pages_by_number(machine: Machine) -> None:
    first = machine.run("history", "--limit", "2").out
    assert first.splitlines()[-1] == says("older_changes_before_2")
    rest = machine.run("history", "--before", "2", "--json")
    assert [change["number"] for change in json.loads(rest.out)["changes"]] == [1]
    assert json.loads(rest.out)["older"] is None


def test_history_needs_neither_slack_nor_exchange_and_then_has_ids_alone(machine: Machine) -> None:
    only = {name: machine.settings[name] for name in ("DATABASE_URL", "AZURE_TENANT_ID")}
    named = machine.run("history").out
    bare = re.sub(r"@(alice|bob) \((U0\w+)\)", r"\2", named)
    assert bare != named
    assert command("history", settings=only, folder=machine.folder).out == bare
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert machine.run("history", SLACK_API_URL=f"http://127.0.0.1:{port}/api/").out == bare


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")


def at_a_terminal(machine: Machine, *arguments: str, **more: str) -> str:
    """What a verb writes to a terminal of 180 columns."""
    ours, theirs = pty.openpty()
    settings = machine.settings | {"TERM": "xterm-256color", "COLUMNS": "180"} | more
    outcome = command(*arguments, settings=settings, folder=machine.folder, stdout=theirs)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # how Linux tells that nobody writes any more
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    assert (outcome.code, outcome.err) == (0, "")
    return seen.decode()


def test_a_terminal_gets_a_table_and_colour_unless_it_wants_none(machine: Machine) -> None:
    history = re.sub(r"\x1b\[[0-9;]*m", "", at_a_terminal(machine, "history"))
    assert re.search(r"#3 +opt in +pending .* @alice \(U0ALICE\)", history)
    assert COLOUR.search(at_a_terminal(machine, "status"))
    assert COLOUR.search(at_a_terminal(machine, "status", NO_COLOR="1")) is None


def test_the_calendar_is_told_as_text_as_data_and_as_a_file(machine: Machine) -> None:
    text, data, file = (machine.run("calendar", *form) for form in ((), ("--json",), ("--ics",)))
    assert (text.code, data.code, file.code) == (0, 0, 0)
    assert "end of December 2026" in text.out
    told = json.loads(data.out)
    assert [window["cut_short"] for window in told["windows"]] == [True]
    assert {"id", "when", "from", "to", "phase", "sources"} <= set(told["milestones"][0])
    events = list(Calendar.from_ical(file.out).walk("VEVENT"))
    assert {str(event["uid"]) for event in events} >= {f"window-1@{machine.settings['AZURE_TENANT_ID']}"}


def test_an_empty_history_says_so(machine: Machine, tmp_path: Path) -> None:
    assert machine.run("history", DATABASE_URL=f"sqlite:///{tmp_path}/new.db").out == says(
        "no_change_is_on_record_yet_2"
    )


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
    triggers = _execute(
        copy, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'"
    )
    for (name,) in triggers:
        _execute(copy, f"DROP TRIGGER {name}")
    _execute(copy, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 3")
    outcome = machine.run("verify", DATABASE_URL=f"sqlite:///{copy}")
    assert outcome.code == 1
    assert says("event_3_was_altered") in outcome.out


def test_each_row_that_does_not_agree_with_a_sound_record_is_named(machine: Machine, copy: Path) -> None:
    url, number = f"sqlite:///{copy}", _execute(copy, "SELECT min(id) FROM change_requests")[0][0]
    for (name,) in _execute(copy, "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        _execute(copy, f"DROP TRIGGER {name}")
    _execute(
        copy, f"UPDATE change_requests SET window_end = '2076-01-01 00:00:00.000000' WHERE id = {number}"
    )
    outcome = machine.run("verify", DATABASE_URL=url)
    assert (outcome.code, f"change_requests {number}: window_end" in outcome.out) == (1, True)
    assert "The record is sound" not in outcome.out
    said = json.loads(machine.run("verify", "--json", DATABASE_URL=url).out)
    assert said["ok"] is False
    assert [(each["table"], each["row"], each["column"]) for each in said["differences"]] == [
        ("change_requests", str(number), "window_end")
    ]


def test_migrating_puts_missing_guards_back_and_says_so(machine: Machine, copy: Path) -> None:
    url = f"sqlite:///{copy}"
    _execute(copy, "DROP TRIGGER decisions_no_update")
    said = machine.run("migrate", DATABASE_URL=url)
    assert (said.code, "decisions_no_update" in said.out) == (0, True)
    assert machine.run("migrate", DATABASE_URL=url).out == said.out.splitlines(keepends=True)[0]
    with pytest.raises(sqlite3.IntegrityError):
        _execute(copy, "UPDATE decisions SET vote = 'approve'")


def test_the_guards_keep_the_record_from_being_altered_in_passing(copy: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        _execute(copy, "UPDATE audit_events SET actor = 'U0MALLORY' WHERE seq = 3")


@pytest.mark.parametrize("verb", RECORD_VERBS)
def test_a_database_without_a_record_is_told_and_not_migrated(
    verb: str, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "empty.db").touch()
    outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    assert outcome.code == 1
    assert outcome.out == ""
    assert says("holds_no_record_of_this_version") in outcome.err
    assert _execute(tmp_path / "empty.db", "SELECT name FROM sqlite_master") == []


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
    assert machine.run("export", "--since", third, "--until", first).out == ""


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


def test_a_health_endpoint_that_cannot_listen_ends_the_start_with_what_to_change(machine: Machine) -> None:
    outcome = machine.run("run", LEGACYTLS_HEALTH_HOST="192.0.2.1", LEGACYTLS_HEALTH_PORT="8643")
    assert outcome.code == 1
    assert outcome.err.startswith("legacytls: The health endpoint cannot listen where it is told to (")
    assert outcome.err.endswith(
        "). Set LEGACYTLS_HEALTH_HOST to an address of this machine and LEGACYTLS_HEALTH_PORT to a free "
        "port.\n"
    )


# sandbox


def test_the_sandbox_prints_its_address_and_ends_on_sigterm(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    start, until = [sys.executable, "-m", "bot", "sandbox", "--port", "0"], time.monotonic() + 60
    with subprocess.Popen(start, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said, record, status = (process.stdout.readline() for _ in range(3))
        while (checked := _typed(record)).returncode and time.monotonic() < until:
            time.sleep(0.2)  # the page is there before the bot has made its database
        told, held = _typed(status), _typed(status.replace("status)", "check)"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert said.startswith("The sandbox is at http://127.0.0.1:")
    assert checked.stdout.startswith("The record is sound: ")
    assert told.stdout.startswith("Live value: not set\n")
    assert says("all_that_is_needed_holds") in held.stdout
    assert [done.stderr for done in (checked, told, held)] == [""] * 3
    assert list(tmp_path.iterdir()) == []


def _typed(printed: str) -> "subprocess.CompletedProcess[str]":
    """Type what was printed after the colon, to the letter, into a shell where much is set that is meant for
    another bot."""
    elsewhere = {
        "PATH": os.environ["PATH"],
        "TERM": "dumb",
        "LEGACYTLS_CHANNEL": "C0REAL",
        "AZURE_CLIENT_SECRET": "of another",
    }
    line = printed.partition(": ")[2]
    return subprocess.run(
        ["sh", "-c", line], env=elsewhere, cwd="/", capture_output=True, text=True, timeout=50, check=False
    )


def test_a_taken_port_is_told_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = command("sandbox", "--port", str(taken.getsockname()[1]), settings={}, folder=tmp_path)
    assert outcome.code == 1
    assert "legacytls sandbox --port 0" in outcome.err


def _execute(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    try:
        with connection:
            return connection.execute(statement).fetchall()
    finally:
        connection.close()


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bot_that_is_told_to_stop_while_it_still_loads_ends_with_0(
    machine: Machine, tmp_path: Path, number: signal.Signals
) -> None:
    """Held up in its settings, by an ``.env`` that is a pipe into which nobody writes."""
    pipe = tmp_path / ".env"
    os.mkfifo(pipe)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | machine.settings
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "run"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        writing = _opened_by_a_reader(pipe)
        process.send_signal(number)
        assert (process.wait(timeout=30), process.stderr.read() if process.stderr else b"") == (0, b"")
        os.close(writing)


def _opened_by_a_reader(pipe: Path) -> int:
    until = time.monotonic() + 30
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
