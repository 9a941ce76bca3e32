"""Faults at Slack: each looks on the wire as it does there, and is used up by the calls it was meant for."""

import urllib.error
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot


def _post(client: WebClient) -> Any:
    return client.chat_postMessage(channel="C0CHANGES", text="x")


def _refused(client: WebClient) -> SlackApiError:
    with pytest.raises(SlackApiError) as refusal:
        _post(client)
    return refusal.value


@pytest.mark.parametrize("code", ["not_in_channel", "token_revoked", "is_archived", "internal_error"])
def test_an_error_code_is_answered_once_and_nothing_is_done(
    slack: Slack, client: WebClient, code: str
) -> None:
    slack.fault("chat.postMessage", code)
    assert _refused(client).response["error"] == code
    assert slack.messages("C0CHANGES") == []
    assert _post(client)["ok"]


def test_a_rate_limit_says_when_to_come_back(slack: Slack, client: WebClient) -> None:
    slack.fault("chat.postMessage", "ratelimited", seconds=7)
    answer = _refused(client).response
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert (answer.status_code, answer["error"], headers["retry-after"]) == (429, "ratelimited", "7")


@pytest.mark.parametrize(
    ("name", "status", "body"), [("server_error", 500, ""), ("bad_gateway", 502, "<html>")]
)
def test_a_broken_server_answers_without_json(slack: Slack, name: str, status: int, body: str) -> None:
    slack.fault("auth.test", name)
    answer = requests.post(slack.environment["SLACK_API_URL"] + "auth.test", timeout=20)
    assert answer.status_code == status
    assert answer.text.startswith(body)


def test_a_lost_answer_leaves_the_message_behind(slack: Slack, client: WebClient) -> None:
    slack.fault("chat.postMessage", "lost_answer")
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        _post(client)
    assert [message["text"] for message in slack.messages("C0CHANGES")] == ["x"]


def test_the_sdk_posts_twice_after_a_lost_answer(slack: Slack, bot: BoltBot) -> None:
    """Its default retry handler takes the reset for a connection that never was."""
    slack.fault("chat.postMessage", "lost_answer")
    assert _post(bot.client)["ok"]
    assert len(slack.messages("C0CHANGES")) == 2


def test_a_reset_does_nothing(slack: Slack, client: WebClient) -> None:
    slack.fault("chat.postMessage", "reset")
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        _post(client)
    assert slack.messages("C0CHANGES") == []


def test_a_slow_answer_arrives_and_a_timeout_does_not(slack: Slack) -> None:
    hasty = WebClient(
        slack.environment["SLACK_BOT_TOKEN"],
        base_url=slack.environment["SLACK_API_URL"],
        timeout=1,
        retry_handlers=[],
    )
    slack.fault("chat.postMessage", "slow", seconds=0.05)
    slack.fault("chat.postMessage", "timeout", seconds=1.5)
    assert _post(hasty)["ok"]
    with pytest.raises(TimeoutError):
        _post(hasty)
    assert len(slack.messages("C0CHANGES")) == 1


def test_a_fault_waits_for_its_method_and_counts_its_calls(slack: Slack, client: WebClient) -> None:
    slack.fault("chat.postMessage", "internal_error", count=2)
    assert client.auth_test()["ok"]
    assert [_refused(client).response["error"] for _ in range(2)] == ["internal_error"] * 2
    assert _post(client)["ok"]
    slack.fault("*", "fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        client.auth_test()


def test_a_response_url_can_fail_as_well(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack())
    bot.connect()
    slack.command("U0ALICE", "/legacytls status")
    url = slack.workspace.wait_for(lambda: slack.deliveries and slack.deliveries[0]).payload["response_url"]
    slack.fault("response_url", "server_error")
    slack.fault("response_url", "lost_answer")
    assert requests.post(url, json={"text": "one"}, timeout=20).status_code == 500
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json={"text": "two"}, timeout=20)
    assert [message["text"] for message in slack.messages("C0CHANGES")] == ["two"]


def test_a_misspelt_fault_is_an_error_and_not_silence(slack: Slack) -> None:
    with pytest.raises(ValueError, match="rate_limited"):
        slack.fault("chat.postMessage", "rate_limited")
    with pytest.raises(ValueError, match="at least 1"):
        slack.fault("chat.postMessage", "ratelimited", count=0)
