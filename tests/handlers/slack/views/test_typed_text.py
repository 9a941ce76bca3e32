"""What people typed: whole in the thread, quoted line by line, and harmless."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from handlers.outgoing.request_view import RequestView
from handlers.queries.history import HistoryLine, HistoryPage
from handlers.slack.views import cards, help_and_history, request_outcomes
from handlers.slack.views.card_thread import details
from handlers.slack.views.mrkdwn import QUOTE
from handlers.slack.views.plain_text import plain
from storage.lifecycle import Kind, State
from tests.handlers.driver import BOB
from tests.handlers.slack.views.test_block_limits import PEOPLE, WORST, ZONE, fits, marked_up, view
from tests.handlers.slack.views.test_marked_up_text import as_read
from tests.sentences import says


def quotations(found: object) -> Iterator[str]:
    """Every quotation, as people read it; one that goes on in the next block is joined to it."""
    text = ""
    for block in found if isinstance(found, list) else []:
        told = block.get("text", {}).get("text", "") if block.get("type") == "section" else ""
        if told.startswith(QUOTE):
            text += ("\n" if text else "") + "\n".join(line.removeprefix(QUOTE) for line in told.split("\n"))
        elif text:
            yield text
            text = ""
    if text:
        yield text


def outside_quotations(found: object) -> Iterator[str]:
    """Every other text of a message, line by line, the fallback for notifications included."""
    if isinstance(found, dict):
        for inner in found.values():
            yield from outside_quotations(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from outside_quotations(inner)
    elif isinstance(found, str):
        yield from (line for line in found.split("\n") if not line.startswith(QUOTE))


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_what_was_typed_is_in_the_thread_of_the_card_whole(text: str) -> None:
    drawn = details(view(Kind.OPT_IN, State.PENDING, text))
    fits(drawn)
    shown = ["".join(as_read(one).split()) for one in quotations(drawn.arguments()["blocks"])]
    assert shown == ["".join(text.split())] * 2


def _quiet(kind: Kind, state: State, text: str) -> RequestView:
    """A view in which nobody but whoever typed ``text`` says any of it."""
    full = view(kind, state, text)
    return replace(full, request=replace(full.request, detail="Waiting."))


IMITATION = "Scanners{0}*Approved by <@U0CAROL>.*{0}:white_check_mark: Applied: #7 is opted in{0}> Approve"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "ends", ["\n", "\n\n", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\u200b", " "], ids=ascii
)
def test_no_line_of_what_was_typed_stands_outside_its_quotation(kind: Kind, ends: str) -> None:
    typed = IMITATION.format(ends)
    draws = (lambda full: cards.card(full, ZONE), lambda full: request_outcomes.outcome(full, ZONE), details)
    for state, draw in itertools.product(State, draws):
        drawn = draw(_quiet(kind, state, typed))
        others = "\n".join(outside_quotations(drawn.arguments()))
        assert says("approved_by_u0carol_2") not in others
        assert says("is_opted_in") not in others


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\u2028", "\u2029", "\x0b", "\x85"], ids=ascii)
def test_at_the_command_line_every_line_of_what_was_typed_is_marked(ends: str) -> None:
    lines = plain(details(_quiet(Kind.OPT_IN, State.PENDING, IMITATION.format(ends))))
    assert [line for line in lines if says("is_opted_in") in line] == [
        says("white_check_mark_applied_7_is_opted")
    ] * 2
    assert len([line for line in lines if line == says("approved_by_u0carol")]) == 2


def is_below(block: dict[str, Any], kind: Kind) -> bool:
    """The buttons, or what stands under them: the record's head, and the whole reason of what nobody decides
    on."""
    whole = block.get("text", {}).get("text") == "*Reason*" and kind in (
        Kind.OPT_OUT,
        Kind.OUTSIDE,
        Kind.SHORTENING,
    )
    return block["type"] == "actions" or whole or "Record: head" in str(block)


def seen_words(blocks: list[dict[str, Any]], kind: Kind) -> list[str]:
    """The words that somebody reads before the first button: a mention or a date in the reader's words, a
    button not."""
    shown = list(itertools.takewhile(lambda block: not is_below(block, kind), blocks))
    said = " ".join(re.sub(r"<!date[^|]*\|([^>]*)>", r"\1", text) for text in every_text(shown))
    return [word for word in said.split() if re.search(r"\w", word)]


def every_text(found: object) -> Iterator[str]:
    """Whatever people read, quotations included."""
    if isinstance(found, dict):
        if isinstance(found.get("text"), str):
            yield found["text"]
        for inner in found.values():
            yield from every_text(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from every_text(inner)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_a_card_has_at_most_110_words_before_its_buttons_whatever_was_typed_and_whoever_voted(
    kind: Kind, text: str
) -> None:
    for state in State:
        drawn = cards.card(view(kind, state, text, reason_by=None if kind is Kind.OUTSIDE else BOB), ZONE)
        found = seen_words(drawn.arguments()["blocks"], kind)
        assert len(found) <= 110, (state, len(found), " ".join(found))


@pytest.mark.parametrize("state", list(State))
def test_nothing_is_said_twice_on_a_card_or_again_in_its_thread(state: State) -> None:
    text = (
        "Forty scanners in the plant speak TLS 1.0 only. Their lease ends in the spring, and the maker has "
        "no update for them."
    )
    full = view(Kind.OPT_IN, state, text, reason_given="Mend them first.", in_vain="")
    full = replace(
        full,
        request=replace(full.request, clients="Ricoh MP 301, third floor; owner: Dave", detail="Waiting."),
    )
    said = re.split(r"(?<=[.:;])\s+|\n", "\n".join(marked_up(cards.card(full, ZONE).arguments()["blocks"])))
    long = [clause for clause in said if len(clause.split()) > 5 and not clause.startswith(QUOTE)]
    assert len(long) == len(set(long))
    thread = "\n".join(marked_up(details(full).arguments()["blocks"]))
    assert [clause for clause in long if clause in thread] == []


def test_nothing_that_was_typed_stands_outside_a_quotation_in_the_history() -> None:
    text = "*bold* ~gone~ `code` :warning: <!here> & co"
    request = view(Kind.OPT_IN, State.REJECTED, text).request
    line = HistoryLine(request=request, approved_by=(), rejected_by=PEOPLE[:1], reason=text, read_back=None)
    blocks = help_and_history.history(HistoryPage(lines=[line], older=None), ZONE).arguments()["blocks"]
    assert [as_read(one) for one in quotations(blocks)] == [text, text]
