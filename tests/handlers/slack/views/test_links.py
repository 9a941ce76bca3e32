"""A number in a message leads to the request's message; what people typed, and what is no number of a
request, does not."""

import json

import pytest

from bot.sandbox.slack.blockkit import message_problems
from handlers.slack.views.blocks import Message, actions, button, header, section, small, typed
from handlers.slack.views.links import finder, is_slacks, linked
from tests.handlers.driver import ALICE, BOB, House

LINK = "https://contoso.slack.com/archives/C0CHANGES/p1763899200000001"


def known(numbers: object) -> dict[int, str]:
    return {12: LINK}


def said(message: Message) -> str:
    arguments = linked(message.arguments(), known)
    assert message_problems(json.loads(json.dumps(arguments["blocks"]))) == []
    return json.dumps(arguments["blocks"])


@pytest.mark.parametrize(
    "text", ["#12 is open", "as #12, by <@U0BOB>", "(#12)", "*#12 is rejected*", "ended by #12."]
)
def test_a_number_becomes_a_link_and_the_fallback_keeps_it_plain(text: str) -> None:
    for message in (
        Message(text=text),
        Message(text=text, blocks=[section(text)]),
        Message(text=text, blocks=small([text])),
    ):
        arguments = linked(message.arguments(), known)
        assert arguments["text"] == text
        assert f"<{LINK}|#12>" in json.dumps(arguments["blocks"])


@pytest.mark.parametrize(
    "text", ["#13 is open", "a#12", "##12", "&#12;", "<#C12>", "`#12`", "<https://x.example/#12|x>", "#12a"]
)
def test_what_is_no_number_of_a_known_request_stays(text: str) -> None:
    assert LINK not in said(Message(text=text, blocks=[section(text)]))


def test_what_somebody_typed_a_headline_and_a_button_stay() -> None:
    blocks = [
        header("Applied: #12"),
        *typed("Reason", "see #12\nand #12"),
        actions(button("#12", "approve", 12)),
    ]
    assert LINK not in said(Message(text="#12", blocks=blocks))


def test_a_text_that_would_grow_too_long_stays() -> None:
    text = "#12 " * 700
    assert LINK not in said(Message(text=text, blocks=[section(text)]))


@pytest.mark.parametrize(
    ("link", "ours"),
    [
        (LINK, True),
        ("https://contoso.slack-gov.com/archives/C1/p1", True),
        ("http://127.0.0.1:8642/archives/C1/p1", True),
        ("http://contoso.slack.com/archives/C1/p1", False),
        ("https://contoso.slack.com.evil.example/C1/p1", False),
        ("https://evil.example/slack.com", False),
        ("javascript:alert(1)", False),
        (f"{LINK}|Approve> <!channel", False),
        ("https://[", False),
    ],
)
def test_only_a_link_to_slack_is_shown(link: str, ours: bool) -> None:
    assert is_slacks(link) is ours
    shown = linked({"text": "#12"}, lambda numbers: {12: link})
    assert ("blocks" in shown) is ours


def test_the_link_is_kept_when_the_message_is_posted_and_follows_it(house: House) -> None:
    number = house.ask(ALICE).id
    find = finder(house.ledger)
    assert find([number]) == {}
    ts = house.card_ts(number)
    assert find([number, 99]) == {
        number: f"https://contoso.slack.com/archives/C0CHANGES/p{ts.replace('.', '')}"
    }
    house.board.gone.update(place for place, _ in house.board.cards)
    house.press("approve", BOB, number)
    house.deliver()
    assert find([number])[number].endswith(house.board.cards[-1][0].ts.replace(".", ""))
