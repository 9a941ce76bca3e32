"""Marked-up text that is made to fit: cut between mentions and entities, and harmless whatever was typed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ports import Place
from handlers.slack.client.announcer import SlackAnnouncer
from handlers.slack.views import cards
from handlers.slack.views.mrkdwn import QUOTE, SECTION, fitted, quotation, sentence
from storage.lifecycle import Kind, State
from tests.handlers.driver import NOW
from tests.handlers.fakes import CHANNEL
from tests.handlers.saying import view_of
from tests.handlers.slack.views.test_block_limits import FACTS, ZONE, Slack, harmless, marked_up, view


def as_read(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@given(
    st.lists(
        st.sampled_from(["&amp;", "&lt;", "<@U0BOB>", "<!date^1^{date_long} at {time}|now>", "a ", ";", ">"])
    ),
    st.integers(1, 60),
)
def test_a_text_that_is_made_to_fit_is_cut_between_mentions_and_entities(
    parts: list[str], limit: int
) -> None:
    shown = fitted("".join(parts), limit)
    assert len(shown) <= limit
    harmless(shown)


@given(st.text(st.sampled_from("&<>;\n\u2028 a😀"), max_size=9000))
def test_a_quotation_loses_nothing_marks_every_line_and_cuts_no_entity_in_two(text: str) -> None:
    parts = quotation(text)
    lines = [line for part in parts for line in part.split("\n")]
    assert all(len(part) <= SECTION for part in parts)
    assert all(line.startswith(QUOTE) for line in lines) or not text
    told = "".join(line.removeprefix(QUOTE) for line in lines)
    assert as_read(told) == "".join(text.splitlines())
    harmless(told)


@given(st.text(st.characters(), min_size=1, max_size=300))
def test_a_card_with_any_reason_is_harmless(text: str) -> None:
    for part in marked_up(cards.card(view(Kind.OPT_IN, State.PENDING, text), ZONE).arguments()["blocks"]):
        harmless(part)


@pytest.mark.parametrize("address", ["carol@WOODGROVE.COM", "svc-$@UNIVERSITY", "zoë@WOODGROVE.COM"])
def test_a_mail_address_in_capitals_mentions_nobody(address: str) -> None:
    told = f"According to the audit log it was {address}, at 10:00 UTC."
    assert sentence(told) == told


def test_people_in_our_own_sentences_are_mentioned() -> None:
    assert sentence("@U0ALICE & @W0BOB (@U0CAROL).") == "<@U0ALICE> &amp; <@W0BOB> (<@U0CAROL>)."


def test_a_place_is_where_slack_says_it_posted() -> None:
    announcer = SlackAnnouncer(Slack(), channel=CHANNEL, zone=ZONE)  # type: ignore[arg-type]
    assert announcer.announce(view_of(FACTS | {"what": "readable"})) == Place("C", "1.2")


def test_dates_are_shown_in_the_configured_zone_where_slack_shows_its_own_text() -> None:
    shown = str(cards.card(view(Kind.OPT_IN, State.PENDING, "x"), ZoneInfo("Asia/Tokyo")).arguments())
    end = datetime(2027, 2, 21, 21, 0, tzinfo=UTC) - timedelta(hours=9)
    assert end == NOW + timedelta(days=90)
    assert "21 February 2027, 21:00 JST" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "It was carol, at 25 November 2026, 17:40 UTC.",
            "It was carol, at <!date^1795628400^{date_long} at {time}|25 November 2026, 17:40 UTC>.",
        ),
        ("It was 31 November 2026, 17:40 UTC", "It was 31 November 2026, 17:40 UTC"),
        ("It was 1 May 1969, 17:40 UTC", "It was 1 May 1969, 17:40 UTC"),
        ("1 Nonsense 2026, 99:99 UTC", "1 Nonsense 2026, 99:99 UTC"),
    ],
)
def test_an_instant_in_a_sentence_is_shown_in_the_readers_own_zone(text: str, shown: str) -> None:
    assert sentence(text) == shown
    harmless(sentence(text))
