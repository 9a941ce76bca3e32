"""Every change and every row of Exchange's audit log is paired with one of the other, daily, and what is left
is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers.evidence.audit_pairing import Made, pair
from handlers.evidence.daily_values import Days
from handlers.evidence.reconciliation import Reconciliation, flapping
from handlers.policy.periods import Period
from handlers.ports import AuditRow, Unavailable
from storage.records import SettingValue
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.evidence.packs import made, unpacked
from tests.handlers.saying import announcement

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = Period(date(2026, 11, 23), date(2026, 11, 30))


def row(
    name: str,
    at: datetime,
    value: SettingValue | None = IN,
    *,
    own: bool | None = True,
    succeeded: bool = True,
) -> AuditRow:
    return AuditRow(name, at, "app" if own else "erin@contoso.example", value, succeeded=succeeded, own=own)


def sent(number: int, *at: datetime) -> Made:
    return Made(number, outside=False, value=IN.value, sent_at=at, noticed_at=at[0])


def noticed(number: int, at: datetime) -> Made:
    return Made(number, outside=True, value=IN.value, sent_at=(), noticed_at=at)


def words(
    rows: Iterable[AuditRow], changes: list[Made], now: datetime = AT + 48 * HOUR
) -> tuple[list[object], list[object]]:
    found = pair(rows, changes, now)
    return [(said["matched"], said["number"]) for said in found.rows], [
        said["matched"] for said in found.changes
    ]


@pytest.mark.parametrize(
    ("rows", "changes", "of_rows", "of_changes"),
    [
        ([row("a", AT)], [sent(1, AT)], [("yes", 1)], ["yes"]),
        ([row("a", AT + 14 * HOUR / 60)], [sent(1, AT)], [("yes", 1)], ["yes"]),
        ([row("a", AT + 16 * HOUR / 60)], [sent(1, AT)], [("no", None)], ["no"]),
        ([row("a", AT, OUT)], [sent(1, AT)], [("no", None)], ["no"]),
        ([row("a", AT, own=False)], [sent(1, AT)], [("no", None)], ["no"]),
        ([row("a", AT, own=None)], [sent(1, AT)], [("yes", 1)], ["yes"]),
        ([row("a", AT), row("b", AT)], [sent(1, AT)], [("yes", 1), ("no", None)], ["yes"]),
        ([row("a", AT), row("b", AT + HOUR / 4)], [sent(1, AT, AT + HOUR / 4)], [("yes", 1), ("yes", 1)],
            ["yes"]),
        ([row("a", AT)], [sent(1, AT), sent(2, AT + HOUR / 60)], [("yes", 1)], ["yes", "no"]),
        ([row("a", AT, succeeded=False)], [], [("not needed", None)], []),
        ([row("a", AT, succeeded=False)], [sent(1, AT)], [("not needed", None)], ["no"]),
        ([row("a", AT, None)], [sent(1, AT)], [("no", None)], ["no"]),
        ([row("a", AT, own=False)], [noticed(4, AT + HOUR / 6)], [("yes", 4)], ["yes"]),
        ([row("a", AT, own=False), row("b", AT + HOUR / 10, own=False)], [noticed(4, AT + HOUR / 6)],
         [("no", None), ("yes", 4)], ["yes"]),
        ([row("a", AT, own=False)], [noticed(4, AT + 25 * HOUR)], [("no", None)], ["awaited"]),
        ([], [noticed(4, AT)], [], ["no"]),
        ([], [sent(1, AT)], [], ["no"]),
    ],
)  # fmt: skip
def test_what_belongs_together_is_paired_one_with_one(
    rows: list[AuditRow], changes: list[Made], of_rows: list[object], of_changes: list[object]
) -> None:
    assert words(rows, changes) == (of_rows, of_changes)


def test_what_is_young_is_awaited_and_what_is_old_is_missing() -> None:
    for age, expected in ((HOUR, "awaited"), (23 * HOUR, "awaited"), (24 * HOUR, "no")):
        assert words([], [sent(1, AT)], AT + age)[1] == [expected]
    for age, expected in ((HOUR, "awaited"), (3 * HOUR, "no")):
        assert words([row("a", AT, own=False)], [], AT + age)[0] == [(expected, None)]


@dataclass
class Log:
    """Implements ``AuditSearch``: rows that are there from a moment on."""

    rows: list[AuditRow] = field(default_factory=list)
    away: bool = False
    searches: list[tuple[datetime, datetime]] = field(default_factory=list)

    def search(self, since: datetime, until: datetime) -> list[AuditRow]:
        self.searches.append((since, until))
        if self.away:
            raise Unavailable("Exchange Online is not there.")
        return [row for row in self.rows if since <= row.at <= until]


@dataclass
class Watched:
    """A house whose record is compared with a log."""

    house: House
    log: Log = field(default_factory=Log)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """As after a restart."""
        self.reconciliation = Reconciliation(self.house.ledger, self.log, operators=(BOB,))
        self.days = Days(self.house.ledger)

    def daily(self) -> int:
        self.days.close(self.house.clock())
        return self.reconciliation.daily(self.house.clock())

    def opt_in(self) -> int:
        number = self.house.ask(ALICE).id
        self.house.approve(BOB, number)
        self.house.work()
        return number

    def told(self) -> list[str]:
        self.house.deliver()
        facts = [facts for facts in self.house.board.announced if facts["what"] == "audit_gap"]
        return [announcement(each, ZoneInfo("UTC")).text for each in facts]

    def missing(self, period: Period = PERIOD) -> list[str]:
        """What a pack made now says is missing, after the search that is made on demand."""
        problem = []
        try:
            self.reconciliation.on_demand(period, self.house.clock())
        except Unavailable as away:
            problem = [away.sentence]
        return list(made(self.house, period)[1].missing) + problem


@pytest.fixture
def watched(both: House) -> Watched:
    return Watched(both)


def test_the_first_day_is_searched_when_it_is_over_and_each_day_once(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [row("a", AT)]
    assert watched.daily() == 0
    watched.house.clock.advance(hours=13)
    assert watched.daily() == 1
    assert watched.daily() == 0
    watched.again()
    assert watched.daily() == 0, "a restart searches nothing that is on record"
    watched.house.clock.advance(days=1)
    assert watched.daily() == 1
    (first, second) = watched.house.events("reconciled")
    assert first.payload["rows"][0]["matched"] == "yes"  # type: ignore[index]
    assert (second.payload["rows"], second.payload["changes"]) == ([], []), (
        "what is on record is not said again"
    )


def test_a_search_that_failed_proves_nothing_and_the_next_one_makes_up_for_it(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [row("a", AT)]
    watched.house.clock.advance(days=1)
    watched.log.away = True
    with pytest.raises(Unavailable):
        watched.daily()
    assert watched.house.events("reconciled") == []
    assert "not searched" in " ".join(watched.missing())
    watched.house.clock.advance(days=3)
    watched.log.away = False
    assert watched.daily() == 1
    assert watched.log.searches[-1][0] <= AT - 23 * HOUR
    assert watched.missing() == []


def test_a_late_row_is_awaited_for_a_day_then_missing_then_found_after_all(watched: Watched) -> None:
    number = watched.opt_in()
    (sentence,) = watched.missing(Period(date(2026, 11, 23), date(2026, 11, 23)))
    assert sentence.startswith(
        f"#{number}: its row in Exchange's audit log is awaited until 2026-11-24 12:00 UTC"
    )
    assert watched.told() == []
    watched.house.clock.advance(days=1, minutes=1)
    watched.daily()
    assert len(watched.told()) == 1
    assert "<@U0BOB>" in watched.told()[0]
    assert watched.missing() == [
        f"#{number}: Exchange's audit log has no row of it, a day after it was made."
    ]
    watched.log.rows = [row("a", AT)]
    assert watched.missing() == []
    assert len(watched.told()) == 1


def test_a_change_that_the_bot_never_saw_is_a_gap_told_once(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [
        row("a", AT),
        row("b", AT + 3 * HOUR, OUT, own=False),
        row("c", AT + 3.1 * HOUR, IN, own=False),
    ]
    watched.house.clock.advance(days=1, minutes=1)
    watched.daily()
    told = watched.told()
    assert len(told) == 2
    assert all("erin@contoso.example" in text for text in told)
    missing = watched.missing()
    assert len(missing) == 2
    watched.house.clock.advance(days=1)
    watched.daily()
    assert watched.told() == told


def test_a_row_of_the_bot_s_own_app_without_a_change_says_so(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [row("a", AT), row("b", AT + 5 * HOUR, OUT)]
    watched.house.clock.advance(days=1, minutes=1)
    watched.daily()
    assert "find out who else uses its credential" in watched.told()[0]


def test_a_change_noticed_from_outside_gets_its_author(watched: Watched) -> None:
    house = watched.house
    watched.opt_in()
    house.clock.advance(hours=1)
    house.tenant.value = OUT
    house.observe()
    house.work()
    outside = house.newest()
    watched.log.rows = [row("a", AT), row("b", house.clock.at - HOUR / 6, OUT, own=False)]
    assert watched.missing() == []
    population = unpacked(made(house, PERIOD)[0])["population.csv"].decode().splitlines()[-1]
    assert population.startswith(f'"{outside.id}","outside","","erin@contoso.example"')


def test_the_same_pack_comes_out_twice_and_searching_again_adds_nothing(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [row("a", AT)]
    assert watched.missing() == []
    first = made(watched.house, PERIOD)[0]
    watched.house.clock.advance(minutes=10)
    assert watched.missing() == []
    assert made(watched.house, PERIOD)[0] == first


def test_a_closed_period_that_is_settled_is_not_searched_again(watched: Watched) -> None:
    watched.opt_in()
    watched.log.rows = [row("a", AT)]
    for _ in range(4):
        watched.house.clock.advance(days=1)
        watched.daily()
    searches = len(watched.log.searches)
    watched.reconciliation.on_demand(Period(date(2026, 11, 23), date(2026, 11, 25)), watched.house.clock())
    assert len(watched.log.searches) == searches
    assert made(watched.house, Period(date(2026, 11, 23), date(2026, 11, 25)))[1].missing == ()


def test_what_sets_the_value_back_again_and_again_is_named(watched: Watched) -> None:
    by_dsc = {"actor": "dsc", "value": "opted in", "result": "succeeded"}
    at = [f"2026-11-2{day}T12:00:00.000000Z" for day in range(4)]
    rows = [
        {**by_dsc, "id": at[n], "at": at[n], "own": own} for n, own in enumerate((False, False, True, False))
    ]
    assert flapping(rows, since="2026-11-20") == {("dsc", "opted in"): 3}
    assert flapping(rows, since="2026-11-23") == {}
    watched.opt_in()
    watched.log.rows = [row("a", AT), *(row(f"x{n}", AT + n * HOUR, OUT, own=False) for n in (2, 4, 6))]
    watched.house.clock.advance(days=1, minutes=1)
    watched.daily()
    (text,) = [text for text in watched.told() if "times within a month" in text]
    assert "erin@contoso.example" in text
    assert "3 times" in text


def test_each_day_s_value_and_unobserved_time_is_kept_when_it_is_over(watched: Watched) -> None:
    house = watched.house
    house.observe()
    house.clock.advance(hours=13)
    watched.daily()
    (first,) = house.events("day")
    assert first.payload == {"day": "2026-11-23", "value": "not set", "minutes_unobserved": 720, "over": True}
    for _ in range(24 * 6):
        house.observe()
        house.clock.advance(minutes=10)
    house.clock.advance(days=2)
    watched.again()
    watched.daily()
    said = [event.payload for event in house.events("day")[1:]]
    assert [(day["day"], day["value"], day["minutes_unobserved"]) for day in said] == [
        ("2026-11-24", "not set", 0 + 60), ("2026-11-25", "not set", 1440 - 50), ("2026-11-26", None, 1440),
    ]  # fmt: skip
    assert watched.daily() == 0


def test_two_replicas_that_take_turns_close_each_day_once(watched: Watched) -> None:
    house = watched.house
    replicas = [Days(house.ledger), Days(house.ledger)]
    for _ in range(4):
        assert sum(replica.close(house.clock()) for replica in replicas) <= 1
        house.clock.advance(days=1)
        replicas.reverse()
    assert [event.payload["day"] for event in house.events("day")] == [
        "2026-11-23",
        "2026-11-24",
        "2026-11-25",
    ]
