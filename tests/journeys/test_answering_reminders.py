"""A reminder in the channel is put off by somebody: the message says by whom and until when, and it keeps its
word."""

from datetime import UTC, datetime, time, timedelta

from tests.journeys.stage import ALICE, BOB, CHANGES, DAVE, ERIN, ZONE, Stage
from tests.journeys.words import JSON, buttons, words
from tests.sentences import says

SNOOZE = "snooze"


def to(stage: Stage, days_after_monday: int) -> None:
    """Ten o'clock so many days after the Monday after next, where the readers are."""
    today = datetime.now(UTC).date()
    day = today + timedelta(days=14 - today.weekday() + days_after_monday)
    stage.advance((datetime.combine(day, time(10), tzinfo=ZONE) - stage.clock()).total_seconds())


def reminder(stage: Stage, after: str = "") -> JSON:
    """The newest question whether the last old device is gone."""

    def newest() -> JSON | None:
        found = [message for message in stage.public() if "Is the last old device gone?" in message["text"]]
        return found[-1] if found and found[-1]["ts"] > after else None

    return stage.wait(newest)


def press(stage: Stage, person: str, message: JSON, button: str) -> str:
    return words(stage.answer(person, lambda: stage.slack.press(person, CHANGES, message["ts"], button)))


def test_a_reminder_is_put_off_by_one_person_and_everybody_reads_by_whom(fresh_stage) -> None:
    stage = fresh_stage()
    to(stage, 0)
    number = stage.ask(ALICE, day=stage.day(60))
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    to(stage, 7)
    first = reminder(stage)
    assert set(buttons(first)) == {"extend", "opt_out_now", SNOOZE}
    assert says("guest_accounts_cannot_use_this") in press(stage, ERIN, first, SNOOZE)
    assert says("you_are_not_an_operator_or_approver_2") in press(stage, DAVE, first, SNOOZE)
    assert SNOOZE in buttons(reminder(stage))
    assert says("this_reminder_is_put_off_until") in press(stage, BOB, first, SNOOZE)
    drawn = stage.wait(lambda: SNOOZE not in buttons(reminder(stage)) and reminder(stage))
    assert drawn["ts"] == first["ts"]
    assert says("put_off_by_until_2", person=BOB) in words(drawn)
    assert set(buttons(drawn)) == {"extend", "opt_out_now"}
    assert (
        len(
            stage.record(
                lambda reader: [event for event in reader.events() if event.kind == "reminder_answered"]
            )
        )
        == 1
    )
    to(stage, 14)
    stage.wait_until_delivered()
    to(stage, 21)
    again = reminder(stage, after=first["ts"])
    asked = [message for message in stage.public() if "Is the last old device gone?" in message["text"]]
    assert asked == [drawn, again]
