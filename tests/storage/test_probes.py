"""What was last found of an endpoint: a change is noticed once, and what could not be told changes
nothing."""

from datetime import timedelta

import pytest

from storage.ledger import Ledger
from storage.probes import Kept, KnownVersion, keep_version, known_versions
from tests.storage.states import NOW, TENANT


def keep(
    ledger: Ledger, accepted: bool | None, hours: int, *, host: str = "a.example", tls: str = "1.0"
) -> Kept:
    at = NOW + timedelta(hours=hours)
    with ledger.recording(at) as entry:
        return keep_version(
            entry.connection, ledger.tenant_id, host=host, port=587, tls=tls, accepted=accepted, at=at
        )


def known(ledger: Ledger) -> list[KnownVersion]:
    with ledger.reading() as reader:
        return known_versions(reader.connection, ledger.tenant_id)


@pytest.mark.parametrize("first", [True, False])
def test_a_change_is_noticed_once_and_dated_from_when_it_was_first_seen(ledger: Ledger, first: bool) -> None:
    told = [
        keep(ledger, accepted, hours)
        for hours, accepted in enumerate([first, first, not first, not first, first])
    ]
    assert told == [Kept.FIRST, Kept.SAME, Kept.CHANGED, Kept.SAME, Kept.CHANGED]
    (version,) = known(ledger)
    last = NOW + timedelta(hours=4)
    assert (version.accepted, version.since, version.seen_at, version.tried_at) == (first, last, last, last)


def test_what_could_not_be_told_leaves_the_outcome_and_moves_the_last_try_only(ledger: Ledger) -> None:
    assert keep(ledger, None, 0) is Kept.SAME
    assert [(one.accepted, one.since) for one in known(ledger)] == [(None, None)]
    assert keep(ledger, True, 1) is Kept.FIRST
    assert keep(ledger, None, 2) is Kept.SAME
    (version,) = known(ledger)
    assert (version.accepted, version.seen_at) == (True, NOW + timedelta(hours=1))
    assert version.tried_at == NOW + timedelta(hours=2)
    assert keep(ledger, False, 3) is Kept.CHANGED, "compared with the last one known"


def test_a_probe_that_ends_after_a_newer_one_changes_nothing(ledger: Ledger) -> None:
    keep(ledger, True, 2)
    before = known(ledger)
    assert keep(ledger, False, 1) is Kept.SAME
    assert known(ledger) == before


def test_endpoints_versions_and_tenants_are_told_apart(ledger: Ledger) -> None:
    keep(ledger, True, 0)
    assert keep(ledger, False, 1, host="b.example") is Kept.FIRST
    assert keep(ledger, False, 1, tls="1.1") is Kept.FIRST
    assert keep(Ledger(ledger.database, "another"), False, 1) is Kept.FIRST
    assert [(one.host, one.tls, one.accepted) for one in known(ledger)] == [
        ("a.example", "1.0", True), ("a.example", "1.1", False), ("b.example", "1.0", False),
    ]  # fmt: skip
    assert ledger.tenant_id == TENANT
