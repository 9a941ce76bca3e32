"""The numbers of many tenants: counts and the worst age, never a series for each; trouble names the first
few."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.observability.gauges import FleetGauges
from bot.observability.health import FEW, Health
from bot.observability.metrics import Metrics
from storage.engine import Database
from storage.jobs.leases import Leases, TenantDuty
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.records import Baseline, ChangeRequest, Observation, SettingValue
from tests.handlers.driver import House
from tests.sentences import says
from tests.storage.states import BOB, approve, opened

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    yield opened
    opened.close()


def _read(
    database: Database, tenant: str, value: SettingValue | None, at: datetime, problem: str | None = None
) -> None:
    with Ledger(database, tenant).recording(at) as entry:
        entry.holding.observe(Observation(at, value, None, None, problem))


def _gauges(database: Database, **tenants: str) -> tuple[FleetGauges, Metrics, Health]:
    """What measures these tenants, by alias."""
    contexts = {alias: House(database, tenant_id=tenant).context for alias, tenant in tenants.items()}
    metrics, health = Metrics(lambda: NOW), Health()
    return (
        FleetGauges(database, lambda: contexts, lambda: NOW, metrics=metrics, health=health),
        metrics,
        health,
    )


def test_tenants_are_counted_and_none_has_a_series(database: Database) -> None:
    _read(database, "id-one", SettingValue.OPTED_IN, NOW - timedelta(hours=2))
    _read(database, "id-two", SettingValue.OPTED_OUT, NOW)
    _read(database, "id-three", None, NOW, "throttled")
    aliases = {"one": "id-one", "two": "id-two", "three": "id-three", "four": "id-four"}
    gauges, metrics, health = _gauges(database, **aliases)
    gauges.refresh()
    told = metrics.text().decode()
    for state, count in (("opted in", 1), ("opted out", 1), ("unreadable", 1), ("not read yet", 1)):
        assert (
            says("legacytls_tenants_state_state_float_count", state=state, float_count=float(count)) in told
        )
    assert "legacytls_observation_age_seconds 7200.0" in told
    assert "legacytls_drift NaN" in told
    assert not [name for pair in aliases.items() for name in pair if f'"{name}"' in told]
    assert health.trouble == {"exchange": "three: throttled"}


def test_decisions_duties_and_drift_are_summed_over_the_tenants_that_are_served(database: Database) -> None:
    gauges, metrics, health = _gauges(database, one="id-one", two="id-two")
    ledgers = [Ledger(database, tenant) for tenant in ("id-one", "id-two", "id-gone")]
    requests, voted = [opened(ledger) for ledger in ledgers], list[ChangeRequest]()
    gauges.refresh()
    gauges._next = 0.0
    for ledger, request in zip(ledgers, requests, strict=True):
        with ledger.recording(NOW) as entry:
            voted.append(approve(entry, request))
            entry.holding.set_baseline(Baseline(SettingValue.OPTED_OUT, NOW, None, None), why="test")
        _read(database, ledger.tenant_id, SettingValue.OPTED_IN, NOW)
    for context in gauges._contexts().values():
        assert context.leases.claim(context.ledger.tenant_id, TenantDuty.OBSERVE)
    assert Leases(database, "another replica").claim("id-one", TenantDuty.APPLY)
    with ledgers[0].recording(NOW) as entry:
        waits = entry.move(voted[0], State.APPROVED, actor=BOB, detail="")
        entry.revise(waits, detail="Exchange is throttled", retry_at=NOW)
    gauges.refresh()
    told = metrics.text().decode()
    assert 'legacytls_decisions_total{door="button",vote="approve"} 2.0' in told
    assert 'legacytls_lease_held{duty="observe"} 2.0' in told
    assert 'legacytls_lease_held{duty="apply"} 0.0' in told
    assert "legacytls_drift 2.0" in told
    assert 'legacytls_requests{state="pending"} 1.0' in told
    assert health.trouble == {"changes": f"one: #{requests[0].id}: Exchange is throttled"}


def test_a_bot_of_one_tenant_has_no_such_number() -> None:
    assert "legacytls_tenants" not in Metrics(lambda: NOW).text().decode()


def test_trouble_of_many_names_the_first_few_and_is_over_with_the_tenant() -> None:
    health = Health()
    for number in range(FEW + 2):
        health.note("exchange", "Away.", tenant=f"t{number}")
    assert health.trouble["exchange"].endswith(f"t{FEW - 1}: Away. And 2 more.")
    for number in range(FEW + 2):
        health.forget(f"t{number}")
    assert health.trouble == {}
