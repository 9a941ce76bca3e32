"""Mentions: what the simulated Slack tells the bot of a message that names it, and of no other."""

from typing import Any

import pytest

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import SCOPES, BoltBot, quick_slack


@pytest.fixture
def mentions(bot: BoltBot) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    @bot.app.event("app_mention")
    def take(body: dict[str, Any]) -> None:
        bodies.append(body)

    bot.connect()
    return bodies


@pytest.mark.parametrize("typed", ["@legacytls hello", "Well, @Legacytls: hello", "<@U0LEGACY> hello"])
def test_a_mention_says_who_where_and_what(slack: Slack, mentions: list[dict[str, Any]], typed: str) -> None:
    slack.say("U0FRANK", typed)
    (body,) = slack.workspace.wait_for(lambda: mentions)
    (message,) = slack.messages("C0CHANGES")
    assert "<@U0LEGACY>" in message["text"]
    assert body["event"] == {
        "type": "app_mention", "user": "U0FRANK", "text": message["text"], "ts": message["ts"],
        "event_ts": message["ts"], "channel": "C0CHANGES", "team": "T0FABRIKAM",
    }  # fmt: skip
    assert (body["type"], body["team_id"]) == ("event_callback", "T0CONTOSO")


@pytest.mark.parametrize(
    ("typed", "channel"),
    [("hello", "C0CHANGES"), ("mail legacytls@legacytls.example", "C0CHANGES"), ("@legacytls2", "C0CHANGES"),
     ("@legacytls", "C0GENERAL"), ("@legacytls", "D0ALICE")],
)  # fmt: skip
def test_of_anything_else_the_bot_learns_nothing(slack: Slack, typed: str, channel: str) -> None:
    slack.say("U0ALICE", typed, channel=channel)
    assert slack.deliveries == []


def test_without_the_scope_the_bot_learns_nothing() -> None:
    slack = quick_slack(scopes=[scope for scope in SCOPES if scope != "app_mentions:read"])
    try:
        slack.say("U0ALICE", "@legacytls")
        assert slack.deliveries == []
    finally:
        slack.stop()
