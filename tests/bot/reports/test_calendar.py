"""The calendar file, parsed back by the library: entries that move instead of doubling, no date more exact
than its source."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from pydantic import SecretStr

from bot.calendar_file import ics
from bot.observability.health import Endpoint, Health
from bot.observability.metrics import Metrics
from handlers.calendar.calendar import load_packaged, merge, parse
from handlers.queries.calendar_dates import CalendarDates
from storage import register
from storage.devices.records import DeviceAct, DeviceState, NewDevice
from storage.engine import Database, Unreachable
from storage.records import MailProtocol, SettingValue
from tests.handlers.driver import ALICE, BOB, CAROL, NOW, TENANT, House

TOKEN = "k3Jx-9_calendar.token~77"
DAY = timedelta(days=1)


@pytest.fixture
def house(migrated_sqlite_url: str) -> Iterator[House]:
    database = Database(migrated_sqlite_url)
    yield House(database)
    database.close()


def dates(house: House) -> CalendarDates:
    context = house.context
    return CalendarDates(context.ledger, context.calendar, context.cloud.name, context.today)


def events(house: House) -> dict[str, Any]:
    found = list(Calendar.from_ical(ics(dates(house).gather())).walk("VEVENT"))
    by_uid = {str(event["uid"]): event for event in found}
    assert len(by_uid) == len(found)
    return by_uid


def window(house: House, number: int) -> tuple[datetime, int, str]:
    event = events(house)[f"window-{number}@{TENANT}"]
    return event.start, int(event["sequence"]), str(event["status"])


def opt_in(house: House, days: int = 20) -> int:
    house.observe()
    number = house.ask(ALICE, day=house.clock().date() + days * DAY).id
    house.approve(BOB, number)
    house.work()
    return number


def test_a_window_is_one_entry_that_moves_when_it_is_extended_or_shortened(house: House) -> None:
    number = opt_in(house)
    first, sequence, status = window(house, number)
    assert (first, status) == (datetime(2026, 12, 14, tzinfo=UTC), "CONFIRMED")
    extension = house.ask(ALICE, kind="extension", day=house.clock().date() + 40 * DAY).id
    assert window(house, number) == (first, sequence, status)
    house.approve(CAROL, extension)
    house.work()
    moved, later, _ = window(house, number)
    assert (moved, later > sequence) == (first + 20 * DAY, True)
    house.ask(ALICE, kind="extension", day=house.clock().date() + 5 * DAY)
    assert window(house, number)[0] == first - 15 * DAY
    assert window(house, number)[1] > later
    assert [uid for uid in events(house) if uid.startswith("window-")] == [f"window-{number}@{TENANT}"]


def test_a_window_that_was_ended_is_cancelled_and_the_next_one_is_another_entry(house: House) -> None:
    first = opt_in(house)
    before = window(house, first)[1]
    house.clock.advance(days=1)
    house.opt_out(CAROL)
    house.work()
    assert window(house, first)[1:] == (before + 1, "CANCELLED")
    house.clock.advance(days=1)
    second = opt_in(house)
    assert window(house, second)[2] == "CONFIRMED"
    assert window(house, first)[2] == "CANCELLED"


def test_a_window_that_ran_out_stays_as_it_was(house: House) -> None:
    number = opt_in(house)
    before = window(house, number)
    house.clock.advance(days=40)
    house.work()
    house.work()
    assert house.tenant.value is SettingValue.OPTED_OUT
    assert window(house, number) == before


def test_a_window_that_is_brought_back_outside_the_bot_stands_again(house: House) -> None:
    number = opt_in(house)
    house.tenant.value = SettingValue.OPTED_OUT
    house.clock.advance(hours=1)
    house.observe()
    assert window(house, number)[2] == "CANCELLED"
    house.tenant.value = SettingValue.OPTED_IN
    house.clock.advance(hours=1)
    house.observe()
    assert window(house, number)[2] == "CONFIRMED"


def test_what_was_never_applied_is_in_no_calendar(house: House) -> None:
    house.ask(ALICE)
    assert not [uid for uid in events(house) if uid.startswith("window-")]


def test_a_device_is_due_on_its_day_which_moves_and_is_cancelled_when_it_is_gone(house: House) -> None:
    day = NOW.date() + 30 * DAY
    with house.ledger.recording(house.clock()) as entry:
        told = NewDevice("Ricoh", "scan@contoso.com", "", MailProtocol.SMTP_AUTH, "Old", "Gone", BOB, day)
        device = register.add(entry, told, proposer=ALICE)
    uid = f"device-{device.id}@{TENANT}"
    first = events(house)[uid]
    assert (first.start, first.end - DAY, str(first["status"])) == (day, day, "CONFIRMED")
    with house.ledger.recording(house.clock()) as entry:
        device = register.act(
            entry, device, DeviceAct.MOVED, actor=BOB, changes={"due": day - DAY, "due_by": BOB}
        )
    moved = events(house)[uid]
    assert (moved.start, int(moved["sequence"]) > int(first["sequence"])) == (day - DAY, True)
    with house.ledger.recording(house.clock()) as entry:
        register.act(entry, device, DeviceAct.REPLACED, actor=BOB, to=DeviceState.REPLACED)
    assert str(events(house)[uid]["status"]) == "CANCELLED"
    house.clock.advance(days=91)
    assert uid not in events(house)
    assert b"Ricoh" not in ics(dates(house).gather())


def test_a_date_of_microsofts_covers_all_that_was_stated_and_says_it_in_their_words(house: House) -> None:
    found = events(house)
    listed = {row.milestone.id: row.milestone for row in dates(house).gather().milestones}
    assert found
    for uid, event in found.items():
        milestone = listed[uid.removeprefix("milestone-").removesuffix("@legacytls")]
        assert isinstance(event.start, date)
        assert not isinstance(event.start, datetime)
        assert (event.start, event.end - DAY) == (milestone.first, milestone.last)
        assert milestone.display in event["summary"]
        if milestone.precision != "day":
            assert event.end - event.start >= 10 * DAY
    assert any(
        milestone.precision != "day"
        for milestone in listed.values()
        if f"milestone-{milestone.id}@legacytls" in found
    )


MOVED = """
schema: 1
verified_on: "{day}"
newest_source: "2026-12"
milestones:
  - {{id: smtp-auth-basic-final, kind: removal, date: "2028-H1", precision: half,
     display: "first half of 2028", protocols: [smtp-auth-basic], clouds: [all],
     effect: "Basic authentication ends.", message_center_id: null,
     sources: [{{title: "Message center", url: null}}], superseded_by: null, confidence: H}}
"""


def test_a_date_that_microsoft_moves_is_the_same_entry_counted_up(house: House) -> None:
    known, moved = (parse(MOVED.format(day=day)) for day in ("2026-12-01", "2027-02-01"))
    sequences = []
    for calendar in (known, moved):
        whole = merge(load_packaged(), calendar)
        found = CalendarDates(house.ledger, whole, "worldwide", NOW.date).gather()
        event = next(
            one
            for one in Calendar.from_ical(ics(found)).walk("VEVENT")
            if one["uid"] == "milestone-smtp-auth-basic-final@legacytls"
        )
        sequences.append(int(event["sequence"]))
    assert sequences[1] - sequences[0] == 62


def test_the_same_record_makes_the_same_bytes_and_no_line_is_longer_than_75_octets(house: House) -> None:
    opt_in(house)
    first = ics(dates(house).gather())
    house.clock.advance(minutes=5)
    assert ics(dates(house).gather()) == first
    assert all(len(line) <= 75 for line in first.split(b"\r\n"))
    assert b"Scanners" not in first


# On the health port


@contextmanager
def served(token: str | None, make: Any = lambda: b"BEGIN:VCALENDAR\r\n") -> Iterator[Endpoint]:
    health = Health()
    health.calendar = make
    endpoint = Endpoint(
        health,
        Metrics(lambda: NOW),
        host="127.0.0.1",
        port=0,
        calendar_token=SecretStr(token) if token else None,
    )
    try:
        yield endpoint
    finally:
        endpoint.stop()


def fetch(endpoint: Endpoint, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_whoever_knows_the_token_gets_the_calendar(house: House) -> None:
    number = opt_in(house)
    with served(TOKEN, lambda: ics(dates(house).gather())) as endpoint:
        status, kind, body = fetch(endpoint, f"/calendar/{TOKEN}.ics")
    assert (status, kind) == (200, "text/calendar; charset=utf-8")
    assert f"window-{number}@{TENANT}" in {
        str(event["uid"]) for event in Calendar.from_ical(body).walk("VEVENT")
    }


WRONG = (
    "/calendar/", "/calendar/.ics", "/calendar/wrong.ics",
    f"/calendar/{TOKEN}", f"/calendar/{TOKEN[:-1]}.ics", f"/calendar/{TOKEN}x.ics",
    f"/calendar/{TOKEN.upper()}.ics", f"/calendar.ics?token={TOKEN}", f"/calendar/?{TOKEN}.ics",
    f"/calendar/%C3%A4{TOKEN}.ics", f"/{TOKEN}.ics",
)  # fmt: skip


@pytest.mark.parametrize("path", WRONG)
def test_a_token_that_is_wrong_short_or_elsewhere_is_not_found_like_any_other_path(path: str) -> None:
    with served(TOKEN) as endpoint:
        assert fetch(endpoint, path) == fetch(endpoint, "/nothing")
        assert fetch(endpoint, path)[0] == 404


def test_only_reading_is_answered() -> None:
    with served(TOKEN) as endpoint:
        assert fetch(endpoint, f"/calendar/{TOKEN}.ics", "POST")[0] == 404
        assert fetch(endpoint, f"/calendar/{TOKEN}.ics", "HEAD") == (200, "text/calendar; charset=utf-8", b"")


def test_without_a_token_there_is_no_calendar() -> None:
    with served(None) as endpoint:
        assert fetch(endpoint, "/calendar/None.ics")[0] == 404


def test_a_record_that_cannot_be_read_is_told(house: House) -> None:
    def away() -> bytes:
        raise Unreachable("gone")

    for make in (None, away):
        with served(TOKEN, make) as endpoint:
            assert fetch(endpoint, f"/calendar/{TOKEN}.ics")[0] == 503
