"""The record in people's hands: a file in a direct message, a head in the channel, a check that needs neither
bot nor Slack."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.machine import command
from tests.journeys.stage import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, Stage
from tests.journeys.words import words
from tests.sampling import drawn
from tests.sentences import says

ROOT = Path(__file__).parents[2]


def export(stage: Stage, person: str, text: str = "export") -> tuple[str, str]:
    """Ask for the record; returns the file's name and content from the direct message."""
    direct = stage.slack.dm(person)
    stage.wait_until_delivered()
    before = len(stage.slack.messages(direct, person))
    assert says("the_record_is_in_our_direct_messages") in stage.command(person, text)
    (message,) = stage.slack.messages(direct, person)[before:]
    (file,) = message["files"]
    return file["name"], stage.slack.file(file["id"]).decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("export", "docs/audit.md has a script that checks it offline."),
        ("export CSV", "what the script of docs/audit.md checks offline is the file of `/legacytls export`."),
        (
            "export pdf",
            "as `legacytls-record.jsonl`. docs/audit.md has a script that checks it offline. `pdf` is not",
        ),
    ],
)
def test_the_answer_says_what_the_file_is_good_for_and_what_is_no_form_of_it(
    stage: Stage, text: str, told: str
) -> None:
    said = stage.command(ALICE, text)
    assert told in said
    assert (says("pdf_is_not_a_form_of_the_export") in said) is ("pdf" in text)


def check_offline(exported: str) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, "-I", str(ROOT / "tests" / "offline_verify.py")]
    return subprocess.run(script, input=exported, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("person", drawn("gets the record", [ALICE, CAROL]))
def test_an_operator_or_an_approver_gets_a_file_that_proves_itself(stage: Stage, person: str) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    name, content = export(stage, person)
    assert name == "legacytls-record.jsonl"
    checked = check_offline(content)
    assert checked.returncode == 0, checked.stderr
    events = [json.loads(line) for line in content.splitlines()]
    assert says("sound_up_to_event", value=events[-1]["seq"]) in checked.stdout
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {"request_opened", "voted", "moved", "attempt"} <= {event["kind"] for event in events}
    assert check_offline(content.replace(f'"actor":"{BOB}"', f'"actor":"{DAVE}"', 1)).returncode != 0


def test_taking_the_record_is_itself_on_record(stage: Stage) -> None:
    export(stage, BOB, "export csv")
    _, content = export(stage, ALICE)
    taken = [event for event in map(json.loads, content.splitlines()) if event["kind"] == "exported"]
    assert [(event["actor"], event["payload"]["format"]) for event in taken[-2:]] == [
        (BOB, "csv"),
        (ALICE, "jsonl"),
    ]


def test_for_a_spreadsheet_it_is_a_table_with_one_row_a_change_and_names(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    name, content = export(stage, ALICE, "export csv")
    assert name == "legacytls-record.csv"
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len({row["number"] for row in rows}) == len(rows)
    (found,) = [row for row in rows if row["number"] == str(number)]
    assert (found["outcome"], found["requester"], found["approvers"]) == ("applied", ALICE, BOB)
    assert (found["requester_name"], found["approver_names"]) == ("alice", "bob")


@pytest.mark.parametrize(
    ("person", "why"),
    drawn(
        "no record",
        [(DAVE, "You are not an operator or approver"), (ERIN, "Guest accounts"), (FRANK, "Only members")],
    ),
)
def test_nobody_else_gets_it(stage: Stage, person: str, why: str) -> None:
    before, _ = stage.record(lambda reader: reader.head())
    direct = stage.slack.messages(stage.slack.dm(person), person)
    assert why in stage.command(person, "export")
    assert stage.slack.messages(stage.slack.dm(person), person) == direct
    (refused,) = stage.record(lambda reader: reader.events(after=before))
    assert (refused.kind, refused.actor, refused.payload["what"]) == ("refused", person, "export")
    assert why in str(refused.payload["because"])


def test_a_file_that_slack_does_not_take_is_told(stage: Stage) -> None:
    stage.slack.fault("files.getUploadURLExternal", "internal_error", 9)
    assert says("this_could_not_be_done_2") in stage.command(ALICE, "export")


def test_the_head_on_a_card_is_a_witness_for_the_command_line(stage: Stage) -> None:
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    found = re.search(r"Record: head `(\d+):([0-9a-f]{64})`", words(stage.card(number, "Applied:")))
    assert found
    seq, head = found.groups()
    assert verify(stage, f"{seq}:{head}").startswith(says("the_record_is_sound"))
    assert says("was_rewritten") in verify(stage, f"{seq}:{head[::-1]}")


def verify(stage: Stage, witness: str) -> str:
    bot = stage.sandbox.bot
    assert bot is not None
    done = command("verify", "--witness", witness, settings=dict(bot._environment), folder=stage._folder)
    assert done.err == ""
    return done.out
