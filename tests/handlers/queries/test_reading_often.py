"""After twenty readings for one person within a minute the newest is shown with its age, and nobody else
notices."""

from datetime import UTC
from zoneinfo import ZoneInfo

from handlers.queries.status import READINGS, SHOWN_FOR, Status, StatusReports
from handlers.slack.views import status_view
from tests.handlers.driver import ALICE, BOB, House


class Asking:
    """Status as it is asked for, one at a time."""

    def __init__(self, house: House) -> None:
        self.house, self.seconds = house, 1000.0
        self.reports = StatusReports(house.context, monotonic=lambda: self.seconds)
        self.reports._run = lambda job: job()  # type: ignore[attr-defined]

    def ask(self, person: str) -> Status:
        told: list[Status] = []
        self.reports.ask(told.append, person=person)
        if not told:
            self.reports._serve()
        return told[0]


def test_the_newest_reading_is_shown_with_its_age_once_somebody_has_had_twenty(house: House) -> None:
    asking = Asking(house)
    assert [asking.ask(ALICE).age for _ in range(READINGS)] == [None] * READINGS
    reads = house.tenant.reads
    asking.seconds += 4
    again = asking.ask(ALICE)
    assert (again.age, house.tenant.reads) == (4, reads)
    assert "4 s ago" in status_view.status(again, ZoneInfo("UTC")).text
    asking.seconds += 0.25
    assert asking.ask(ALICE) is again, "within the second it is one answer, drawn once"
    assert asking.ask(BOB).age is None, "others are read to"
    asking.seconds += SHOWN_FOR + 1
    assert asking.ask(ALICE).age is None, "what is older is read again"
    asking.seconds += 60
    assert asking.ask(ALICE).age is None
    assert house.clock().tzinfo is UTC


def test_a_failed_reading_is_never_shown_again(house: House) -> None:
    asking = Asking(house)
    for _ in range(READINGS):
        asking.ask(ALICE)
    house.tenant.unreadable = None
    asking.reports._newest = (None, asking.seconds)
    reads = house.tenant.reads
    assert asking.ask(ALICE).reading is not None
    assert house.tenant.reads == reads + 1
