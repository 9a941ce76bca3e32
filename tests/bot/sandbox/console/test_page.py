"""The real page on the real console with a real bot: what each of them is tested for alone also fits
together."""

from typing import Any

from playwright.sync_api import expect

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot
from tests.bot.sandbox.browser import OpenPage

FIELD = {
    "type": "input",
    "block_id": "reason",
    "label": {"type": "plain_text", "text": "Reason"},
    "element": {"type": "plain_text_input", "action_id": "it"},
}


def _form() -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Ask"}
    return {"type": "modal", "callback_id": "ask", "title": title, "submit": title, "blocks": [FIELD]}


def test_a_person_asks_on_the_page_and_everybody_sees_it(
    slack: Slack, bot: BoltBot, open_page: OpenPage
) -> None:
    @bot.app.command("/legacytls")
    def ask(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=_form())

    @bot.app.view("ask")
    def take(ack: Any, view: Any, client: Any) -> None:
        ack()
        client.chat_postMessage(
            channel="C0CHANGES", text=f"Asked: {view['state']['values']['reason']['it']['value']}"
        )

    bot.connect()
    alice, bob = open_page(f"{slack.url}/?as=U0ALICE"), open_page(f"{slack.url}/?as=U0BOB")
    alice.get_by_label("Message", exact=True).fill("/legacytls enable")
    alice.get_by_role("button", name="Send", exact=True).click()
    alice.get_by_label("Reason").fill("forty scanners")
    alice.get_by_role("dialog").get_by_role("button", name="Ask").click()
    expect(alice.get_by_role("dialog")).to_have_count(0)
    for page in (alice, bob):
        expect(page.get_by_role("log")).to_contain_text("Asked: forty scanners")


def test_a_refusal_by_slack_is_told_on_the_page(slack: Slack, open_page: OpenPage) -> None:
    page = open_page(f"{slack.url}/?as=U0ALICE")
    page.get_by_label("Message", exact=True).fill("/nope")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("/nope is not a valid command.")).to_be_visible()
