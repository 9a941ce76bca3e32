"""Slash commands: what arrives, what an ack and ``respond`` become, and what a person sees when nothing comes
back."""

from typing import Any

import pytest
import requests

from bot.sandbox.slack.messages import SlackError
from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot, quick_slack


def _first(slack: Slack) -> dict[str, Any]:
    return slack.workspace.wait_for(lambda: slack.deliveries and slack.deliveries[0]).payload


def test_the_text_of_an_ack_is_seen_by_that_person_only(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack, body: ack(f"You said {body['text']}"))
    bot.connect()
    slack.command("U0ALICE", "/legacytls   status  now ")
    (message,) = slack.workspace.wait_for(lambda: slack.messages("C0CHANGES", "U0ALICE"))
    assert message["text"] == "You said status  now"
    assert message["ephemeral"] is True
    assert message["ephemeral_to"] == "U0ALICE"
    assert slack.messages("C0CHANGES", "U0BOB") == []
    assert slack.messages("C0CHANGES") == [message]


def test_a_command_says_who_where_and_how_to_answer(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0DAVE", "/legacytls", channel=slack.dm("U0DAVE"))
    payload = _first(slack)
    expected = {
        "team_id": "T0CONTOSO", "team_domain": "contoso", "channel_id": "D0DAVE",
        "channel_name": "directmessage", "user_id": "U0DAVE", "user_name": "dave", "command": "/legacytls",
        "text": "", "api_app_id": "A0LEGACY", "is_enterprise_install": "false",
    }  # fmt: skip
    assert {name: payload[name] for name in expected} == expected
    assert payload["response_url"].startswith(slack.url)
    assert set(payload) - set(expected) == {"token", "response_url", "trigger_id"}


def test_respond_is_private_unless_it_says_in_channel(slack: Slack, bot: BoltBot) -> None:
    @bot.app.command("/legacytls")
    def answer(ack: Any, respond: Any) -> None:
        ack()
        respond("privately")
        respond("to all", response_type="in_channel")

    bot.connect()
    slack.command("U0ALICE", "/legacytls status", channel="C0GENERAL")
    seen = slack.workspace.wait_for(lambda: len(found := slack.messages("C0GENERAL")) == 2 and found)
    assert [(message["text"], message["ephemeral"]) for message in seen] == [
        ("privately", True),
        ("to all", False),
    ]
    assert [message["text"] for message in slack.messages("C0GENERAL", "U0BOB")] == ["to all"]


def test_a_command_has_no_original_that_could_be_replaced(slack: Slack, bot: BoltBot) -> None:
    """So "Reading…" stays above the value, as in Slack (bolt-js #2287)."""

    @bot.app.command("/legacytls")
    def answer(ack: Any, respond: Any) -> None:
        ack("Reading…")
        respond("opted out", replace_original=True)
        respond(delete_original=True, text="")

    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    seen = slack.workspace.wait_for(
        lambda: len(found := slack.messages("C0CHANGES", "U0ALICE")) == 2 and found
    )
    assert {message["text"] for message in seen} == {"Reading…", "opted out"}


def test_a_response_url_takes_five_posts(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    url = _first(slack)["response_url"]
    assert [requests.post(url, json={"text": "again"}, timeout=20).text for _ in range(5)] == ["ok"] * 5
    sixth = requests.post(url, json={"text": "again"}, timeout=20)
    assert (sixth.status_code, sixth.json()["error"]) == (404, "used_url")
    assert len(slack.messages("C0CHANGES")) == 5


def test_a_response_url_refuses_what_a_message_may_not_be_and_is_not_used_up_by_it(
    slack: Slack, bot: BoltBot
) -> None:
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    url = _first(slack)["response_url"]
    for _ in range(6):
        assert requests.post(url, json={"text": ""}, timeout=20).text == "no_text"
    bad = requests.post(
        url,
        json={"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
        timeout=20,
    )
    assert (bad.status_code, bad.text) == (400, "invalid_blocks")
    assert requests.post(url, json={"text": "well"}, timeout=20).text == "ok"


def test_a_response_url_expires() -> None:
    slack = quick_slack(response_url_lifetime=0.0)
    bot = BoltBot(slack)
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    late = requests.post(_first(slack)["response_url"], json={"text": "late"}, timeout=20)
    bot.close()
    slack.stop()
    assert (late.status_code, late.json()["error"]) == (404, "expired_url")


def test_an_unknown_command_never_reaches_the_bot(slack: Slack) -> None:
    slack.command("U0ALICE", "/remind me")
    assert slack.notice("U0ALICE") == "/remind is not a valid command."
    assert slack.notice("U0BOB") is None
    assert slack.deliveries == []


def test_a_command_without_an_ack_fails_visibly_and_is_never_sent_again(
    impatient: Slack, late_bot: BoltBot
) -> None:
    late_bot.app.command("/legacytls")(lambda ack: None)
    late_bot.connect()
    impatient.command("U0ALICE", "/legacytls status")
    notice = impatient.workspace.wait_for(lambda: impatient.notice("U0ALICE"))
    assert notice == '/legacytls failed with the error "operation_timeout".'
    assert [(delivery.retry_attempt, delivery.acked_after) for delivery in impatient.deliveries] == [
        (0, None)
    ]


def test_a_command_while_no_bot_is_connected_fails_visibly(impatient: Slack) -> None:
    impatient.command("U0ALICE", "/legacytls status")
    assert "dispatch_failed" in impatient.workspace.wait_for(lambda: impatient.notice("U0ALICE"))
    assert impatient.deliveries == []


def test_a_notice_is_gone_with_the_next_act(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack("well"))
    bot.connect()
    slack.command("U0ALICE", "/nonsense")
    slack.command("U0ALICE", "/legacytls status")
    assert slack.notice("U0ALICE") is None


def test_an_ack_that_is_no_message_is_told_to_the_person(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack(text="x", blocks=[{"type": "sectoin"}]))
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    assert "invalid_blocks" in slack.workspace.wait_for(lambda: slack.notice("U0ALICE"))
    assert slack.messages("C0CHANGES") == []


def test_nobody_sends_a_command_where_they_are_not(slack: Slack) -> None:
    with pytest.raises(SlackError, match="not_in_channel"):
        slack.command("U0FRANK", "/legacytls status", channel="C0GENERAL")
    with pytest.raises(SlackError, match="channel_not_found"):
        slack.command("U0FRANK", "/legacytls status", channel=slack.dm("U0ALICE"))
    assert slack.deliveries == []


def test_every_delivery_knows_how_long_its_ack_took(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack("well"))
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    slack.workspace.wait_for(lambda: slack.messages("C0CHANGES"))
    (delivery,) = slack.deliveries
    assert delivery.acked_after is not None
    assert 0 < delivery.acked_after < 3
    assert delivery.answer == {"text": "well"}
