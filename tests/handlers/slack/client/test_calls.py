"""Slack's failures as they reach the rest of the house: a sentence for people, and Slack's own code to tell
them apart by."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from handlers.ports import Unavailable
from handlers.slack.client.calls import MENDS, UNREADABLE, call
from tests.bot.exchange.stage import Stage, answer
from tests.sentences import says

PAGE = b"<!DOCTYPE html><html><title>We'll be right back</title></html>"
BROKEN_OFF = b'{"ok": true, "url": "wss://wss-primary.example/link/?ticket=canary'
NO_ANSWERS = [
    PAGE,
    BROKEN_OFF,
    b"",
    b'"ok"',
    b"[1]",
    b"7",
    b"true",
    b"null",
    b'{"error": [1]}',
    b"[" * 9999,
    b"\xff",
]


@pytest.fixture
def slack() -> Iterator[Stage]:
    """What answers at Slack's address, be it Slack or not."""
    stage = Stage()
    yield stage
    stage.close()


def answered(status: int = 200, headers: dict[str, Any] | None = None, **body: Any) -> Unavailable:
    """What comes of an answer of Slack's that is a refusal."""
    about = {"client": None, "http_verb": "POST", "api_url": "", "req_args": {}, "status_code": status}
    response = SlackResponse(data={"ok": False, **body}, headers=headers or {}, **about)

    def method() -> None:
        raise SlackApiError("refused", response)

    with pytest.raises(Unavailable) as refused:
        call(method)
    return refused.value


@pytest.mark.parametrize("code", ["message_not_found", "user_disabled", "internal_error", "ratelimited"])
def test_every_refusal_keeps_slack_s_own_code(code: str) -> None:
    assert answered(error=code).code == code


def test_what_names_no_code_has_none() -> None:
    assert (answered(status=503).code, answered(status=429).code) == ("", "")


@pytest.mark.parametrize(
    "code", ["update_failed", "external_channel_migrating", "org_login_required", "team_added_to_org"]
)
def test_a_failure_of_slack_s_own_and_a_move_pass_by_themselves(code: str) -> None:
    assert (answered(error=code).retryable, answered(error=code).mend) == (True, "")


def test_a_frozen_channel_is_mended_like_an_archived_one() -> None:
    frozen, archived = answered(error="is_inactive"), answered(error="is_archived")
    assert (
        (frozen.retryable, frozen.mend)
        == (archived.retryable, archived.mend)
        == (False, MENDS["is_archived"][1])
    )


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        ("30", 30),
        (["30"], 30),
        ("0", 1),
        ("-5", 1),
        ("86400", 3600),
        ("inf", 3600),
        ("nan", 1),
        ("soon", 1),
        (None, 1),
    ],
)
def test_slack_is_left_alone_for_as_long_as_it_asks_but_for_an_hour_at_most(said: Any, waited: float) -> None:
    headers = {} if said is None else {"Retry-After": said}
    assert answered(429, headers, error="ratelimited").retry_after == waited


@pytest.mark.parametrize("kind", ["application/gzip", "application/json; charset=banana"])
def test_what_cannot_be_read_as_text_is_no_answer_either(kind: str, slack: Stage) -> None:
    slack.plays(answer(200, b'{"ok": true}', {"Content-Type": kind}))
    with pytest.raises(Unavailable):
        call(WebClient("xoxb-1", base_url=f"{slack.url}/api/", retry_handlers=[]).auth_test)


@pytest.mark.parametrize("body", NO_ANSWERS)
@pytest.mark.parametrize("status", [200, 404, 502])
def test_what_is_no_answer_of_slack_s_says_nothing_and_passes(status: int, body: bytes, slack: Stage) -> None:
    slack.plays(answer(status, body))
    with pytest.raises(Unavailable) as away:
        call(WebClient("xoxb-1", base_url=f"{slack.url}/api/", retry_handlers=[]).auth_test)
    assert (away.value.code, away.value.retryable, away.value.mend) == ("", True, "")
    assert away.value.sentence in (UNREADABLE, says("slack_had_a_problem_of_its_own"))
