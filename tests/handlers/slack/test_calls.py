"""Slack's failures as they reach the rest of the house: a sentence for people, and Slack's own code to tell them apart by."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from handlers.ports import Unavailable
from handlers.slack.calls import call


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
    ("said", "waited"),
    [("30", 30), (["30"], 30), ("0", 1), ("-5", 1), ("86400", 3600), ("inf", 3600), ("nan", 1), ("soon", 1), (None, 1)],
)
def test_slack_is_left_alone_for_as_long_as_it_asks_but_for_an_hour_at_most(said: Any, waited: float) -> None:
    headers = {} if said is None else {"Retry-After": said}
    assert answered(429, headers, error="ratelimited").retry_after == waited
