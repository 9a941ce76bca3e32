"""The request's message: everything needed to say yes or no, and nothing that could ping or mislead."""

import re
from datetime import date, datetime, time

from tests.journeys.stage import ALICE, BOB, CAROL, ZONE, Stage
from tests.journeys.words import body, buttons, words
from tests.sentences import says

SETTINGS = {"LEGACYTLS_APPROVALS_REQUIRED": "2"}


def test_the_buttons_are_there_and_carry_the_number_alone(stage: Stage) -> None:
    number = stage.ask()
    found = buttons(stage.card(number))
    assert [button["text"]["text"] for button in found.values()] == [
        "Approve",
        "Reject",
        "Withdraw",
        "Who can decide?",
    ]
    assert {button["value"] for button in found.values()} == {str(number)}


def test_the_card_says_who_asks_for_what_from_which_value_for_what_and_why(stage: Stage) -> None:
    said = words(
        stage.card(
            stage.ask(
                reason="The lease ends in March", clients="Ricoh MP 301\nowner: Dave", protocols=["pop3"]
            )
        )
    )
    for told in (
        f"<@{ALICE}> asks",
        "not set",
        "POP3",
        "The lease ends in March",
        "Ricoh MP 301 owner: Dave",
    ):
        assert told in said


def test_what_has_no_room_on_the_card_is_in_its_thread(stage: Stage) -> None:
    reason = (
        "The lease ends in March, and the maker has no firmware for these that speaks anything newer than "
        "TLS 1.0."
    )
    card = stage.card(stage.ask(reason=reason, clients="Ricoh MP 301\nowner: Dave"))
    assert reason not in words(card)
    replies = stage.wait(
        lambda: [message for message in stage.public() if message.get("thread_ts") == card["ts"]]
    )
    (thread,) = (words(message) for message in replies)
    for told in (
        reason,
        "Ricoh MP 301\n> owner: Dave",
        "RFC 8996",
        f"<@{ALICE}>, <@{BOB}>, <!subteam^S0MAIL>",
    ):
        assert told in thread


def end_of_the_next_working_day(stage: Stage) -> datetime:
    after = [date.fromisoformat(stage.day(days)) for days in range(1, 4)]
    return datetime.combine(next(day for day in after if day.weekday() < 5), time(17), tzinfo=ZONE)


def test_both_deadlines_are_dates_in_the_readers_own_time_zone(stage: Stage) -> None:
    said = body(stage.card(stage.ask()))
    dates = re.findall(r"<!date\^(\d+)\^\{date_long\} at \{time\}\|[^>]+>", said)
    assert len(dates) == 2, said
    window, expire = (int(stamp) for stamp in dates)
    assert datetime.fromtimestamp(expire, tz=ZONE) == end_of_the_next_working_day(stage)
    after = date.fromisoformat(stage.day(11))
    assert datetime.fromtimestamp(window, tz=ZONE) == datetime.combine(after, time(), tzinfo=ZONE)
    assert "24:00 of" in said
    assert "Europe/Berlin" in said


def test_the_card_names_the_approvers_the_emoji_the_code_and_what_is_missing(stage: Stage) -> None:
    said = words(stage.card(stage.ask()))
    assert f"<@{ALICE}>, <@{BOB}>, <!subteam^S0MAIL>" in said
    assert ":white_check_mark:" in said
    assert ":x:" in said
    assert re.search(r"Code `[0-9a-f]{8}`", said)
    assert says("nobody_has_approved_yet_2_more_approvals") in said


def test_a_vote_shows_at_once_and_the_code_stays(stage: Stage) -> None:
    number = stage.ask()
    code = re.findall(r"Code `([0-9a-f]{8})`", words(stage.card(number)))
    stage.press(CAROL, number, "approve")
    said = words(stage.card(number, saying=says("approved_so_far_by", person=CAROL)))
    assert says("1_more_approval_is_needed") in said
    assert re.findall(r"Code `([0-9a-f]{8})`", said) == code


def test_different_wishes_have_different_codes(stage: Stage) -> None:
    codes = []
    for reason in ("One", "Another"):
        number = stage.ask(reason=reason)
        codes += re.findall(r"Code `([0-9a-f]{8})`", words(stage.card(number)))
        stage.press(ALICE, number, "withdraw")
    assert len(set(codes)) == 2


def test_the_text_for_notifications_names_the_request(stage: Stage) -> None:
    number = stage.ask()
    assert stage.card(number)["text"].startswith(says("request_opt_in_to_legacy_tls", number=number))
