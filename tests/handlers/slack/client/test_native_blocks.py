"""Charts and tables are sent where Slack draws them; where it refuses them the text is, and it is not asked
each time."""

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.ports import Unavailable
from handlers.slack.client.native_blocks import REMEMBERED, NativeBlocks
from handlers.slack.views.blocks import Message, bar_chart, section
from tests.handlers.driver import ALICE, House
from tests.handlers.register.registering import added, opted_in

CHART = bar_chart("Devices", [("Week", 3)], x_label="Week", y_label="Active")
MESSAGE = Message("3 devices", [section("Text")], [section("Text"), CHART])


class Slack:
    """Takes messages, and charts only if it draws them."""

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.got: list[list[str]] = []

    def send(self, arguments: dict[str, Any]) -> str:
        self.got.append([block["type"] for block in arguments["blocks"]])
        if self.code and "data_visualization" in self.got[-1]:
            raise Unavailable("Refused.", retryable=False, code=self.code)
        return "sent"


def test_a_chart_is_sent_where_slack_draws_it() -> None:
    slack = Slack()
    assert NativeBlocks().sent(MESSAGE, slack.send) == "sent"
    assert slack.got == [["section", "data_visualization"]]


def test_a_refusal_is_answered_with_the_text_and_remembered_for_a_while() -> None:
    slack, now = Slack("invalid_blocks"), [0.0]
    native = NativeBlocks(lambda: now[0])
    for passed, tries in ((0.0, 2), (1.0, 1), (REMEMBERED - 2, 1), (2.0, 2)):
        now[0] += passed
        before = len(slack.got)
        assert native.sent(MESSAGE, slack.send) == "sent"
        assert len(slack.got) - before == tries
        assert slack.got[-1] == ["section"]


def test_what_fails_for_another_reason_says_nothing_of_charts() -> None:
    slack, native = Slack("not_in_channel"), NativeBlocks()
    for _ in range(2):
        with pytest.raises(Unavailable):
            native.sent(MESSAGE, slack.send)
    assert slack.got == [["section", "data_visualization"]] * 2


def test_a_message_without_charts_is_sent_once() -> None:
    slack = Slack("invalid_blocks")
    assert NativeBlocks().sent(Message("3", [section("Text")]), slack.send) == "sent"
    assert slack.got == [["section"]]


def test_whoever_looks_at_the_register_gets_the_text_where_slack_refuses_charts(house: House) -> None:
    opted_in(house, added(house).id)
    slack = Slack("invalid_blocks")
    house.windows.chat_postMessage = lambda **said: (
        slack.send(said) and SimpleNamespace(data=said, headers={})
    )
    for _ in range(2):
        house.press_home("devices_all", ALICE, 0)
    assert ["data_visualization" in types for types in slack.got] == [True, False, False]
    assert slack.got[1] == slack.got[2]
