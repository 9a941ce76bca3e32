"""The numbers of many tenants: counts and the worst age, never a series for each; trouble names the first
few."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.observability.fleet_gauges import FleetGauges
from bot.observability.health import FEW, Health
from bot.observability.metrics import Metrics
from storage.engine import Database
from storage.ledger import Ledger
from storage.records import Observation, SettingValue
from tests.sentences import says

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


def test_tenants_are_counted_and_none_has_a_series(database: Database) -> None:
    _read(database, "id-one", SettingValue.OPTED_IN, NOW - timedelta(hours=2))
    _read(database, "id-two", SettingValue.OPTED_OUT, NOW)
    _read(database, "id-three", None, NOW, "throttled")
    aliases = {"id-one": "one", "id-two": "two", "id-three": "three", "id-four": "four"}
    health, metrics = Health(), Metrics(lambda: NOW)
    FleetGauges(database, lambda: aliases, lambda: NOW, metrics=metrics, health=health).refresh()
    told = metrics.text().decode()
    for state, count in (("opted in", 1), ("opted out", 1), ("unreadable", 1), ("not read yet", 1)):
        assert (
            says("legacytls_tenants_state_state_float_count", state=state, float_count=float(count)) in told
        )
    assert "legacytls_observation_age_seconds 7200.0" in told
    assert not [name for pair in aliases.items() for name in pair if f'"{name}"' in told]
    assert health.trouble == {"exchange": "three: throttled"}


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
