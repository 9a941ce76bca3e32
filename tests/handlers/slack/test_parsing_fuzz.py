"""Whatever shape a payload has, parsing it gives something that can be kept, or refuses it in one way
only."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.commands import CastVote, Command, command_of
from handlers.interaction import Interaction
from handlers.slack.command_text import subcommand
from handlers.slack.emoji import same_emoji
from handlers.slack.listeners.clicks_and_submissions import press
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.parsing import Malformed, at, number, person_of, reaction, values
from handlers.slack.views.help_and_history import no_such
from handlers.stored_command import CommandKind
from handlers.suggested import without_alias
from storage.records import Vote
from tests.handlers.driver import NOW
from tests.handlers.fakes import CHANNEL
from tests.handlers.slack.shapes import ACTIONS, CALLBACKS, EVENTS, SPOILT, button, event, spoilt, submission
from tests.sentences import says

LIMITS = {"person": 32, "channel": 32, "ts": 32, "request": 9}
"""Characters that the columns hold."""


def can_be_kept(command: Command, interaction: Interaction) -> None:
    """Every value is text that both databases hold, no NUL, no half of a character, not too long; and is read
    back as it was."""
    payload = interaction.to_payload() | command.to_payload()
    assert len(interaction.key) <= 255
    assert Interaction.from_payload(interaction.key, payload) == interaction
    assert command_of(command.kind.value, payload) == command
    for name, value in (*payload.items(), ("key", interaction.key)):
        assert isinstance(value, str)
        assert "\x00" not in value
        value.encode("utf-8")
        assert len(value) <= LIMITS.get(name, 3000), name


def parse_reaction(body: dict[str, Any]) -> tuple[Command, Interaction] | None:
    return reaction(body, approve="white_check_mark", reject="x", channels={CHANNEL})


def test_true_payloads_are_understood() -> None:
    pressed = press(button("U0BOB", "approve", "12"), now=NOW)
    assert pressed is not None
    assert (pressed[0], pressed[1].person) == (CastVote(Vote.APPROVE, request_id=12), "U0BOB")
    voted = parse_reaction(event("U0BOB"))
    assert voted is not None
    assert (voted[0].kind, voted[1].key) == (CommandKind.VOTE, "event:Ev0123456789")
    can_be_kept(*pressed)
    can_be_kept(*voted)


@given(spoilt(st.builds(button, action=st.sampled_from(ACTIONS))))
def test_a_spoilt_click_is_refused_or_kept_whole(body: dict[str, Any]) -> None:
    try:
        found = press(body, now=NOW)
    except Malformed:
        return
    if found is not None:
        can_be_kept(*found)


@given(spoilt(st.builds(event, kind=st.sampled_from(EVENTS))))
def test_a_spoilt_reaction_is_refused_or_kept_whole(body: dict[str, Any]) -> None:
    try:
        found = parse_reaction(body)
    except Malformed:
        return
    if found is not None:
        can_be_kept(*found)


@given(spoilt(st.builds(submission, callback=st.sampled_from(CALLBACKS))))
def test_a_spoilt_form_gives_texts_or_is_refused(body: dict[str, Any]) -> None:
    view = body.get("view")
    if not isinstance(view, dict):
        return
    try:
        filled = values(view)
    except Malformed:
        return
    assert all(isinstance(text, str) for texts in filled.values() for text in texts)


@given(
    st.dictionaries(
        st.sampled_from(["actions", "user", "channel", "container", "event", "item", "state"]), SPOILT
    )
)
def test_nonsense_is_refused_in_one_way(body: dict[str, Any]) -> None:
    for parse in (
        lambda: press(body, now=NOW),
        lambda: person_of(body),
        lambda: values(body),
    ):
        try:
            parse()
        except Malformed:
            continue


@given(st.text(st.characters()))
def test_a_stamp_is_an_instant_or_is_refused(stamp: str) -> None:
    try:
        assert at(stamp).tzinfo is not None
    except Malformed:
        return


@pytest.mark.parametrize(
    "stamp", ["", "nan", "inf", "-inf", "1e400", "1e18", "now", "\x001", "٠", "1763899200.1\x00"]
)
def test_what_is_no_stamp_is_refused(stamp: str) -> None:
    with pytest.raises(Malformed):
        at(stamp)


@given(st.text(st.characters()) | st.integers().map(str))
def test_a_number_is_one_to_nine_digits_or_is_refused(text: str) -> None:
    try:
        assert 0 < number(text) < 10**9
    except Malformed:
        return


@pytest.mark.parametrize(
    "text", ["", "0", "000", "-1", "+1", "1.0", " 1", "1 ", "²", "١", "1_0", "1" * 10, "9" * 5000]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        number(text)


@given(st.text(st.characters(), max_size=60))
def test_every_text_after_the_command_has_a_nearest_subcommand(text: str) -> None:
    word, nearest = subcommand(text, SUBCOMMANDS)
    assert bool(word) is not bool(nearest)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("off", "disable"),
        ("OptOut now", "disable"),
        ("opt-out", "disable"),
        ("opt out", "disable"),
        ("on", "enable"),
        ("optin", "enable"),
        ("approve 3", "status"),
        ("reject", "status"),
        ("withdraw", "status"),
        ("extnd", "extend"),
        ("-h", "help"),
        ("?", "help"),
        ("frobnicate", "help"),
    ],
)
def test_the_nearest_subcommand_is_never_the_opposite_of_what_was_meant(text: str, nearest: str) -> None:
    assert subcommand(text, SUBCOMMANDS) == ("", nearest)


@pytest.mark.parametrize(("word", "told"), [("Approve", True), ("withdraw", True), ("off", False)])
def test_whoever_types_a_decision_is_told_of_the_buttons(word: str, told: bool) -> None:
    text = no_such(word, "status").text
    assert text.startswith(says("there_is_no", word=word))
    assert (says("buttons_on_the_requests_message") in text) is told


@pytest.mark.parametrize(
    ("nearest", "meant"), [("status", " Did you mean `/legacytls status`?"), ("help", "")]
)
def test_a_typing_mistake_is_answered_in_one_line_that_leads_to_the_help(nearest: str, meant: str) -> None:
    (block,) = no_such("x<y", nearest).arguments()["blocks"]
    assert without_alias(block["text"]["text"]) == says("there_is_no_x_lt_y_legacytls", meant=meant)


@pytest.mark.parametrize(
    ("name", "configured", "same"),
    [
        ("white_check_mark", "white_check_mark", True),
        ("thumbsup", "+1", True),
        ("+1::skin-tone-3", "thumbsup", True),
        ("-1", "thumbsdown", True),
        ("+1", "-1", False),
        ("heavy_check_mark", "white_check_mark", False),
        ("white_check_mark ", "white_check_mark", False),
        ("White_Check_Mark", "white_check_mark", False),
        ("whіte_check_mark", "white_check_mark", False),
        ("x::white_check_mark", "white_check_mark", False),
        ("", "white_check_mark", False),
    ],
)
def test_an_emoji_is_the_configured_one_or_it_is_not(name: str, configured: str, same: bool) -> None:
    assert same_emoji(name, configured) is same


def test_a_reaction_without_an_event_id_is_refused_rather_than_taken_for_another_one() -> None:
    body = event()
    del body["event_id"]
    with pytest.raises(Malformed):
        parse_reaction(body)


@pytest.mark.parametrize("other", ["C0GENERAL", "", None])
def test_a_reaction_in_another_channel_decides_nothing(other: str | None) -> None:
    body = event()
    body["event"]["item"]["channel"] = other
    assert parse_reaction(body) is None


def test_a_reaction_on_a_file_decides_nothing() -> None:
    body = event()
    body["event"]["item"] = {"type": "file", "file": "F0123", "channel": CHANNEL}
    assert parse_reaction(body) is None


@pytest.mark.parametrize("name", ["x", "eyes"])
def test_taking_a_rejecting_or_another_reaction_away_decides_nothing(name: str) -> None:
    assert parse_reaction(event(name=name, kind="reaction_removed")) is None
