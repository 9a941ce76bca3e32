"""Slack's emoji by all their names: every second name is the same emoji, no other is, and what is none is
told.

The data set is renewed with ``npm pack emoji-datasource``: ``short_names`` of each entry of its
``emoji.json``, one entry a line, sorted by the first of them.
"""

import itertools

import pytest

from handlers.slack import emoji
from handlers.slack.emoji import is_known, looks_like_a_decision, nearest, same_emoji

LINES = [
    line.split() for line in emoji._FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")
]
SECOND = [names for names in LINES if len(names) > 1]


def test_the_data_set_is_whole_sorted_and_names_each_emoji_once() -> None:
    names = list(itertools.chain.from_iterable(LINES))
    assert len(LINES) > 1900
    assert len(SECOND) > 50
    assert len(names) == len(set(names))
    assert [first for first, *_ in LINES] == sorted(first for first, *_ in LINES)


def test_every_two_names_of_one_emoji_are_the_same_in_any_skin_tone() -> None:
    for names in SECOND:
        for one, other in itertools.product(names, names):
            assert same_emoji(one, other)
            assert same_emoji(f"{one}::skin-tone-4", other)
            assert same_emoji(f"{one}::skin-tone-2-3", other)


def test_no_two_emoji_are_the_same() -> None:
    firsts = [names[-1] for names in LINES]
    for one, other in itertools.pairwise([*firsts, *firsts[:7]]):
        assert not same_emoji(one, other)
    assert len({emoji._first(name) for name in firsts}) == len(firsts)


@pytest.mark.parametrize(
    ("sent", "configured"),
    [
        ("hand", "raised_hand"),
        ("facepunch", "punch"),
        ("punch", "facepunch"),
        ("hankey", "shit"),
        ("+1", "thumbsup"),
        ("us", "flag-us"),
    ],
)
def test_what_slack_sends_is_what_was_configured_by_another_name(sent: str, configured: str) -> None:
    assert same_emoji(sent, configured)


def test_a_name_that_is_none_of_slack_s_is_told_with_the_nearest() -> None:
    assert [is_known(name) for name in ("raised_hand", "hand", "+1", "white_check_mrak", "approved", "")] == [
        True
    ] * 3 + [False] * 3
    assert nearest("white_check_mrak") == "white_check_mark"
    assert nearest("qqqqqqqq") == ""


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("+1", True), ("thumbsup", True), ("+1::skin-tone-5", True), ("thumbsdown", True),
        ("heavy_check_mark", True), ("ballot_box_with_check", True), ("negative_squared_cross_mark", True),
        ("heavy_multiplication_x", True), ("x", True), ("eyes", False), ("latin_cross", False),
        ("crossed_fingers", False), ("hand", False), ("ok", False), ("checkered_flag", False), ("", False),
    ],
)  # fmt: skip
def test_ticks_thumbs_and_crosses_look_like_a_decision_and_nothing_else(name: str, looks: bool) -> None:
    assert looks_like_a_decision(name) is looks
