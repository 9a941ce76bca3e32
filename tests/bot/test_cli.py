"""The command line as an admin meets it: every verb in a process of its own, its words, its exit code, and
what it never says.

Where the start or the end of Python is part of the claim, it is started as people do (``interpreter``); see
``tests.processes``.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.machine import ROOT, Machine, Outcome, command, executed
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
        (("sandbox", "--tenants", "9"), "write a number between 1 and 8"),
        (("history", "--limit", "0"), "write a whole number, 1 or more"),
        (("history", "--limit", "-3"), "write a whole number, 1 or more"),
        (("history", "--before", "first"), "write a whole number, 1 or more"),
        (("verify", "--witness", "as posted"), "write it as SEQUENCE:HASH"),
        (("verify", "--witness", "12:abcd"), "write it as SEQUENCE:HASH"),
        (("export", "--since", "2026-02-30"), "write a day, such as 2026-11-23"),
        (("export", "--until", "20261123"), "write a day, such as 2026-11-23"),
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
    executed(copy, "UPDATE alembic_version SET version_num = '9999'")
    for verb in ("migrate", "history"):
        outcome = machine.run(verb, DATABASE_URL=f"sqlite:///{copy}")
        assert outcome.code == 1
        assert says("written_by_a_newer_version") in outcome.err
    assert executed(copy, "SELECT version_num FROM alembic_version") == [("9999",)]


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
