"""The form of an opt-in: every mistake at once, each beside its field, and nothing typed is changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.calendar import load_packaged
from handlers.policy.forms import (
    CLIENTS,
    DAY,
    LONGEST,
    PROTOCOLS,
    REASON,
    OptInForm,
    WrongForm,
    judge_opt_in,
    words,
)
from storage.records import MailProtocol
from tests.handlers.driver import ALICE, CHANNEL, NOW, RULE, House
from tests.sentences import says

UTC_ZONE = ZoneInfo("UTC")


def judged(**changed: object) -> OptInForm:
    filled: dict[str, object] = {
        "reason": "Scanners", "clients": "40 scanners", "protocols": ["smtp-auth"], "day": "2026-12-13",
    }  # fmt: skip
    return judge_opt_in(**filled | changed, rule=RULE, now=NOW, zone=UTC_ZONE)  # type: ignore[arg-type]


def mistakes(**changed: object) -> dict[str, str]:
    with pytest.raises(WrongForm) as wrong:
        judged(**changed)
    return wrong.value.errors


def test_a_complete_form_is_taken_as_it_was_typed() -> None:
    form = judged(reason="  Scanners\n", protocols=["pop3", "smtp-auth", "pop3"])
    assert form.reason == "  Scanners\n"
    assert form.protocols == (MailProtocol.POP3, MailProtocol.SMTP_AUTH)
    assert form.window_end(UTC_ZONE) == datetime(2026, 12, 14, tzinfo=UTC)


EMPTY = ["", " ", "\n\t ", "\u200b\u200b", "\u00a0", "\u2066\u2069", "\u00ad"]
EMPTY += ["\u3164", "\u2800 \u2800", "\u115f\u1160", "\uffa0", "\ufe0f", "\u034f", "\U000e0101"]


@pytest.mark.parametrize("text", EMPTY, ids=ascii)
@pytest.mark.parametrize("field", [REASON, CLIENTS])
def test_what_shows_nothing_is_empty(field: str, text: str) -> None:
    assert set(mistakes(**{field: text})) == {field}


@pytest.mark.parametrize("field", [REASON, CLIENTS])
def test_a_text_may_have_three_thousand_characters_and_not_one_more(field: str) -> None:
    assert judged(**{field: "&" * LONGEST})
    assert "3,001" in mistakes(**{field: "&" * (LONGEST + 1)})[field]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
@pytest.mark.parametrize("field", [REASON, CLIENTS])
def test_control_characters_and_halves_of_characters_are_refused(field: str, character: str) -> None:
    assert says("control_characters") in mistakes(**{field: f"Scanners{character}"})[field]


BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))


@pytest.mark.parametrize("mark", [chr(code) for code in BIDI], ids=ascii)
@pytest.mark.parametrize("field", [REASON, CLIENTS])
def test_marks_that_turn_the_order_of_a_text_around_are_refused(field: str, mark: str) -> None:
    assert says("order_of_the_text") in mistakes(**{field: says("scanner_reversed", mark=mark)})[field]


@pytest.mark.parametrize(
    "text", ["a\nb\r\nc\td", "مرحبا", "🖨️ 40 ×", "?", "7", "스캐너", "<!channel> & <@U0BOB>", "Z\u0308urich"]
)
def test_what_people_write_in_any_script_is_taken(text: str) -> None:
    assert judged(reason=text).reason == text


def test_at_least_one_protocol_is_needed() -> None:
    assert set(mistakes(protocols=[])) == {PROTOCOLS}


@pytest.mark.parametrize("day", ["", "soon", "2026-13-01", "2026-02-29", "13.12.2026", "2026-12-13T00:00:00"])
def test_a_day_that_is_none_is_asked_for_again(day: str) -> None:
    assert set(mistakes(day=day)) == {DAY}


@pytest.mark.parametrize(
    ("day", "taken"),
    [("2026-11-22", False), ("2026-11-23", True), ("2027-02-20", True), ("2027-02-21", False)],
)
def test_the_day_is_from_today_to_the_latest_within_the_maximum(day: str, taken: bool) -> None:
    if taken:
        assert judged(day=day).day == date.fromisoformat(day)
    else:
        assert set(mistakes(day=day)) == {DAY}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_time_are_refused_like_any_other_day(day: str) -> None:
    assert set(mistakes(day=day)) == {DAY}


def test_the_latest_day_is_named() -> None:
    assert says("90_days_at_most_so_20_february") in mistakes(day="2027-02-21")[DAY]


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(reason="", clients="\x00x", protocols=[], day="never")
    assert set(found) == {REASON, CLIENTS, PROTOCOLS, DAY}
    assert all(len(sentence) > 10 for sentence in found.values())


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40), st.text(max_size=12))
def test_whatever_is_typed_is_either_taken_unchanged_or_refused(reason: str, clients: str, day: str) -> None:
    try:
        form, wrong = judged(reason=reason, clients=clients, day=day), set()
    except WrongForm as refused:
        form, wrong = None, set(refused.errors)
    assert wrong <= {REASON, CLIENTS, DAY}
    assert (form is None) is bool(wrong)
    assert form is None or (
        (form.reason, form.clients) == (reason, clients) and "\x00" not in reason + clients
    )


def test_a_wrong_form_goes_back_into_the_window_and_opens_nothing(house: House) -> None:
    said = house.submit("opt_in", ALICE, CHANNEL, reason="", clients="", protocols=[], day="")
    assert said["response_action"] == "errors"
    assert set(said["errors"]) == {REASON, CLIENTS, PROTOCOLS, DAY}
    assert house.requests() == []


def test_a_protocol_that_is_not_on_the_form_is_no_protocol(house: House) -> None:
    said = house.submit(
        "opt_in",
        ALICE,
        CHANNEL,
        reason="a",
        clients="Two scanners",
        protocols=["telnet"],
        day=date(2026, 12, 13),
    )
    assert set(said["errors"]) == {PROTOCOLS}


def test_the_request_keeps_every_word(house: House) -> None:
    request = house.ask(reason="Zürich: <b>&amp;\n'\";--", clients="🖨️ × 40: Dave")
    assert (request.reason, request.clients) == (says("z_rich_b_amp"), "🖨️ × 40: Dave")


def test_a_day_that_is_over_when_its_form_is_taken_up_opens_nothing(house: House) -> None:
    house.observe()
    house.hands.dying = True
    house.submit(
        "opt_in",
        ALICE,
        CHANNEL,
        reason="a",
        clients="Two scanners",
        protocols=["pop3"],
        day=house.clock.at.date(),
    )
    house.hands.dying = False
    house.clock.advance(hours=20)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert house.requests() == []
    assert house.answer(ALICE).startswith(says("no_request_was_opened_this_day_is"))


@pytest.mark.parametrize(
    ("window", "said"), [(timedelta(minutes=30), "30 minutes"), (timedelta(hours=1), "1 hour")]
)
def test_a_maximum_below_a_day_is_said_as_it_is(window: timedelta, said: str) -> None:
    assert words(replace(RULE, max_window=window)) == said


@pytest.mark.parametrize("clients", ["x", "-", "...", "n/", "😀", "a b", "##", "\n1\n"])
def test_what_names_no_device_is_no_list_of_devices(clients: str) -> None:
    assert set(mistakes(clients=clients)) == {CLIENTS}


@pytest.mark.parametrize("clients", ["MFP", "複合機", "HP 4", "x1 @dave"])
def test_a_short_name_in_any_script_is_one(clients: str) -> None:
    assert judged(clients=clients).clients == clients


POP, IMAP, SMTP = (
    protocol.value for protocol in (MailProtocol.POP3, MailProtocol.IMAP4, MailProtocol.SMTP_AUTH)
)
END = {MailProtocol.POP3: date(2026, 12, 31), MailProtocol.IMAP4: date(2026, 12, 31)}


@pytest.mark.parametrize("protocols", [[POP], [IMAP], [POP, IMAP]])
def test_a_window_ends_no_later_than_the_last_protocol_it_is_for(protocols: list[str]) -> None:
    assert set(mistakes(protocols=protocols, day="2027-01-01", removals=END)) == {DAY}
    assert judged(protocols=protocols, day="2026-12-31", removals=END).day == date(2026, 12, 31)


def test_a_window_for_what_is_gone_already_helps_nobody() -> None:
    gone = dict.fromkeys(END, date(2026, 11, 22))
    assert set(mistakes(protocols=[POP, IMAP], removals=gone)) == {PROTOCOLS}


def test_one_protocol_that_stays_lets_the_window_last() -> None:
    assert judged(protocols=[POP, SMTP], day="2027-01-20", removals=END).day == date(2027, 1, 20)
    later = END | {MailProtocol.IMAP4: date(2027, 1, 31)}
    assert judged(protocols=[POP, IMAP], day="2027-01-20", removals=later).day == date(2027, 1, 20)


def test_a_removal_that_nobody_has_looked_at_since_is_not_said_to_have_happened() -> None:
    calendar = load_packaged()
    assert calendar.removals("worldwide", date(2026, 11, 30)) == END
    assert calendar.removals("worldwide", date(2027, 3, 1)) == {}
    assert calendar.removals("gcc-high", date(2026, 11, 30)) == {}


def test_the_form_itself_judges_by_microsoft_s_dates(house: House) -> None:
    said = house.submit(
        "opt_in", ALICE, CHANNEL, reason="a", clients="Two scanners", protocols=[POP], day=date(2027, 1, 15)
    )
    assert set(said["errors"]) == {DAY}
    assert "31 December 2026" in said["errors"][DAY]
