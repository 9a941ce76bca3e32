"""Which request a message is about is told by the number in its deciding buttons, and by nothing else that it
shows."""

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.ports import Place
from handlers.slack.client.copies import SlackCopies
from handlers.slack.views.blocks import actions, button, header
from handlers.slack.views.card_buttons import APPROVE, REJECT, WITHDRAW


class Slack:
    """Answers ``reactions.get`` with one message."""

    def __init__(self, message: object) -> None:
        self.message = message
        self.asked: dict[str, str] = {}

    def reactions_get(self, **asked: str) -> SimpleNamespace:
        self.asked = asked
        return SimpleNamespace(data={"ok": True, "type": "message", "message": self.message}, headers={})


def found(message: object) -> int | None:
    return SlackCopies(Slack(message)).request_at(Place("C0CHANGES", "1.2"))  # type: ignore[arg-type]


def showing(*names: tuple[str, object]) -> dict[str, Any]:
    row = actions(*(button(name, name, 1) for name, _ in names)).to_dict()
    for element, (_, value) in zip(row["elements"], names, strict=True):
        element["value"] = value
    return {"text": "Request #7", "blocks": [header("Request #7").to_dict(), row]}


@pytest.mark.parametrize("name", [APPROVE, REJECT, WITHDRAW])
def test_a_deciding_button_tells_the_request(name: str) -> None:
    assert found(showing((name, "12"))) == 12


def test_all_the_buttons_of_one_message_tell_the_same() -> None:
    assert found(showing((APPROVE, "12"), (REJECT, "12"), (WITHDRAW, "12"))) == 12
    assert found(showing((APPROVE, "12"), (REJECT, "13"))) is None


NOT_TOLD: dict[str, object] = {
    "another button": showing(("snooze", "12")),
    "a word": showing((APPROVE, "twelve")),
    "a button without a value": showing((APPROVE, None)),
    "a message without blocks": {"text": "#12"},
    "blocks of no shape": {"blocks": "#12"},
    "elements of no shape": {"blocks": [None, {"elements": [None]}]},
    "no message": None,
}


@pytest.mark.parametrize("message", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_nothing_else_does(message: object) -> None:
    assert found(message) is None


def test_it_is_asked_for_by_its_place() -> None:
    slack = Slack({})
    SlackCopies(slack).request_at(Place("C0CHANGES", "1.2"))  # type: ignore[arg-type]
    assert slack.asked == {"channel": "C0CHANGES", "timestamp": "1.2"}
