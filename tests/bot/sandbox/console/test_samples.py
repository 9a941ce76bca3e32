"""Files in the sandbox's forms: one it offers, or one of the person's own, is left with its Slack as Slack's
client does."""

import base64
from datetime import date
from typing import Any

import requests
from playwright.sync_api import expect
from slack_sdk import WebClient

from bot.sandbox.console.samples import DEVICES, OWNERS, SAMPLES, content
from bot.sandbox.slack.simulation import Slack
from handlers.register.files.kind_detection import read
from handlers.register.files.parsed_file import FileKind
from tests.bot.sandbox import canned
from tests.bot.sandbox.bolt_bot import BoltBot
from tests.bot.sandbox.browser import OpenPage
from tests.bot.sandbox.console.console_stub import ConsoleStub


def test_what_is_offered_is_read_by_the_bot_and_belongs_to_two_people() -> None:
    told = {key: read(content(key, date(2026, 11, 30))[1]) for key in SAMPLES}
    assert [told["devices"].kind, told["report"].kind] == [FileKind.DEVICES, FileKind.SMTP_CLIENTS]
    assert len(told["devices"].listed) == len(DEVICES) == 12
    assert {row["owner"] for row in told["devices"].listed} == set(OWNERS)
    assert sum(one.is_legacy for one in told["report"].seen) == len(DEVICES) + 2


def test_a_file_of_ones_own_and_one_that_is_offered_reach_the_bot(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    seen: list[Any] = []
    label = {"type": "plain_text", "text": "File"}
    block = {
        "type": "input",
        "block_id": "file",
        "label": label,
        "element": {"type": "file_input", "action_id": "file"},
    }
    form = {"type": "modal", "callback_id": "form", "title": label, "submit": label, "blocks": [block]}

    @bot.app.command("/legacytls")
    def show(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @bot.app.view("form")
    def take(ack: Any, view: Any) -> None:
        seen.extend(view["state"]["values"]["file"]["file"]["files"])
        ack()

    bot.connect()
    own = {"name": "mine.csv", "content": base64.b64encode(b"a,b").decode()}
    for chosen in (own, {"sample": "report"}, {"name": "broken", "content": "%"}):
        slack.command("U0ALICE", "/legacytls")
        (view,) = slack.workspace.wait_for(lambda: slack.views("U0ALICE"))
        given = {"as": "U0ALICE", "view_id": view["id"], "values": {"file": [chosen]}}
        answered = requests.post(f"{slack.url}/console/submit", json=given, timeout=10)
    assert answered.status_code == 400
    assert [file["name"] for file in seen] == ["mine.csv", "smtp-auth-clients.csv"]
    assert slack._files.content(seen[0]["id"]) == b"a,b"


def test_the_page_reads_a_chosen_file_and_offers_those_of_the_sandbox(
    console: ConsoleStub, open_page: OpenPage
) -> None:
    console.state["samples"] = [{"id": "report", "label": "The report", "name": "report.csv"}]
    form = canned.modal(canned.input_block("file", "File", {"type": "file_input"}))
    console.state["views"] = [{"id": "V1", "view": form, "errors": None}]
    page = open_page(console.url)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask for approval").click()
    expect(dialog.locator(".field-error")).to_be_visible()
    dialog.get_by_role("button", name="The report").click()
    expect(dialog).to_contain_text("Chosen: report.csv")
    dialog.locator("input[type=file]").set_input_files(
        {"name": "own.csv", "mimeType": "text/csv", "buffer": b"a,b"}
    )
    expect(dialog).to_contain_text("Chosen: own.csv")
    with page.expect_response("**/console/submit"):
        dialog.get_by_role("button", name="Ask for approval").click()
    chosen = console.posted("submit")[-1]["values"]["file"]
    assert chosen == [{"name": "own.csv", "content": base64.b64encode(b"a,b").decode()}]
