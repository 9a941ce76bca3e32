"""Two domain controllers: a read straight after a write may be stale, and after the lag it never is."""

from datetime import UTC, datetime

import pytest

from bot.sandbox.microsoft.replication import Controllers, Version
from tests.bot.sandbox.microsoft.exchange_client import sandboxed

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def version(value: object) -> Version:
    return Version({"value": value}, MOMENT)


def two_reads(controllers: Controllers) -> list[object]:
    return [controllers.read()[0].values["value"] for _ in range(2)]


def test_a_read_straight_after_a_write_is_stale_and_the_next_one_fresh() -> None:
    controllers = Controllers(version(1), monotonic=Seconds())
    controllers.write(version(2), lag=30)
    assert two_reads(controllers) == [1, 2]
    assert two_reads(controllers) == [1, 2], "as long as the lag lasts"


def test_after_the_lag_both_agree() -> None:
    seconds = Seconds()
    controllers = Controllers(version(1), monotonic=seconds)
    controllers.write(version(2), lag=30)
    seconds.now = 30
    assert two_reads(controllers) == [2, 2]


def test_without_lag_nothing_is_ever_stale() -> None:
    controllers = Controllers(version(1), monotonic=Seconds())
    controllers.write(version(2), lag=0)
    assert two_reads(controllers) == [2, 2]


@pytest.mark.parametrize("reads_between", [0, 1])
def test_the_newest_write_wins_wherever_it_landed(reads_between: int) -> None:
    seconds = Seconds()
    controllers = Controllers(version(1), monotonic=seconds)
    controllers.write(version(2), lag=30)
    for _ in range(reads_between):
        controllers.read()
    controllers.write(version(3), lag=30)
    assert controllers.newest.values["value"] == 3
    seconds.now = 31
    assert two_reads(controllers) == [3, 3]


def test_what_nobody_can_read_any_more_is_forgotten() -> None:
    controllers = Controllers(version(0), monotonic=Seconds())
    for number in range(1, 100):
        controllers.write(version(number), lag=0)
    assert len(controllers._versions) <= 2


def test_over_the_wire_the_stale_answer_names_another_server_than_the_fresh_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with sandboxed(tmp_path_factory.mktemp("microsoft")) as client:
        client.tenant.lag_seconds = 3600
        client.set(True)
        stale, fresh = client.row(), client.row()
        assert (stale["AllowLegacyTLSClients"], fresh["AllowLegacyTLSClients"]) == (None, True)
        assert stale["WhenChangedUTC"] < fresh["WhenChangedUTC"]
        assert stale["OriginatingServer"] != fresh["OriginatingServer"]
