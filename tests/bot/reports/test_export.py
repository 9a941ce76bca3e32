"""Events behind a number, and those to come: each once and in order, whatever happens to the database and to
the reader."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from bot.reports import export
from bot.reports.export import AnotherRecord, Following
from storage.engine import Database, Unreachable
from storage.ledger import Ledger
from storage.record.export import lines
from tests.bot.machine import Machine
from tests.patience import patience
from tests.processes import ended, start
from tests.storage.states import NOW, TENANT

Act = Callable[[], None]


@pytest.fixture
def ledger(migrated_sqlite_url: str) -> Iterator[Ledger]:
    """A record of three events that somebody writes to; the follower has a database object of its own."""
    database = Database(migrated_sqlite_url)
    yield recorded(Ledger(database, TENANT), 3)
    database.close()


def recorded(ledger: Ledger, count: int, first: int = 0) -> Ledger:
    for number in range(first, first + count):
        with ledger.recording(NOW) as entry:
            entry.record("exported", "bot", {"number": number})
    return ledger


def looking(ledger: Ledger) -> Database:
    return Database(ledger.database.engine.url, look_only=True, live=True)


def file_of(ledger: Ledger) -> Path:
    return Path(make_url(ledger.database.engine.url).database or "")


def acting(*acts: Act) -> export.Wait:
    """Do one thing in each pause, then tell that it is time to end."""
    coming = iter(acts)

    def wait(seconds: float) -> bool:
        act = next(coming, None)
        if act is not None:
            act()
        return act is None

    return wait


def nothing() -> None:
    pass


def test_events_come_once_and_in_order_while_others_write(
    ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    database = looking(ledger)
    Following(database, TENANT, 1).follow(
        acting(nothing, lambda: recorded(ledger, 2) and None, nothing, nothing)
    )
    assert capfd.readouterr().out.splitlines(keepends=True) == list(lines(ledger.database, TENANT))[1:]
    database.close()


def test_a_record_longer_than_a_batch_comes_whole(
    ledger: Ledger, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 2)
    recorded(ledger, 4)
    database = looking(ledger)
    Following(database, TENANT, 0).follow(acting(*[nothing] * 9))
    assert [json.loads(line)["seq"] for line in capfd.readouterr().out.splitlines()] == list(range(1, 8))
    database.close()


def test_a_database_that_goes_away_and_comes_back_costs_no_event(
    ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    database, file = looking(ledger), file_of(ledger)
    away = file.with_name("away")
    acts = [nothing, lambda: file.rename(away) and None, nothing]
    acts += [lambda: away.rename(file) and None, lambda: recorded(ledger, 1) and None, nothing]
    Following(database, TENANT, 0).follow(acting(*acts))
    said = capfd.readouterr()
    assert [json.loads(line)["seq"] for line in said.out.splitlines()] == [1, 2, 3, 4]
    assert said.err.count("waiting for it, behind event 3") == 1
    database.close()


def test_a_backup_that_was_put_back_ends_it_and_is_told(ledger: Ledger) -> None:
    file = file_of(ledger)
    with ledger.database.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = shutil.copy(file, file.with_name("backup"))
    recorded(ledger, 1)
    database = looking(ledger)

    def put_back() -> None:
        ledger.database.close()
        for log in ("-wal", "-shm"):
            file.with_name(file.name + log).unlink(missing_ok=True)
        Path(backup).replace(file)
        recorded(Ledger(ledger.database, TENANT), 3, first=9)

    with pytest.raises(AnotherRecord, match="event 4 as it was"):
        Following(database, TENANT, 0).follow(acting(nothing, put_back, nothing, nothing))
    with pytest.raises(AnotherRecord, match="event 9 as it was"):
        Following(database, TENANT, 9).look()
    database.close()


def test_a_database_that_stays_away_is_asked_less_and_less_often(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> list[object]:
        raise Unreachable("the database is gone")

    monkeypatch.setattr(export, "events_behind", away)
    pauses: list[float] = []
    Following(ledger.database, TENANT, 0).follow(lambda pause: bool(pauses.append(pause) or len(pauses) > 6))
    assert pauses == [0.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


@pytest.fixture
def machine(tmp_path: Path, ledger: Ledger) -> Machine:
    settings = {
        "DATABASE_URL": f"sqlite:///{file_of(ledger)}",
        "AZURE_TENANT_ID": TENANT,
        "PATH": os.environ["PATH"],
    }
    return Machine(tmp_path, settings)


def test_a_number_is_behind_which_the_export_begins(machine: Machine, ledger: Ledger) -> None:
    outcome = machine.run("export", "--since", "2")
    assert (outcome.code, outcome.out.splitlines(keepends=True)) == (
        0,
        list(lines(ledger.database, TENANT))[2:],
    )
    assert machine.run("export", "--since", "3").said == ""
    outcome = machine.run("export", "--since", "4")
    assert (outcome.code, "event 4" in outcome.err) == (1, True)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--follow", "--since", "2026-11-23"),
        ("--since", "2", "--until", "2026-11-23"),
        ("--follow", "--format", "csv"),
    ],
)
def test_what_cannot_be_followed_is_refused(machine: Machine, wrong: tuple[str, ...]) -> None:
    outcome = machine.run("export", *wrong)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--since 0" in outcome.err


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, None])
def test_a_process_that_follows_ends_quietly(
    machine: Machine, ledger: Ledger, ending: signal.Signals | None
) -> None:
    """When it is told to, or when nobody reads any more, though nothing is new."""
    reads, writes = os.pipe()
    errors = machine.folder / "errors"
    with errors.open("wb") as err, os.fdopen(reads) as out:
        process = start(
            "bot",
            "export",
            "--follow",
            environment=machine.settings,
            folder=machine.folder,
            stdout=writes,
            stderr=err,
        )
        os.close(writes)
        numbers = [json.loads(out.readline())["seq"] for _ in range(3)]
        recorded(ledger, 1)
        numbers.append(json.loads(out.readline())["seq"])
        assert numbers == [1, 2, 3, 4]
        if ending is None:
            out.close()
        else:
            process.send_signal(ending)
        code = ended(process, within=patience(20))
    assert (code, errors.read_text()) == (1 if ending is None else 0, "")
