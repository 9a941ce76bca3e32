"""A request that waits is recalled with growing gaps, in working hours, and never after it has expired."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from handlers.policy.working_hours import in_working_hours
from handlers.slack.views.reminders import words
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Door, SettingValue
from tests.handlers.outgoing import schedule
from tests.handlers.outgoing.test_reminders_due import DAY, HOUR, MINUTE, UTC_ZONE, ZONES
from tests.sampling import sampled
from tests.sentences import says


def pending() -> ChangeRequest:
    created = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return ChangeRequest(
        id=12, tenant_id="t", kind=Kind.OPT_IN, state=State.PENDING, version=1, requester_id="U0ALICE",
        door=Door.COMMAND, reason="", clients="", protocols=(), from_value=SettingValue.NOT_SET,
        to_value=SettingValue.OPTED_IN, window_end=None, rule_digest="", created_at=created,
        expires_at=created + timedelta(hours=24), settled_at=None, sent_at=None, retry_at=None, detail="",
    )  # fmt: skip


def recalls(request: ChangeRequest, zone: ZoneInfo = UTC_ZONE, *, awake: bool = False) -> dict[str, datetime]:
    """When each step is first due; ``awake``: as if somebody were always at work."""
    found: dict[str, datetime] = {}
    assert request.expires_at is not None
    for minutes in range(round((request.expires_at - request.created_at) / MINUTE) + 60):
        now = request.created_at + minutes * MINUTE
        if not (awake or in_working_hours(now, zone)):
            continue
        slot = schedule.approval_reminder(request, now, zone)
        if slot is not None:
            found.setdefault(slot.key, now)
    return found


def test_a_request_is_recalled_with_growing_gaps_and_never_after_it_lapsed() -> None:
    """Of a day: after two, six and eighteen hours."""
    created = datetime(2026, 11, 23, 12, tzinfo=UTC)
    request = replace(pending(), created_at=created, expires_at=created + DAY)
    hours = {key: (at - created) / HOUR for key, at in recalls(request, awake=True).items()}
    assert hours == {"nudge:12:1": 2, "nudge:12:2": 6, "nudge:12:3": 18}


ASKED = [time(9), time(10, 30), time(16, 15), time(16, 59)]


@pytest.mark.parametrize(
    ("asked", "ttl", "zone"),
    sampled("asked in working hours", product(ASKED, [6, 24, 48, 72, 240], ZONES), of=4),
    ids=str,
)
def test_whoever_asks_in_working_hours_gets_a_last_word_before_it_lapses(
    asked: time, ttl: int, zone: ZoneInfo
) -> None:
    """On every weekday, Friday included: somebody at work hears the last call, and hears no step twice."""
    for ahead in range(5):
        created = datetime.combine(date(2026, 11, 23) + ahead * DAY, asked, tzinfo=zone).astimezone(UTC)
        request = replace(pending(), created_at=created, expires_at=created + ttl * HOUR)
        assert "nudge:12:3" in recalls(request, zone), created


def test_what_would_lapse_on_saturday_is_called_out_on_friday() -> None:
    friday = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    request = replace(pending(), created_at=friday, expires_at=friday + 24 * HOUR)
    assert recalls(request) == {"nudge:12:3": friday.replace(hour=16, minute=0)}
    slot = schedule.approval_reminder(
        request, friday + HOUR, UTC_ZONE, waiting_for=["U0BOB"], escalate_to=["U0DAVE"]
    )
    assert slot is not None
    said = words(slot.said, UTC_ZONE)
    assert says("still_waits_u0bob_please_decide_it_expires") in said
    assert says("before_the_next_working_hours_begin_its") in said
    assert said.endswith(says("u0dave_please_see_that_somebody_decides"))


def test_the_approvers_are_called_each_time_and_others_at_the_last() -> None:
    request = pending()
    said = {}
    for hours in (2, 6, 23):
        now = request.created_at + hours * HOUR
        slot = schedule.approval_reminder(
            request, now, UTC_ZONE, waiting_for=["U0BOB", "S0MAIL"], escalate_to=["U0DAVE"]
        )
        assert slot is not None
        said[hours] = words(slot.said, UTC_ZONE)
    assert all(says("still_waits_u0bob_subteam_s0mail_please_decide") in text for text in said.values())
    assert said[23].endswith(says("u0dave_please_see_that_somebody_decides"))
    assert "U0DAVE" not in said[2] + said[6]
    alone = schedule.approval_reminder(request, request.created_at + 23 * HOUR, UTC_ZONE)
    assert alone is not None
    assert words(alone.said, UTC_ZONE).endswith(says("its_message_has_the_buttons"))


def test_a_request_without_an_end_is_not_recalled() -> None:
    created = pending().created_at
    endless = ChangeRequest(
        **{name: getattr(pending(), name) for name in ChangeRequest.__slots__} | {"expires_at": None}
    )
    assert schedule.approval_reminder(endless, created + 40 * DAY, UTC_ZONE) is None


def test_a_clock_before_the_request_recalls_nothing() -> None:
    assert schedule.approval_reminder(pending(), pending().created_at - DAY, UTC_ZONE) is None
