"""The ledger cannot be read: the live value is told all the same, nothing is called absent, and the next one
is answered too."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handlers.queries.status import Status
from handlers.slack.views import status_view
from storage.engine import Unreachable
from storage.ledger import Ledger
from storage.ledger_reader import Reader
from storage.records import SettingValue
from tests.handlers.driver import House
from tests.sentences import says


@pytest.fixture
def away(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database is away."""

    @contextmanager
    def reading(_: Ledger) -> Iterator[Reader]:
        raise Unreachable("gone")
        yield

    house.observe()
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "reading", reading)
        yield


@pytest.mark.usefixtures("away")
def test_the_live_value_is_told_and_the_record_is_not_guessed(house: House) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    report = house.dispatch.status.report()
    text = str(status_view.status(report, house.context.zone).arguments())
    assert "*opted in*" in text
    assert says("record_could_not_be_read") in text
    assert says("no_change_was_made") not in text
    assert not report.drifted


@pytest.mark.usefixtures("away")
def test_whoever_asks_next_is_answered_as_well(house: House) -> None:
    heard: list[Status] = []
    twice = threading.Semaphore(0)

    def hear(status: Status) -> None:
        heard.append(status)
        twice.release()

    house.dispatch.status.start()
    try:
        for _ in range(2):
            house.dispatch.status.ask(hear)
            assert twice.acquire(timeout=10)
    finally:
        house.dispatch.status.stop()
    assert [status.on_record for status in heard] == [False, False]
