"""Each number of ``/metrics`` moves after the act it counts, and ``/readyz`` tells of trouble on record, on
every replica."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.observability.gauges import Gauges
from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.sandbox.slack import cast
from storage.engine import Database
from storage.jobs.leases import Leases
from tests.bot.test_process import Running
from tests.handlers.driver import House
from tests.sentences import says
from tests.storage.states import NOW, approve, opened

ALICE, BOB = "U0ALICE", "U0BOB"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    process = Running(tmp_path_factory.mktemp("numbers"), LEGACYTLS_OBSERVE_EVERY="1s")
    with process.sandbox:
        process.wait(lambda: process.ready() == 200 and process.slack.connections == 2 and process.reads())
        yield process


def request(running: Running) -> str:
    """Ask for an opt-in; returns the place of its message."""
    running.slack.command(ALICE, "/legacytls enable")
    view = running.wait(lambda: next(iter(running.slack.views(ALICE)), None))
    day = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    running.slack.submit(
        ALICE, view["id"], {"reason": "Forty scanners", "clients": "Ricoh MP 301, owner: Dave", "day": day}
    )
    shown = running.wait(
        lambda: [said for said in running.slack.messages(cast.CHANGES) if said["text"].startswith("Request")]
    )
    return str(shown[-1]["ts"])


def test_a_change_moves_every_number_about_it(running: Running) -> None:
    assert running.number('legacytls_requests{state="pending"}') == 0
    assert running.number("legacytls_outbox_oldest_seconds") == 0
    ts = request(running)
    running.wait(lambda: running.number('legacytls_requests{state="pending"}') == 1)
    assert running.number('legacytls_decisions_total{door="button",vote="approve"}') is None
    running.slack.press(BOB, cast.CHANGES, ts, "approve")
    running.wait(lambda: running.number('legacytls_requests{state="applied"}') == 1)
    assert running.number('legacytls_requests{state="pending"}') == 0
    assert running.number('legacytls_decisions_total{door="button",vote="approve"}') == 1
    assert running.number('legacytls_exchange_calls_total{call="write",outcome="answered"}') == 1
    reads = running.number('legacytls_exchange_calls_total{call="read",outcome="answered"}')
    assert reads is not None
    assert reads >= 2
    for kind in ("command", "view_submission", "block_actions"):
        assert running.number(f'legacytls_ack_seconds_count{{kind="{kind}"}}') == 1
    assert running.number('legacytls_lease_held{duty="apply"}') == 1


def test_a_decision_is_counted_by_every_replica_whichever_recorded_it(migrated_sqlite_url: str) -> None:
    """So whoever adds up the replicas counts it twice: the metric's own text says so."""
    database = Database(migrated_sqlite_url)
    house = House(database)
    ledger = house.ledger
    replicas = [(Metrics(lambda: NOW), Leases(database, name)) for name in ("here", "there")]
    watching = [
        Gauges(replace(house.context, leases=leases), house.outbox, metrics=metrics, health=Health())
        for metrics, leases in replicas
    ]
    request = opened(ledger)
    for gauges in watching:
        gauges.refresh()
        gauges._next = 0.0
    with ledger.recording(NOW) as entry:
        approve(entry, request)
    for gauges in watching:
        gauges.refresh()
    database.close()
    for metrics, _ in replicas:
        told = metrics.text().decode()
        assert 'legacytls_decisions_total{door="button",vote="approve"} 1.0' in told
        assert says("every_replica_counts_those_of_all_take") in told


def test_a_change_made_outside_shows_as_drift_until_the_bot_has_made_the_next(running: Running) -> None:
    running.wait(lambda: running.number("legacytls_drift") == 0)
    running.tenant.value = None
    running.wait(lambda: running.number("legacytls_drift") == 1)
    running.slack.command(ALICE, "/legacytls disable")
    view = running.wait(lambda: next(iter(running.slack.views(ALICE)), None))
    running.slack.submit(ALICE, view["id"], {"reason": ""})
    running.wait(lambda: running.number("legacytls_drift") == 0)


def test_the_age_of_the_last_reading_grows_while_nothing_can_be_read(running: Running) -> None:
    def age() -> float:
        return running.number("legacytls_observation_age_seconds") or 0.0

    running.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig", count=1000)
    running.wait(lambda: age() > 7)
    running.tenant.clear_faults()
    running.wait(lambda: age() < 7)


def test_trouble_at_exchange_and_in_the_channel_is_told_while_it_lasts_and_the_bot_stays_ready(
    running: Running,
) -> None:
    running.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig", count=1000)
    running.slack.fault("chat.postMessage", "is_archived", 1000)
    running.slack.fault("chat.update", "is_archived", 1000)
    running.tenant.value = None
    running.wait(lambda: "exchange" in running.trouble())
    running.tenant.clear_faults()
    running.wait(
        lambda: "archived" in running.trouble().get("channel", "") and "exchange" not in running.trouble(),
        within=30,
    )
    assert (running.number("legacytls_outbox_oldest_seconds") or 0) > 0
    assert running.ready() == 200
    running.slack.faults.clear()
    running.wait(lambda: not running.trouble(), within=70)
    assert running.number("legacytls_outbox_oldest_seconds") == 0


def test_before_anything_was_read_nothing_is_claimed(tmp_path: Path) -> None:
    process = Running(tmp_path)
    process.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig", count=1000)
    with process.sandbox:
        process.wait(lambda: process.trouble().get("exchange") if process.ready() == 200 else None)
        assert math.isnan(process.number("legacytls_drift") or 0.0)
        assert math.isnan(process.number("legacytls_observation_age_seconds") or 0.0)
