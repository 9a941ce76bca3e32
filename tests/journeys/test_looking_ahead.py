"""What the bot says before it matters: its own certificate, and whether anybody could approve."""

from datetime import timedelta

from tests.journeys.stage import ZONE, Stage
from tests.journeys.test_reminding import Walk
from tests.sentences import says


def to_a_working_morning(stage: Stage, days: int) -> None:
    """Ten o'clock where the readers are, so many days on, or on the Monday after, once the bot has looked."""
    day = stage.clock().astimezone(ZONE).date() + timedelta(days=days)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    Walk(stage, day).to(day)


def said(stage: Stage, words: str) -> list[str]:
    return [message["text"] for message in stage.public() if words in message["text"]]


def test_the_bots_own_certificate_is_told_before_it_expires(fresh_stage) -> None:
    """The one that the sandbox's Entra really accepts, read from its file; it lives for ten years."""
    stage = fresh_stage()
    to_a_working_morning(stage, 3600)
    stage.announced(says("the_dates_were_last_checked_on"))
    assert said(stage, says("certificate_expires")) == []
    to_a_working_morning(stage, 25)
    told = stage.announced(says("the_bots_own_certificate_expires"))
    assert says("create_one_upload_it_to_the_app") in told["text"]
    to_a_working_morning(stage, 1)
    assert len(said(stage, says("certificate_expires"))) == 1


def test_too_few_approvers_are_told_on_the_next_working_day(fresh_stage) -> None:
    stage = fresh_stage(LEGACYTLS_APPROVERS="U0ALICE", LEGACYTLS_OPERATORS="U0ALICE,U0BOB")
    assert stage.public() == []
    to_a_working_morning(stage, 2)
    told = stage.announced(says("too_few_approvers_1_person_could_approve"))
    assert says("opting_out_still_works") in told["text"]


def test_a_day_without_an_answer_about_the_groups_is_told_as_unknown(fresh_stage) -> None:
    stage = fresh_stage()
    stage.slack.fault("usergroups.users.list", "internal_error", 100_000)
    to_a_working_morning(stage, 7)
    assert said(stage, "approvers") == []
    for days in (1, 3):
        to_a_working_morning(stage, days)
    assert (
        says("could_not_be_checked_since") in stage.announced(says("whether_enough_approvers_exist"))["text"]
    )
    assert said(stage, says("too_few_approvers")) == []
