"""A signed request that is sent again, by whoever copied it or by Slack, does nothing once its delivery is
recorded."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.transport import http_mode
from bot.transport.http_mode import OLDEST, Deliveries
from tests.bot.transport.http_bot import FORM, JSON, Bot, click, command, event

KINDS = {
    "command": (FORM, command("export")),
    "click": (FORM, click(trigger_id="9.9.9")),
    "event": (JSON, event(event_id="Ev9")),
}


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.serving.stop()


@pytest.mark.parametrize(("kind", "body"), KINDS.values(), ids=KINDS)
def test_twenty_copies_one_after_the_other_are_answered_and_do_it_once(
    bot: Bot, kind: str, body: bytes
) -> None:
    stamp = bot.stamp()
    assert bot.send(body, kind=kind, stamp=stamp)[0] == 200
    assert [bot.send(body, kind=kind, stamp=stamp) for _ in range(20)] == [(200, "")] * 20
    assert len(bot.taken) == 1


def test_ten_copies_at_once_do_it_once(bot: Bot) -> None:
    bot.free.clear()
    stamp = bot.stamp()
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(bot.send, command("export"), stamp=stamp) for _ in range(10)]
        deadline = time.monotonic() + 10
        while not bot.taken and time.monotonic() < deadline:
            time.sleep(0.01)
        bot.free.set()
        said = sorted(one.result() for one in sent)
    assert said == [(200, "")] * 9 + [(200, "taken")]
    assert bot.taken == ["export"]


def test_another_request_with_the_same_words_is_no_copy(bot: Bot) -> None:
    stamp = bot.stamp()
    for number in range(3):
        assert bot.send(command("export", trigger_id=f"1.2.{number}"), stamp=stamp) == (200, "taken")
    assert bot.send(command("export", trigger_id="1.2.0"), stamp=str(int(stamp) - 1)) == (200, "taken")
    assert len(bot.taken) == 4


def test_what_was_not_recorded_is_taken_when_slack_sends_it_again(bot: Bot) -> None:
    stamp, body = bot.stamp(), event(event_id="Ev10")
    bot.failing = 2
    for _ in range(2):
        assert bot.send(body, kind=JSON, stamp=stamp)[0] >= 400
    assert bot.taken == []
    assert bot.send(body, kind=JSON, stamp=stamp)[0] == 200
    assert bot.send(body, kind=JSON, stamp=stamp)[0] == 200
    assert bot.taken == ["reaction"]


def test_the_challenge_is_answered_however_often_it_is_asked(bot: Bot) -> None:
    body, stamp = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode(), bot.stamp()
    said = [bot.send(body, kind=JSON, stamp=stamp) for _ in range(3)]
    assert [(status, json.loads(text)) for status, text in said] == [(200, {"challenge": "3eZbrw1a"})] * 3


def test_a_wrong_signature_leaves_nothing_behind(bot: Bot) -> None:
    stamp = bot.stamp()
    assert bot.send(command("export"), stamp=stamp, signature="v0=" + "0" * 64)[0] == 401
    assert bot.send(command("export"), stamp=stamp) == (200, "taken")


class Ticking:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(http_mode, "time", ticking)
    return ticking


def taken(deliveries: Deliveries, signature: str, *, recorded: bool = True) -> bool:
    with deliveries.first(signature) as delivery:
        if delivery is not None:
            delivery.taken = recorded
        return delivery is not None


def test_a_signature_is_remembered_as_long_as_it_holds_and_then_forgotten(clock: Ticking) -> None:
    deliveries = Deliveries(2 * OLDEST, patience=1)
    assert taken(deliveries, "a")
    clock.at += 2 * OLDEST - 1
    assert not taken(deliveries, "a")
    assert taken(deliveries, "b")
    clock.at += 2
    assert taken(deliveries, "c")
    assert list(deliveries._taken) == ["b", "c"]


def test_what_raised_or_came_to_nothing_may_come_again() -> None:
    deliveries = Deliveries(600, patience=1)
    with pytest.raises(ZeroDivisionError), deliveries.first("a"):
        raise ZeroDivisionError
    assert taken(deliveries, "a", recorded=False)
    assert taken(deliveries, "a")
    assert not taken(deliveries, "a")


@pytest.mark.parametrize("recorded", [True, False])
def test_a_copy_waits_for_what_becomes_of_the_first(recorded: bool) -> None:
    deliveries = Deliveries(600, patience=10)
    outcome: list[bool] = []
    copy = threading.Thread(target=lambda: outcome.append(taken(deliveries, "a")))
    with deliveries.first("a") as delivery:
        assert delivery
        copy.start()
        delivery.taken = recorded
    copy.join(timeout=10)
    assert outcome == [not recorded]


def test_a_copy_does_not_wait_for_ever() -> None:
    deliveries = Deliveries(600, patience=0.05)
    with deliveries.first("a"), pytest.raises(TimeoutError), deliveries.first("a"):
        pytest.fail("both were let in")
