"""What is on record of many tenants is told at once where rows and events agree, and of nobody else."""

import pytest

from storage.baseline_and_rule import KeptSettings, kept_settings
from storage.engine import Database
from storage.ledger import Ledger
from tests.handlers.attacks import tamper
from tests.storage.states import NOW

A, B, C = (f"{letter * 8}-2222-3333-4444-555555555555" for letter in "abc")
SAID = {"LEGACYTLS_TIMEZONE": "UTC"}


@pytest.fixture
def recorded(database: Database) -> Database:
    """Two tenants with two rules each, one of them with settings; the third has nothing on record."""
    for tenant_id in (A, B):
        with Ledger(database, tenant_id).recording(NOW) as entry:
            entry.holding.keep_rule("old", {"channel": "C0OLD"})
            entry.holding.keep_rule(f"new {tenant_id[0]}", {"channel": "C0NEW", "approvers": ["U0BOB"]})
            if tenant_id == A:
                entry.record("settings", "bot", {"changed": {}, "settings": {}})
                entry.record("settings", "bot", {"changed": {}, "settings": SAID})
    return database


def test_the_newest_is_told_of_each_and_nothing_of_who_has_none(recorded: Database) -> None:
    assert kept_settings(recorded, [A, B, C]) == {
        A: KeptSettings("new a", SAID),
        B: KeptSettings("new b", None),
    }
    assert kept_settings(recorded, [C]) == {}


@pytest.mark.parametrize(
    "altered",
    [
        "UPDATE rules SET digest = 'other'",
        "UPDATE rules SET body = '{}'",
        "UPDATE rules SET since = '2020-01-01 00:00:00.000000'",
        "UPDATE audit_events SET payload = '{}' WHERE kind = 'rule'",
    ],
)
def test_what_does_not_agree_is_not_told(recorded: Database, altered: str) -> None:
    mine = f"{altered} {'AND' if 'WHERE' in altered else 'WHERE'} tenant_id = '{A}'"
    tamper(recorded, mine)
    assert list(kept_settings(recorded, [A, B])) == [B]
