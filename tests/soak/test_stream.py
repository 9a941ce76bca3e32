"""The soak sees what a receiver did not get."""

import pytest

from storage.chain import GENESIS
from tests.soak.stream import flaws


def event(seq: int, *, tenant: str = "one", prev: str | None = None, made: str = "") -> dict[str, object]:
    """An event that follows the one with the number before it."""
    before = f"{tenant} {seq - 1}" if seq > 1 else GENESIS
    return {"tenant": tenant, "seq": seq, "prev": prev or before, "hash": made or f"{tenant} {seq}"}


def test_a_whole_record_of_two_tenants_sent_partly_twice_is_in_order() -> None:
    arrived = [event(1), event(1, tenant="two"), event(2), event(1), event(2), event(3)]
    assert list(flaws(arrived, {"one": 3, "two": 1})) == []


@pytest.mark.parametrize(
    ("arrived", "flaw"),
    [
        ([event(1), event(3), event(2)], "event 3 of one came behind 1"),
        ([event(1), event(2, prev="another"), event(3)], "event 2 of one does not follow the one before it"),
        (
            [event(1), event(2), event(2, made="another"), event(3)],
            "event 2 of one came again and was another",
        ),
        ([event(1), event(2)], "2 events of one came, and 3 are on record"),
        ([], "0 events of one came, and 3 are on record"),
    ],
    ids=["gap", "other predecessor", "altered", "last missing", "nothing"],
)
def test_a_flaw_is_named(arrived: list[dict[str, object]], flaw: str) -> None:
    assert flaw in set(flaws(arrived, {"one": 3}))
