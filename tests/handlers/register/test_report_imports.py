"""A report adds sightings and nothing else: once, in one event with the shares of registered entries
alone."""

from datetime import date, timedelta

import pytest

from handlers.register.commands import Replaced
from handlers.register.files.decoding import NotRead
from handlers.register.report_imports import Imports, Period
from storage.record.table_comparison import differences
from storage.retention import prune
from storage.sightings import SightingReader
from tests.handlers.driver import ERIN, TENANT, House
from tests.handlers.register.registering import added, device, do
from tests.handlers.register.test_files import HEADER, MESSAGE, SIGN_INS

PERIOD = Period(date(2026, 11, 1), date(2026, 11, 20))


def report(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


FULL = report(
    "scan@contoso.com,x,100,0,0,12",
    "erp@contoso.com,x,0,0,100,7",
    "fax@contoso.com,x,0,50,50,2",
    "none,x,1,1,1,1",
)


def imports(house: House) -> Imports:
    return Imports(house.ledger, house.context.zone, house.clock)


def test_the_answer_holds_the_report_against_the_register(both: House) -> None:
    old, modern = added(both), added(both, device="ERP", sender="erp@contoso.com")
    unseen, ended = (
        added(both, device="Fax", sender="lost@contoso.com"),
        added(both, device="Gone", sender="gone@contoso.com"),
    )
    do(both, ERIN, Replaced(ended.id))
    found = imports(both).take(FULL, period=PERIOD)
    assert (found.kind, found.rows, found.legacy, found.registered, found.unregistered) == (
        *("smtp-auth-clients", 4, 2, 1),
        ("fax@contoso.com",),
    )
    assert (found.unseen, found.modern, [one.row for one in found.skipped]) == (
        (unseen.id,),
        (modern.id,),
        [5],
    )
    (event,) = both.events("report_imported")
    assert [one["device"] for one in event.payload["registered"]] == [old.id, modern.id]  # type: ignore[index, union-attr]
    assert "fax@contoso.com" not in str(event.payload)
    with both.ledger.reading() as reader:
        known = SightingReader(reader.connection, TENANT)
        assert known.unregistered() == 1
        seen = known.of()
        assert (seen["scan@contoso.com"].tls10, seen["scan@contoso.com"].last_seen) == (
            100.0,
            date(2026, 11, 20),
        )
        newest = known.newest_report("smtp-auth-clients")
        assert newest is not None
        assert (newest.first_day, newest.last_day) == (PERIOD.first_day, PERIOD.last_day)
    assert device(both, old.id) == old
    assert list(differences(both.database, TENANT)) == []


def test_the_same_file_twice_changes_nothing_and_answers_the_same(house: House) -> None:
    added(house)
    first = imports(house).take(FULL, period=PERIOD)
    head = house.events()[-1].seq
    again = imports(house).take(FULL, period=PERIOD)
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.registered, again.unregistered, house.events()[-1].seq) == (
        first.registered,
        first.unregistered,
        head,
    )
    assert imports(house).take(FULL).is_new


def test_an_older_report_overwrites_nothing_newer(house: House) -> None:
    added(house)
    imports(house).take(report("scan@contoso.com,x,0,0,100,5"), period=PERIOD)
    imports(house).take(FULL, period=Period(date(2026, 10, 1), date(2026, 10, 31)))
    with house.ledger.reading() as reader:
        known = SightingReader(reader.connection, TENANT)
        assert known.of()["scan@contoso.com"].tls10 == 0
        assert known.unregistered() == 0
        assert known.newest_report("smtp-auth-clients").last_day == PERIOD.last_day  # type: ignore[union-attr]


def test_a_sign_in_moves_the_last_day_alone(both: House) -> None:
    added(both)
    imports(both).take(report("scan@contoso.com,x,100,0,0,5"), period=Period(None, date(2026, 11, 10)))
    found = imports(both).take(SIGN_INS.encode())
    assert (found.legacy, found.registered, found.unregistered, found.modern) == (0, 0, (), ())
    with both.ledger.reading() as reader:
        seen = SightingReader(reader.connection, TENANT).of()["scan@contoso.com"]
    assert (seen.tls10, seen.is_legacy, seen.last_seen) == (100.0, True, date(2026, 11, 20))


def test_sign_ins_do_not_keep_an_older_report_out(both: House) -> None:
    added(both)
    imports(both).take(SIGN_INS.encode(), period=Period(None, date(2026, 11, 23)))
    imports(both).take(report("scan@contoso.com,x,40,0,60,5"), period=Period(None, date(2026, 11, 10)))
    with both.ledger.reading() as reader:
        seen = SightingReader(reader.connection, TENANT).of()["scan@contoso.com"]
    assert (seen.tls10, seen.last_seen) == (40.0, date(2026, 11, 20))


def test_a_message_is_proof_of_its_sender_and_of_nobody_else(house: House) -> None:
    added(house, device="Fax", sender="lost@contoso.com")
    found = imports(house).take(MESSAGE.encode())
    assert (found.legacy, found.unregistered, found.unseen) == (1, ("scan@contoso.com",), ())


@pytest.mark.parametrize(
    "data",
    [
        b"device,sender,owner,due\nScanner,scan@contoso.com,U0ERIN,2026-12-01\n",
        b"",
        HEADER.encode() + b"\nx,y,1,1,1,1\n",
    ],
)
def test_what_is_refused_leaves_nothing(house: House, data: bytes) -> None:
    before = house.events()
    with pytest.raises(NotRead):
        imports(house).take(data)
    assert house.events() == before


def test_a_device_that_has_gone_since_the_report_is_no_sender_on_nobodys_list(both: House) -> None:
    def unregistered() -> int:
        with both.ledger.reading() as reader:
            return SightingReader(reader.connection, TENANT).unregistered()

    old = added(both)
    imports(both).take(report("scan@contoso.com,x,100,0,0,12"))
    both.clock.advance(days=1)
    do(both, ERIN, Replaced(old.id))
    assert unregistered() == 0
    both.clock.advance(days=1)
    imports(both).take(report("scan@contoso.com,x,100,0,0,3"))
    assert unregistered() == 1


def test_reversed_days_are_refused(house: House) -> None:
    with pytest.raises(NotRead, match="before it begins"):
        imports(house).take(FULL, period=Period(PERIOD.last_day, PERIOD.first_day))


@pytest.mark.parametrize("ahead", [2, 100, None])
def test_a_report_of_days_to_come_is_refused_for_every_later_one_would_count_for_less(
    house: House, ahead: int | None
) -> None:
    day = date.max if ahead is None else house.clock.at.date() + timedelta(days=ahead)
    for period in (Period(None, day), Period(day, None)):
        with pytest.raises(NotRead, match="lies ahead"):
            imports(house).take(FULL, period=period)
    assert imports(house).take(FULL, period=Period(None, house.clock.at.date() + timedelta(days=1))).is_new


def test_senders_on_nobodys_list_are_pruned_and_registered_ones_stay(house: House) -> None:
    added(house)
    imports(house).take(FULL, period=PERIOD)
    assert prune(house.database, TENANT, before=house.clock() + timedelta(days=1), kinds=()) >= 2
    with house.ledger.reading() as reader:
        known = SightingReader(reader.connection, TENANT)
        assert (list(known.of()), known.unregistered()) == (["scan@contoso.com"], 0)
