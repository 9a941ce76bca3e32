"""The simulated App Home, the shortcut, and Slack's own judgement of a layout."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot

TEXT = {"type": "mrkdwn", "text": "*not set*"}
BUTTON = {
    "type": "button",
    "action_id": "approve",
    "value": "7",
    "text": {"type": "plain_text", "text": "Approve"},
}
HOME = {
    "type": "home",
    "blocks": [{"type": "section", "text": TEXT}, {"type": "actions", "elements": [BUTTON]}],
}


def test_opening_the_home_tells_the_bot_which_publishes_it_for_that_person_alone(
    slack: Slack, bot: BoltBot
) -> None:
    heard: list[dict[str, Any]] = []

    @bot.app.event("app_home_opened")
    def publish(event: dict[str, Any], client: WebClient) -> None:
        heard.append(event)
        client.views_publish(user_id=event["user"], view=HOME)

    bot.connect()
    assert slack.home("U0ALICE") is None
    slack.open_home("U0ALICE")
    home = slack.workspace.wait_for(lambda: slack.home("U0ALICE"))
    assert (home["type"], home["blocks"][0]["text"]) == ("home", TEXT)
    assert slack.home("U0BOB") is None
    assert (heard[0]["tab"], heard[0]["channel"], "view" in heard[0]) == ("home", "D0ALICE", False)
    slack.open_home("U0ALICE")
    slack.workspace.wait_for(lambda: len(heard) == 2)
    assert heard[1]["view"]["hash"] == home["hash"]


def test_a_button_on_the_home_is_pressed_in_the_view_and_in_no_channel(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    pressed: list[dict[str, Any]] = []
    bot.app.action("approve")(lambda ack, body: (ack(), pressed.append(body)))
    bot.connect()
    client.views_publish(user_id="U0BOB", view=HOME)
    slack.press("U0BOB", None, slack.home("U0BOB")["id"], "approve")  # type: ignore[index]
    slack.workspace.wait_for(lambda: pressed)
    (body,) = pressed
    assert (body["container"]["type"], body["view"]["type"], body["actions"][0]["value"]) == (
        "view",
        "home",
        "7",
    )
    assert {"channel", "message", "response_url"}.isdisjoint(body)


def test_a_button_that_the_home_showed_earlier_can_still_be_pressed(
    slack: Slack, bot: BoltBot, client: WebClient
) -> None:
    pressed: list[dict[str, Any]] = []
    bot.app.action("approve")(lambda ack, body: (ack(), pressed.append(body)))
    bot.connect()
    client.views_publish(user_id="U0BOB", view=HOME)
    before: Any = slack.home("U0BOB")
    client.views_publish(user_id="U0BOB", view=HOME | {"blocks": HOME["blocks"][:1]})
    slack.press("U0BOB", None, before["id"], "approve", block_id=before["blocks"][1]["block_id"])
    slack.workspace.wait_for(lambda: pressed)


def test_a_home_is_published_over_the_one_that_was_seen(slack: Slack, client: WebClient) -> None:
    first = client.views_publish(user_id="U0BOB", view=HOME)["view"]["hash"]
    client.views_publish(user_id="U0BOB", view=HOME, hash=first)
    with pytest.raises(SlackApiError) as refusal:
        client.views_publish(user_id="U0BOB", view=HOME, hash=first)
    assert refusal.value.response["error"] == "hash_conflict"


@pytest.mark.parametrize(
    ("user", "view", "code"),
    [
        ("U0NOBODY", HOME, "user_not_found"),
        ("U0BOB", {"type": "home", "blocks": [{"type": "divider"}] * 101}, "invalid_arguments"),
        (
            "U0BOB",
            {"type": "home", "title": {"type": "plain_text", "text": "No title here"}, "blocks": []},
            "invalid_arguments",
        ),
    ],
)
def test_what_slack_would_refuse_is_refused(
    slack: Slack, client: WebClient, user: str, view: dict[str, Any], code: str
) -> None:
    with pytest.raises(SlackApiError) as refusal:
        client.views_publish(user_id=user, view=view)
    assert refusal.value.response["error"] == code


def test_a_global_shortcut_comes_without_a_place_and_opens_a_form(slack: Slack, bot: BoltBot) -> None:
    used: list[dict[str, Any]] = []

    @bot.app.shortcut("legacytls")
    def choose(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        used.append(body)
        title = {"type": "plain_text", "text": "Legacy TLS"}
        client.views_open(
            trigger_id=body["trigger_id"], view={"type": "modal", "title": title, "blocks": HOME["blocks"]}
        )

    bot.connect()
    slack.shortcut("U0ALICE", "legacytls")
    slack.workspace.wait_for(lambda: slack.views("U0ALICE"))
    assert (used[0]["type"], used[0]["callback_id"]) == ("shortcut", "legacytls")
    assert "channel" not in used[0]


def test_a_layout_is_judged_and_nothing_is_posted(slack: Slack, client: WebClient) -> None:
    before = slack.messages("C0CHANGES")
    for right in (
        {"view": HOME},
        {"blocks": HOME["blocks"]},
        {"message": {"text": "x", "blocks": HOME["blocks"]}},
    ):
        assert client.api_call("blocks.validate", json=right)["ok"]
    broken = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    for code, wrong in (
        ("invalid_view", {"view": HOME | {"blocks": broken}}),
        ("invalid_blocks", {"blocks": broken}),
        ("invalid_message", {"message": {"text": "x", "blocks": broken}}),
    ):
        with pytest.raises(SlackApiError) as refusal:
            client.api_call("blocks.validate", json=wrong)
        answer = refusal.value.response
        assert answer["error"] == code
        (error,) = answer["errors"]
        assert error["pointer"].endswith("/0/text/text")
        assert "3001" in error["message"] or "3000" in error["message"]
    assert slack.messages("C0CHANGES") == before
    assert slack.home("U0BOB") is None
