"""``status``, ``history`` and ``calendar`` at the command line: as text, as data, and at a terminal."""

import contextlib
import json
import os
import pty
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from tests.bot.machine import Machine, command
from tests.handlers.driver import ALICE, BOB
from tests.sentences import says

DAY = timedelta(days=1)

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
