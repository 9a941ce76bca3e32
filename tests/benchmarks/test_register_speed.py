"""What the register costs at 50,000 rows, as ratios of one run on one machine: ``pytest -m long
tests/benchmarks``.

It prints and asserts nothing about time: a busy machine is no defect. PostgreSQL does not sync in tests, on
both sides alike.
"""

import csv
import io
import itertools
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from handlers.register.burn_down import Devices
from handlers.register.device_pages import Which
from handlers.register.report_imports import Imports, Period
from storage.engine import Database
from tests.benchmarks.test_ledger_speed import RawSqlite, Show, database, medians, raw, show
from tests.handlers.driver import ALICE, TENANT, House
from tests.handlers.register.registering import added

__all__ = ["database", "show"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ROWS, FEW = 50_000, 50
HEADER = "Sender address,Domain,TLS 1.0 (percentage),TLS 1.1 (percentage),TLS 1.2 (percentage),Messages sent"
LINES = (f"scanner{number}@contoso.com,contoso.com,62.5,0,37.5,{number % 900}" for number in range(ROWS))
REPORT = "\n".join([HEADER, *LINES]).encode()


def test_importing_a_report(database: Database, show: Show) -> None:
    house, driver, days = House(database), raw(database), itertools.count()
    added(house, sender="scanner7@contoso.com")
    imports = Imports(house.ledger, house.context.zone, house.clock)

    def ours() -> None:
        first = date(2020, 1, 1) + timedelta(days=next(days))
        assert imports.take(REPORT, period=Period(first, None)).is_new

    bare, own = medians(lambda: plainly(driver, next(days)), ours, rounds=3)
    driver.connection.close()
    told = (
        f"csv.DictReader and one executemany {bare:.0f} ms, import {own:.0f} ms: {own / bare:.2f}x (goal 2x)"
    )
    show(f"{database.engine.dialect.name}: {ROWS:,} rows: {told}")


def plainly(driver: object, number: int) -> None:
    """Read the same file with the standard library and keep the same columns, once each."""
    columns = "tenant_id, sender, as_of, imported_at, tls10, tls11, tls12, messages, is_legacy"
    marks = ", ".join([driver.mark] * 9)  # type: ignore[attr-defined]
    rows = [
        (
            *(f"{TENANT}-{number}", row["Sender address"], "2026-11-20", "2026-11-20 12:00:00.000000"),
            *(float(row[f"TLS 1.{version} (percentage)"]) for version in range(3)),
            *(int(row["Messages sent"]), True),
        )
        for row in csv.DictReader(io.StringIO(REPORT.decode()))
    ]
    insert = f"INSERT INTO sightings ({columns}) VALUES ({marks})"
    connection = driver.connection  # type: ignore[attr-defined]
    if isinstance(driver, RawSqlite):
        driver.begin()
        connection.executemany(insert, rows)
    else:
        connection.cursor().executemany(insert, rows)
    driver.commit()  # type: ignore[attr-defined]


def test_a_page_of_devices(database: Database, show: Show) -> None:
    house = House(database)
    added(house)
    lengthen(database, FEW)
    few = pages(house)
    cold_few = medians(lambda: counted_anew(house), rounds=9)[0]
    lengthen(database, ROWS)
    many = pages(house)
    cold = medians(lambda: counted_anew(house), rounds=9)[0]
    named = zip(("first page", "second page", "mine", "overdue"), few, many, strict=True)
    told = ", ".join(f"{what} {after / before:.2f}x" for what, before, after in named)
    name = database.engine.dialect.name
    show(f"{name}: devices at {ROWS:,} entries against {FEW}: {told} (goal 1.5x; {few[0]:.2f} ms)")
    show(
        f"{name}: counting all anew, once after a change: {cold:.1f} ms at {ROWS:,}, {cold_few:.2f} ms at "
        f"{FEW}"
    )


def counted_anew(house: House) -> None:
    """As the first look after a change of the register."""
    Devices(house.ledger, house.context.zone, house.clock).overview()


def pages(house: House) -> list[float]:
    """Milliseconds of four lists."""
    found = house.dispatch.register.pages
    first = found.page(Which.ALL, ALICE)
    return medians(
        lambda: found.page(Which.ALL, ALICE),
        lambda: found.page(Which.ALL, ALICE, after=first.last),
        lambda: found.page(Which.MINE, "U0ERIN"),
        lambda: found.page(Which.OVERDUE, ALICE),
        rounds=100,
    )


def lengthen(database: Database, rows: int) -> None:
    """Copy the one entry until there are so many, each due on a day of its own within a year."""
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
        if database.is_sqlite
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:last AS int)) AS n)"
    )
    same = (
        "tenant_id, device, sender, site, protocol, reason, plan, proposer_id, created_at, owner_id, due_by, "
        "state, version, moves, changed_at"
    )
    there = "CAST(n AS text)"
    due = (
        "date('2027-01-01', '+' || (n % 365) || ' days')"
        if database.is_sqlite
        else "CAST(date '2027-01-01' + n % 365 AS text)"
    )
    copied = f"SELECT n, {there}, {due}, {same} FROM numbers, devices WHERE id = 1"
    copy = f"INSERT INTO devices (id, fingerprint, due, {same}) {numbers} {copied}"
    with database.write() as connection:
        present = connection.execute(text("SELECT max(id) FROM devices")).scalar_one()
        connection.execute(text(copy), {"first": present + 1, "last": rows})
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
