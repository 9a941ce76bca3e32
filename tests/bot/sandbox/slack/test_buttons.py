"""Buttons and menus on messages: what the bot learns of a press, and how it may change the message."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.sandbox.slack.messages import SlackError
from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot


def _button(action: str, value: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": action},
        "value": value,
    }


def _card(*buttons: dict[str, Any]) -> list[dict[str, Any]]:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "May we?"}}
    return [section, {"type": "actions", "block_id": "decide", "elements": list(buttons)}]


@pytest.fixture
def pressed(bot: BoltBot) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    @bot.app.action("approve")
    def approve(ack: Any, body: dict[str, Any]) -> None:
        ack()
        bodies.append(body)

    bot.connect()
    return bodies


def test_a_press_says_who_pressed_what_on_which_message(
    slack: Slack, client: WebClient, pressed: list[dict[str, Any]]
) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="May we?", blocks=_card(_button("approve", "12")))[
        "ts"
    ]
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    body = slack.workspace.wait_for(lambda: pressed)[0]
    assert body["type"] == "block_actions"
    assert body["user"] == {"id": "U0BOB", "username": "bob", "name": "bob", "team_id": "T0CONTOSO"}
    assert body["team"] == {"id": "T0CONTOSO", "domain": "contoso"}
    assert body["api_app_id"] == "A0LEGACY"
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": "C0CHANGES",
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": "C0CHANGES", "name": "mail-changes"}
    assert (body["message"]["ts"], body["message"]["text"], body["message"]["user"]) == (
        ts,
        "May we?",
        "U0LEGACY",
    )
    assert body["state"] == {"values": {}}
    (action,) = body["actions"]
    assert action.pop("action_ts")
    assert action == {
        "type": "button", "action_id": "approve", "block_id": "decide", "value": "12",
        "text": {"type": "plain_text", "text": "approve"},
    }  # fmt: skip
    assert body["response_url"].startswith(slack.url)
    assert body["trigger_id"]


def test_a_stranger_comes_with_a_team_of_their_own(
    slack: Slack, client: WebClient, pressed: list[dict[str, Any]]
) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="May we?", blocks=_card(_button("approve", "12")))[
        "ts"
    ]
    slack.press("U0FRANK", "C0CHANGES", ts, "approve")
    body = slack.workspace.wait_for(lambda: pressed)[0]
    assert (body["user"]["team_id"], body["team"]["id"]) == ("T0FABRIKAM", "T0CONTOSO")


def test_an_ephemeral_message_is_pressed_by_its_reader_and_not_sent_along(
    slack: Slack, client: WebClient, pressed: list[dict[str, Any]]
) -> None:
    blocks = _card(_button("approve", "12"))
    ts = client.chat_postEphemeral(channel="C0CHANGES", user="U0BOB", text="Sure?", blocks=blocks)[
        "message_ts"
    ]
    with pytest.raises(SlackError, match="message_not_found"):
        slack.press("U0ALICE", "C0CHANGES", ts, "approve")
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    body = slack.workspace.wait_for(lambda: pressed)[0]
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body


def test_buttons_of_the_same_name_are_told_apart_by_value_or_block(
    slack: Slack, client: WebClient, pressed: list[dict[str, Any]]
) -> None:
    blocks = [
        *_card(_button("approve", "12")),
        {"type": "actions", "block_id": "other", "elements": [_button("approve", "13")]},
    ]
    ts = client.chat_postMessage(channel="C0CHANGES", text="Two", blocks=blocks)["ts"]
    slack.press("U0BOB", "C0CHANGES", ts, "approve", value="13")
    slack.workspace.wait_for(lambda: pressed)
    slack.press("U0BOB", "C0CHANGES", ts, "approve", block_id="decide")
    slack.workspace.wait_for(lambda: pressed[1:])
    assert [body["actions"][0]["value"] for body in pressed] == ["13", "12"]
    with pytest.raises(LookupError, match="14"):
        slack.press("U0BOB", "C0CHANGES", ts, "approve", value="14")


def test_a_slow_screen_presses_what_the_card_no_longer_shows(
    slack: Slack, client: WebClient, pressed: list[dict[str, Any]]
) -> None:
    ts = client.chat_postMessage(channel="C0CHANGES", text="May we?", blocks=_card(_button("approve", "12")))[
        "ts"
    ]
    client.chat_update(channel="C0CHANGES", ts=ts, text="Decided", blocks=_card(_button("more", "12")))
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    body = slack.workspace.wait_for(lambda: pressed)[0]
    assert body["message"]["text"] == "Decided"
    with pytest.raises(LookupError):
        slack.press("U0BOB", "C0CHANGES", ts, "reject")


def test_a_menu_sends_what_was_chosen(slack: Slack, bot: BoltBot, client: WebClient) -> None:
    chosen: list[Any] = []

    @bot.app.action("filter")
    def choose(ack: Any, body: dict[str, Any]) -> None:
        ack()
        chosen.append((body["actions"][0]["selected_option"]["value"], body["state"]["values"]))

    options = [
        {"text": {"type": "plain_text", "text": name}, "value": name} for name in ("applied", "failed")
    ]
    menu = {"type": "static_select", "action_id": "filter", "options": options, "initial_option": options[0]}
    bot.connect()
    ts = client.chat_postMessage(channel="C0CHANGES", text="History", blocks=_card(menu))["ts"]
    slack.press("U0DAVE", "C0CHANGES", ts, "filter", selected="failed")
    ((value, state),) = slack.workspace.wait_for(lambda: chosen)
    assert value == "failed"
    assert state == {"decide": {"filter": {"type": "static_select", "selected_option": options[1]}}}


def test_respond_changes_or_deletes_the_message_only_when_it_says_so(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    answers = iter([{"text": "noted"}, {"text": "Done", "replace_original": True}, {"delete_original": True}])

    @bot.app.action("approve")
    def approve(ack: Any, respond: Any) -> None:
        ack()
        respond(**next(answers))

    bot.connect()
    blocks = _card(_button("approve", "12"))
    ts = client.chat_postEphemeral(channel="C0CHANGES", user="U0BOB", text="Sure?", blocks=blocks)[
        "message_ts"
    ]
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    slack.workspace.wait_for(
        lambda: [message["text"] for message in slack.messages("C0CHANGES", "U0BOB")] == ["Sure?", "noted"]
    )
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    slack.workspace.wait_for(
        lambda: [message["text"] for message in slack.messages("C0CHANGES", "U0BOB")] == ["Done", "noted"]
    )
    assert slack.messages("C0CHANGES", "U0BOB")[0]["blocks"] == []
    slack.press("U0BOB", "C0CHANGES", ts, "approve")
    slack.workspace.wait_for(
        lambda: [message["text"] for message in slack.messages("C0CHANGES", "U0BOB")] == ["noted"]
    )


def test_a_press_without_an_ack_is_told_and_never_sent_again(impatient: Slack, late_bot: BoltBot) -> None:
    late_bot.app.action("approve")(lambda ack: None)
    late_bot.connect()
    card = late_bot.client.chat_postMessage(
        channel="C0CHANGES", text="May we?", blocks=_card(_button("approve", "12"))
    )
    impatient.press("U0BOB", "C0CHANGES", card["ts"], "approve")
    assert "operation_timeout" in impatient.workspace.wait_for(lambda: impatient.notice("U0BOB"))
    assert impatient.notice("U0ALICE") is None
    assert len(impatient.deliveries) == 1
