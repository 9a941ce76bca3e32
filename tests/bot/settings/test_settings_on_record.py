"""Changed settings are on record once, old beside new, and never a secret; an unchanged restart records
nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from freezegun import freeze_time

from bot.settings.model import NAMES, Settings
from handlers.policy.rule import Rule
from storage.engine import Database
from storage.record.verify import verify
from tests.handlers.driver import TENANT, TWO, House


@pytest.fixture
def house(migrated_database_url: str) -> Iterator[House]:
    database = Database(migrated_database_url)
    yield House(database)
    database.close()


def settings(**written: str) -> Settings:
    return Settings(**written)  # type: ignore[arg-type]


def start(house: House, rule: Rule | None = None, **written: str) -> None:
    """As the process starts."""
    house.start(rule or house.context.rule)
    house.dispatch.rules.keep_settings(settings(**written).on_record())


def recorded(house: House) -> list[dict[str, Any]]:
    return [dict(event.payload) for event in house.events("settings")]


def test_the_first_start_records_what_holds(house: House) -> None:
    start(house, EXCHANGE_CLOUD="gcc")
    (first,) = recorded(house)
    assert first["settings"]["EXCHANGE_CLOUD"] == "gcc"
    assert first["changed"]["EXCHANGE_CLOUD"] == {"old": None, "new": "gcc"}


def test_an_unchanged_restart_records_nothing(house: House) -> None:
    for _ in range(3):
        start(house, LEGACYTLS_ESCALATE_TO="U0CAROL,U0DAVE")
    start(house, LEGACYTLS_ESCALATE_TO="U0DAVE, U0CAROL")
    assert len(recorded(house)) == 1
    with freeze_time("2027-06-01"):
        start(house, LEGACYTLS_ESCALATE_TO="U0DAVE,U0CAROL")
    assert len(recorded(house)) == 1


@pytest.mark.parametrize(
    ("name", "written", "old", "new"),
    [
        ("EXCHANGE_CLOUD", "dod", "worldwide", "dod"),
        ("EXCHANGE_ORGANIZATION", "contoso.onmicrosoft.com", None, "contoso.onmicrosoft.com"),
        ("LEGACYTLS_MAX_WINDOW", "60d", "90 days, 0:00:00", "60 days, 0:00:00"),
        ("LEGACYTLS_DEFAULT_WINDOW", "7d", "30 days, 0:00:00", "7 days, 0:00:00"),
        ("LEGACYTLS_ESCALATE_TO", "U0CAROL", [], ["U0CAROL"]),
        ("LEGACYTLS_OBSERVE_EVERY", "1h", "0:10:00", "1:00:00"),
        ("LEGACYTLS_WORKING_HOURS", "08:00-12:00", "09:00-17:00", "08:00-12:00"),
        ("LEGACYTLS_TIMEZONE", "Europe/Berlin", "UTC", "Europe/Berlin"),
        ("LEGACYTLS_EVENTS_PRIVATE", "true", False, True),
        ("LEGACYTLS_RETENTION", "90d", "400 days, 0:00:00", "90 days, 0:00:00"),
    ],
)
def test_a_changed_setting_is_recorded_old_beside_new(
    house: House, name: str, written: str, old: object, new: object
) -> None:
    start(house)
    start(house, **{name: written})
    assert recorded(house)[-1]["changed"] == {name: {"old": old, "new": new}}
    start(house)
    assert recorded(house)[-1]["changed"] == {name: {"old": new, "new": old}}
    assert len(recorded(house)) == 3
    assert verify(house.database, TENANT).ok


def test_a_changed_rule_alone_is_the_rules_business(house: House) -> None:
    start(house)
    start(house, TWO)
    assert len(recorded(house)) == 1


def test_no_secret_is_recorded() -> None:
    secrets = {
        name: f"canary-{name}"
        for name, attribute in NAMES.items()
        if "Secret" in str(Settings.model_fields[attribute])
    }
    secrets |= {"SLACK_BOT_TOKEN": "xoxb-canary", "SLACK_APP_TOKEN": "xapp-canary"}
    keys = {"LEGACYTLS_RECORD_KEY": "0badc0de" * 8}
    assert "0badc0de" not in json.dumps(settings(**keys).on_record())
    secrets = {name: written for name, written in secrets.items() if "RECORD_KEY" not in name}
    secrets |= {
        "LEGACYTLS_EVENTS_URL": "https://events.example.com/canary",
        "LEGACYTLS_EVENTS_SECRET": f"whsec_canary{'A' * 30}",
    }
    secrets |= {"LEGACYTLS_TIMESTAMP_URL": "http://time.example.com/canary"}
    secrets |= {"DATABASE_URL": "postgresql+psycopg://bot:canary@db.example.com/legacytls"}
    assert len(secrets) >= 5
    assert "canary" not in json.dumps(settings(**secrets).on_record())
