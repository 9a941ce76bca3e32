"""Reactions: the event in all its fields, who learns of it, and its being sent again until it is
acknowledged."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.sandbox.slack.messages import SlackError
from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot


def _posted(client: WebClient) -> str:
    return str(client.chat_postMessage(channel="C0CHANGES", text="May we?")["ts"])


@pytest.fixture
def events(bot: BoltBot) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    @bot.app.event("reaction_added")
    @bot.app.event("reaction_removed")
    def take(body: dict[str, Any]) -> None:
        bodies.append(body)

    bot.connect()
    return bodies


def test_a_reaction_says_who_what_and_where_and_nothing_more(
    slack: Slack, client: WebClient, events: list[dict[str, Any]]
) -> None:
    ts = _posted(client)
    event_id = slack.react("U0BOB", "C0CHANGES", ts, "+1::skin-tone-3")
    (body,) = slack.workspace.wait_for(lambda: events)
    event = body["event"]
    assert event.pop("event_ts") > ts
    assert event == {
        "type": "reaction_added", "user": "U0BOB", "reaction": "+1::skin-tone-3", "item_user": "U0LEGACY",
        "item": {"type": "message", "channel": "C0CHANGES", "ts": ts},
    }  # fmt: skip
    assert (body["type"], body["team_id"], body["api_app_id"]) == ("event_callback", "T0CONTOSO", "A0LEGACY")
    assert body["event_id"] == event_id
    assert isinstance(body["event_time"], int)
    assert body["is_ext_shared_channel"] is False
    assert body["authorizations"][0]["user_id"] == "U0LEGACY"


def test_taking_a_reaction_back_is_another_event(
    slack: Slack, client: WebClient, events: list[dict[str, Any]]
) -> None:
    ts = _posted(client)
    slack.react("U0BOB", "C0CHANGES", ts, "x")
    assert slack.messages("C0CHANGES")[0]["reactions"] == [{"name": "x", "users": ["U0BOB"]}]
    slack.workspace.wait_for(lambda: events)
    slack.unreact("U0BOB", "C0CHANGES", ts, "x")
    slack.workspace.wait_for(lambda: events[1:])
    assert [body["event"]["type"] for body in events] == ["reaction_added", "reaction_removed"]
    assert events[0]["event_id"] != events[1]["event_id"]
    assert slack.messages("C0CHANGES")[0]["reactions"] == []


def test_the_same_reaction_counts_once(slack: Slack, client: WebClient) -> None:
    ts = _posted(client)
    slack.react("U0BOB", "C0CHANGES", ts, "x")
    with pytest.raises(SlackError, match="already_reacted"):
        slack.react("U0BOB", "C0CHANGES", ts, "x")
    with pytest.raises(SlackError, match="no_reaction"):
        slack.unreact("U0BOB", "C0CHANGES", ts, "white_check_mark")


def test_the_envelope_tells_of_a_shared_channel(
    slack: Slack, client: WebClient, events: list[dict[str, Any]]
) -> None:
    slack.workspace.rearrange("C0CHANGES", is_ext_shared=True)
    slack.react("U0FRANK", "C0CHANGES", _posted(client), "x")
    assert slack.workspace.wait_for(lambda: events)[0]["is_ext_shared_channel"] is True
    assert client.conversations_info(channel="C0CHANGES")["channel"]["is_ext_shared"] is True


def test_the_bot_learns_nothing_of_channels_it_is_not_in(slack: Slack) -> None:
    slack.say("U0ALICE", "hello", channel="C0GENERAL")
    (message,) = slack.messages("C0GENERAL")
    assert slack.react("U0BOB", "C0GENERAL", message["ts"], "x") is None
    assert slack.deliveries == []


def test_nobody_reacts_to_an_ephemeral_message(slack: Slack, client: WebClient) -> None:
    ts = client.chat_postEphemeral(channel="C0CHANGES", user="U0BOB", text="psst")["message_ts"]
    with pytest.raises(SlackError, match="message_not_found"):
        slack.react("U0BOB", "C0CHANGES", ts, "x")


def test_an_event_is_sent_again_until_it_is_acknowledged(impatient: Slack, late_bot: BoltBot) -> None:
    """At first as attempt 0; the event's id stays, the envelope's does not."""
    heard: list[tuple[str, str, str]] = []

    @late_bot.app.middleware
    def deaf_twice(req: Any, resp: Any, next: Any) -> Any:  # noqa: A002
        number, reason = req.headers["x-slack-retry-num"][0], req.headers["x-slack-retry-reason"][0]
        heard.append((req.body["event_id"], number, reason))
        if len(heard) < 3:
            resp.status = 500
            return resp
        return next()

    late_bot.app.event("reaction_added")(lambda: None)
    late_bot.connect()
    event_id = impatient.react("U0BOB", "C0CHANGES", _posted(late_bot.client), "x")
    impatient.workspace.wait_for(
        lambda: impatient.deliveries and impatient.deliveries[-1].acked_after is not None
    )
    assert heard == [(event_id, "0", ""), (event_id, "1", "timeout"), (event_id, "2", "timeout")]
    assert len({delivery.envelope_id for delivery in impatient.deliveries}) == 3
    assert [delivery.acked_after is None for delivery in impatient.deliveries] == [True, True, False]


def test_an_event_without_a_listener_comes_four_times(impatient: Slack, late_bot: BoltBot) -> None:
    late_bot.connect()
    impatient.react("U0BOB", "C0CHANGES", _posted(late_bot.client), "x")
    impatient.workspace.wait_for(lambda: len(impatient.deliveries) == 4)
    assert [delivery.retry_attempt for delivery in impatient.deliveries] == [0, 1, 2, 3]
    assert {delivery.acked_after for delivery in impatient.deliveries} == {None}


def test_an_event_can_be_replayed(slack: Slack, client: WebClient, events: list[dict[str, Any]]) -> None:
    event_id = slack.react("U0BOB", "C0CHANGES", _posted(client), "x")
    slack.workspace.wait_for(lambda: events)
    assert event_id is not None
    slack.replay(event_id)
    slack.workspace.wait_for(lambda: events[1:])
    assert [body["event_id"] for body in events] == [event_id] * 2
    assert [delivery.retry_attempt for delivery in slack.deliveries] == [0, 1]
