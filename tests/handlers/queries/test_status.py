"""Status: read now, shared by all who wait, and never a value that was not read."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.reports.status_and_history import status_data
from handlers.queries.status import Status, StatusReports
from handlers.slack.executor import guarded
from handlers.slack.views import status_view
from handlers.slack.views.mrkdwn import instant
from handlers.suggested import all_without_alias
from storage.lifecycle import Kind, State
from storage.records import SettingValue
from storage.streams import Backlog, Position
from tests.handlers.changes.test_apply import approved
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fakes import LOST, UNREADABLE
from tests.handlers.filled_forms import HIGH
from tests.journeys.words import JSON, body
from tests.sentences import says

IN, OUT, NOT_SET = SettingValue.OPTED_IN, SettingValue.OPTED_OUT, SettingValue.NOT_SET


@pytest.fixture
def serving(house: House) -> Iterator[House]:
    house.dispatch.status.start()
    yield house
    house.dispatch.status.stop()


def shown(house: House) -> str:
    """All of a status answer as Slack would show it."""
    message = status_view.status(house.dispatch.status.report(), house.context.zone)
    return str(all_without_alias(message.arguments()))


@pytest.mark.parametrize("value", list(SettingValue))
def test_the_live_value_is_read_now(house: House, value: SettingValue) -> None:
    house.observe()
    house.tenant.value = value
    report = house.dispatch.status.report()
    assert report.reading is not None
    assert (report.reading.value, report.reading.read_at, report.problem) == (value, house.clock.at, None)
    assert f"*{value.value}*" in shown(house)


def test_reading_for_a_status_writes_nothing(house: House) -> None:
    before = len(house.events())
    house.dispatch.status.report()
    assert (len(house.events()), house.observation()) == (before, None)


@pytest.mark.parametrize("value", list(SettingValue))
def test_a_failed_reading_shows_no_value_at_all_not_even_an_earlier_one(
    house: House, value: SettingValue
) -> None:
    house.tenant.value = value
    house.observe()
    house.tenant.unreadable = UNREADABLE
    report = house.dispatch.status.report()
    assert report.reading is None
    assert report.problem == says("exchange_could_not_be_reached_look_at_the_network")
    assert not report.drifted
    text = shown(house)
    assert says("could_not_be_read") in text
    assert not any(
        word in text for word in [*(word.value for word in SettingValue), "`null`", "`true`", "`false`"]
    )


def test_who_decided_is_told_with_the_value(house: House) -> None:
    number = approved(house)
    house.run()
    report = house.dispatch.status.report()
    assert report.decided is not None
    assert (report.decided.id, report.approved_by) == (number, (BOB,))


def test_an_opt_out_that_found_the_value_so_is_not_called_the_last_change(house: House) -> None:
    house.observe()
    house.tenant.value = IN
    made = house.opt_out(BOB).id
    house.work()
    first = house.dispatch.status.report()
    assert first.decided is not None
    assert (first.decided.id, first.confirmed) == (made, None)
    for _ in range(2):
        house.clock.advance(hours=1)
        again = house.opt_out(ALICE).id
        house.work()
    report = house.dispatch.status.report()
    assert report.decided is not None
    assert report.confirmed is not None
    assert (report.decided.id, report.confirmed.id) == (made, again)
    assert says("last_change_by_opt_out", number=made, person=BOB) in shown(house)
    assert says("confirmed_by_by_2", number=again, person=ALICE) in shown(house)


def test_an_opt_out_that_found_it_so_is_not_ascribed_to_a_change_to_another_value(house: House) -> None:
    approved(house)
    house.run()
    house.tenant.value = OUT  # by hand, and not noticed yet
    number = house.opt_out(BOB).id
    house.work()
    report = house.dispatch.status.report()
    assert report.decided is not None
    assert (report.decided.id, report.confirmed) == (number, None)
    assert says("confirmed_by_by", number=number, person=BOB) in shown(house)


def test_an_uncertain_change_is_shown_and_is_no_drift(house: House) -> None:
    number = approved(house)
    house.tenant.outcomes.append(LOST)
    house.run()
    report = house.dispatch.status.report()
    assert [request.id for request in report.unsettled] == [number]
    assert not report.drifted


def test_an_open_request_is_shown(house: House) -> None:
    number = house.ask(ALICE).id
    report = house.dispatch.status.report()
    assert report.open_request is not None
    assert (report.open_request.id, report.open_request.state) == (number, State.PENDING)


def test_a_value_that_is_not_what_it_ought_to_be_is_drift(house: House) -> None:
    house.observe()
    house.tenant.value = OUT
    assert house.dispatch.status.report().drifted


def test_a_cloud_without_legacy_hosts_says_so(house: House) -> None:
    house.cloud = HIGH
    house.start(house.context.rule)
    assert says("has_no_legacy_hosts") in shown(house)


def test_everybody_who_waits_shares_one_reading_that_begins_after_they_asked(serving: House) -> None:
    under_way, go_on, all_told = threading.Event(), threading.Event(), threading.Event()
    told: list[tuple[str, SettingValue]] = []

    def reply(name: str, last: bool = False) -> object:
        def heard(status: Status) -> None:
            assert status.reading is not None
            told.append((name, status.reading.value))
            if last:
                all_told.set()

        return heard

    def first_reading() -> None:
        under_way.set()
        assert go_on.wait(10)

    serving.tenant.meanwhile = first_reading
    serving.dispatch.status.ask(reply("early"))  # type: ignore[arg-type]
    assert under_way.wait(10)
    serving.tenant.value = OUT
    for name in ("late", "later"):
        serving.dispatch.status.ask(reply(name))  # type: ignore[arg-type]
    serving.dispatch.status.ask(reply("last", last=True))  # type: ignore[arg-type]
    go_on.set()
    assert all_told.wait(10)
    assert told == [("early", NOT_SET), ("late", OUT), ("later", OUT), ("last", OUT)]
    assert serving.tenant.reads == 2


def test_a_failed_reading_is_shared_and_the_next_one_is_fresh(serving: House) -> None:
    told: list[str | None] = []
    done = threading.Semaphore(0)

    def reply(status: Status) -> None:
        told.append(status.problem)
        done.release()

    serving.tenant.readings.append(UNREADABLE)
    for _ in range(2):
        serving.dispatch.status.ask(reply)
        assert done.acquire(timeout=10)
    assert told == [says("exchange_could_not_be_reached_look_at_the_network"), None]


def test_everybody_who_waits_is_answered_although_the_reading_meets_a_defect_and_so_is_whoever_asks_next(
    house: House,
) -> None:
    told: list[Status] = []
    heard = threading.Semaphore(0)
    report, defects = house.dispatch.status.report, [ZeroDivisionError()]

    def broken() -> Status:
        if defects:
            raise defects.pop()
        return report()

    def hear(status: Status) -> None:
        told.append(status)
        heard.release()

    def spoil(status: Status) -> None:
        raise ZeroDivisionError

    house.dispatch.status.report = broken  # type: ignore[method-assign]
    for reply in (spoil, hear, hear):
        house.dispatch.status.ask(reply)
    with capture_logs() as logs:
        house.dispatch.status.start(guarded)
        assert all(heard.acquire(timeout=10) for _ in range(2))
        house.dispatch.status.ask(hear)
        assert heard.acquire(timeout=10)
        assert house.dispatch.status.stop()
    assert [entry["event"] for entry in logs] == ["slack.job_failed"] * 2
    assert [status.reading is None for status in told] == [True, True, False]
    assert "defect" in str(status_view.status(told[0], house.context.zone).arguments())


def test_drift_that_status_shows_is_handed_to_the_watch_after_the_answer_and_confirmed_in_seconds(
    both: House,
) -> None:
    both.observe()
    both.tenant.value = IN
    kept: list[object] = []

    def reply(status: Status) -> None:
        assert status.drifted
        seen = both.observation()
        kept.append(seen.value if seen else None)

    both.dispatch.status.start()
    both.dispatch.status.ask(reply)
    assert both.dispatch.status.stop()
    assert kept == [NOT_SET], "nothing is written before the answer"
    assert both.requests(Kind.OUTSIDE) == []
    both.clock.advance(seconds=3)
    assert both.dispatch.drift.observe(timedelta(hours=1))
    assert [change.to_value for change in both.requests(Kind.OUTSIDE)] == [IN]


def test_a_status_that_shows_what_ought_to_be_writes_nothing(house: House) -> None:
    house.observe()
    before = house.observation()
    house.clock.advance(minutes=1)
    house.dispatch.status.hand_over(house.dispatch.status.report())
    assert house.observation() == before


def test_status_calls_a_controller_that_lags_behind_the_bot_s_own_write_no_drift(house: House) -> None:
    house.observe()
    changed = house.clock.at - timedelta(minutes=1)
    approved(house)
    house.run()
    house.tenant.value, house.tenant.changed_at = NOT_SET, changed
    report = house.dispatch.status.report()
    assert (report.lagging, report.drifted) == (True, False)


def answer(house: House) -> list[JSON]:
    """The blocks of a status answer."""
    blocks: list[JSON] = status_view.status(house.dispatch.status.report(), house.context.zone).arguments()[
        "blocks"
    ]
    return blocks


@pytest.mark.parametrize("value", list(SettingValue))
def test_when_all_is_well_a_status_has_seventy_words_at_most(house: House, value: SettingValue) -> None:
    house.observe()
    if value is not NOT_SET:
        approved(house)
        house.run()
    if value is OUT:
        house.opt_out(BOB)
        house.run()
    assert house.tenant.value is value
    said = re.sub(
        r"<!date[^|]*\|([^>]*)>",
        r"\1",
        body({"blocks": [one for one in answer(house) if one["type"] != "actions"]}),
    )
    found = [word for word in said.split() if re.search(r"\w", word)]
    assert len(found) <= 70, said


def test_the_first_line_says_what_holds_until_when_and_how_long_that_still_is(house: House) -> None:
    house.observe()
    number = approved(house)
    house.run()
    first, second, row, meanings, *_ = answer(house)
    assert first["text"]["text"] == says("opted_in_until_and_days_left", days=20)
    assert f"#{number}" in second["text"]["text"]
    assert [element["text"]["text"] for element in row["elements"]] == ["Extend", "Opt out", "History"]
    assert len(meanings["text"]["text"].split("\n")) == 2  # SMTP AUTH, and the other two together
    house.clock.advance(days=20)
    assert says("opted_in_until_and_hours_left", hours=12) in str(answer(house)[0])


@pytest.mark.parametrize("value", [OUT, NOT_SET])
def test_what_is_not_opted_in_offers_neither_an_extension_nor_an_opt_out(
    house: House, value: SettingValue
) -> None:
    house.tenant.value = value
    (row,) = [block for block in answer(house) if block["type"] == "actions"]
    assert [element["text"]["text"] for element in row["elements"]] == ["History"]


def test_the_buttons_of_a_status_open_what_they_say(house: House) -> None:
    house.observe()
    approved(house)
    house.run()
    (row,) = [block for block in answer(house) if block["type"] == "actions"]
    extend, opt_out, history = (element["action_id"] for element in row["elements"])
    for name in (extend, opt_out):
        house.press(name, BOB, 0, ts="1763899200.000001")
    assert [view["callback_id"] for view in house.windows.opened] == ["extension", "opt_out"]
    house.press(history, BOB, 0, ts="1763899200.000001")
    assert says("history_newest_first") in str(house.windows.said[-1])


def test_a_stream_that_lags_is_one_line_and_one_that_does_not_is_none(house: House) -> None:
    said = str(answer(house))
    since = house.clock()
    lag = Backlog(3, since, Position(problem="it answered with status 410"))
    house.dispatch.status = StatusReports(replace(house.context, stream_lag=lambda: lag))
    line = says("the_stream_of_the_record_lags", since=instant(since, house.context.zone))
    assert line in str(answer(house))
    assert line.split(":")[0] not in said
    told = status_data(house.dispatch.status.report())
    assert told["stream"] == {
        "waiting": 3,
        "since": since.isoformat(),
        "problem": "it answered with status 410",
    }
