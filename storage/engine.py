"""One database behind one object: connections, durability, and the one road to a write transaction.

SQLite runs in WAL with ``synchronous=FULL`` (a commit survives power loss) and takes one process-wide lock
around write transactions, because waiting inside SQLite's busy handler costs tails of two seconds. PostgreSQL
takes an advisory lock per tenant where the hash chain is written, so that two replicas never fork it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.database.connections import QUICK_PATIENCE, engine_of, quick_engine_of, untouched
from storage.database.sqlite_files import InPlace, file_of, open_to_others
from storage.database.troubles import Trouble, Watch, of_result, of_statement
from storage.integrity.authenticity import OPTION, Authenticity
from storage.integrity.damaged_rows import Met
from storage.integrity.keyring import Keyring

PATIENCE = 10.0
"""Seconds the worker waits for a lock; listeners that still owe an acknowledgement wait less."""


TOLD_AFTER = 1.0
"""Seconds for which somebody else may hold SQLite's lock before that is trouble worth a word."""

IDLE_LIMIT = 8.0
"""Seconds after which PostgreSQL ends a transaction whose owner has fallen silent (frozen, unplugged), so
that its locks do not keep the other replicas from writing until TCP notices, hours later. Less than
``PATIENCE``: whoever waits outlives it. No transaction waits for the network, so a live owner is never silent
for long."""

NOT_ALLOWED = "42501"
"""SQLSTATE: the role lacks a privilege."""
SQLITE_ERROR = 1
"""SQLite's result code for a statement that is wrong."""
SQLITE_FULL = 2
"""``PRAGMA synchronous`` as a number: every commit is synced."""


class Unreachable(Exception):
    """The database is gone, full, read-only or broken; the text names no address and no password.

    ``trouble`` says why, as far as the driver's codes tell. Raised by a commit it means *unknown*: look the
    row up by its key before doing it again.
    """

    def __init__(self, finding: str, trouble: Trouble = Trouble.NOT_DONE) -> None:
        super().__init__(finding)
        self.trouble = trouble


class Busy(Unreachable):
    """The database was locked for longer than the caller may wait; nothing was written."""

    def __init__(self, finding: str = Trouble.LOCKED.finding) -> None:
        super().__init__(finding, Trouble.LOCKED)


MOVED = (
    "the database file was moved, removed or replaced while the bot runs, so nothing is read from it or "
    "written to it: put it back, or restart the bot to begin with the file that is there now"
)
"""SQLite would go on with the file it has open, and everything recorded there would be gone after the next
start."""

Misfit = SQLAlchemyError
"""A statement of ours that the database does not understand: it holds something else than this version
expects."""


def lacks_a_privilege(error: DatabaseError) -> bool:
    """Tell whether PostgreSQL refused a statement because of the role it was given by."""
    return getattr(error.orig, "sqlstate", None) == NOT_ALLOWED


class Database:
    """The ledger's database. ``url`` is a SQLAlchemy URL for SQLite or PostgreSQL (psycopg 3).

    With ``look_only`` a SQLite file stays as it is to the byte, and one that is not there is ``Unreachable``;
    ``live``: what others write meanwhile is seen. ``keys`` authenticate what is written, and what is read to
    be acted upon.
    """

    def __init__(
        self, url: str | URL, *, look_only: bool = False, live: bool = False, keys: Keyring | None = None
    ) -> None:
        address = untouched(make_url(url), live=live) if look_only else make_url(url)
        self.engine, self._quick = engine_of(address, patience=PATIENCE), quick_engine_of(address)
        self.authenticity = Authenticity(keys)
        for engine in (self.engine, self._quick):
            engine.update_execution_options(**{OPTION: self.authenticity})
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._one_writer = threading.Lock()
        self._in_place = InPlace(self.file)
        self.watch = Watch()
        self.damaged = Met()
        self.damaged.listen(self.engine, self._quick)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database, behind any link to it; ``None`` for PostgreSQL."""
        return file_of(self.engine.url)

    @contextmanager
    def read(self, *, quick: bool = False) -> Iterator[Connection]:
        """Open a connection for reading, consistent per statement; it promises nothing for writes.

        ``quick`` as in ``write``. Raises ``Unreachable``.
        """
        with self._translated(writing=False), (self._quick if quick else self.engine).connect() as connection:
            if not self.is_sqlite:  # a reader waits for a lock as well, when somebody rebuilds a table
                connection.exec_driver_sql(
                    f"SET LOCAL lock_timeout = {int((QUICK_PATIENCE if quick else PATIENCE) * 1000)}"
                )
            yield connection

    @contextmanager
    def write(
        self, *, patience: float = PATIENCE, quick: bool = False, chain: str | None = None
    ) -> Iterator[Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises.

        ``quick`` is for what somebody waits for who owes an acknowledgement: its connections are never held
        by slow work. ``chain`` is the tenant on whose chain it is ``recording``. Raises ``Busy`` when no lock
        was to be had within ``patience`` seconds, and ``Unreachable``.
        """
        engine = self._quick if quick else self.engine
        if not self.is_sqlite:
            with self._translated(writing=True), self._postgresql(engine, patience, chain) as connection:
                yield connection
            return
        until = time.monotonic() + patience
        if not self._one_writer.acquire(timeout=patience):
            raise Busy
        try:
            left = max(0.0, until - time.monotonic())
            with self._translated(writing=True), self._sqlite(engine, left) as connection:
                yield connection
        finally:
            self._one_writer.release()

    @contextmanager
    def recording(self, tenant_id: str, *, patience: float = PATIENCE) -> Iterator[Connection]:
        """Open a write transaction on the tenant's chain: one at a time over all replicas."""
        with self.write(patience=patience, chain=tenant_id) as connection:
            yield connection

    def open_to_others(self) -> list[str]:
        """Return names of SQLite files that others keep rights on after trying to remove them."""
        file = self.file
        return [found.name for found in open_to_others(file)] if file is not None else []

    @contextmanager
    def _translated(self, *, writing: bool) -> Iterator[None]:
        """Turn the driver's errors into the ledger's two and tell the watch; others pass."""
        try:
            if not self._in_place.holds():
                raise Unreachable(MOVED)
            with _translated():
                yield
        except Unreachable as away:
            self.watch.failed(str(away), writing=writing)
            raise
        self.watch.succeeded(writing=writing)

    def close(self) -> None:
        """Give every pooled connection back. Used again, the object begins with whatever is there then."""
        self.engine.dispose()
        self._quick.dispose()
        self._in_place = InPlace(self.file)

    def _begin(self, connection: Connection, patience: float) -> None:
        """Begin to write.

        Who else wants to waits behind this one, so a lock that lasts is told before the patience is over.
        """
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout = {int(min(patience, TOLD_AFTER) * 1000)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if _trouble(error) is not Trouble.LOCKED or patience <= TOLD_AFTER:
                raise
            self.watch.failed(Trouble.LOCKED.finding, writing=True)
            driver.execute(f"PRAGMA busy_timeout = {int((patience - TOLD_AFTER) * 1000)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def _sqlite(self, engine: Engine, patience: float) -> Iterator[Connection]:
        with engine.connect() as connection, ExitStack() as undo:
            self._begin(connection, patience)
            undo.callback(
                connection.rollback
            )  # unlike the statement, no error after a rollback of SQLite's own
            yield connection
            undo.pop_all()
            connection.exec_driver_sql("COMMIT")

    @staticmethod
    @contextmanager
    def _postgresql(engine: Engine, patience: float, chain: str | None) -> Iterator[Connection]:
        """Limit every wait and lock the chain in one statement: each is a way to the server and back."""
        limits = (
            f"set_config('lock_timeout', '{max(1, int(patience * 1000))}', true), "  # 0 would be for ever
            f"set_config('idle_in_transaction_session_timeout', '{int(IDLE_LIMIT * 1000)}', true)"
        )
        with engine.begin() as connection:
            if chain is None:
                connection.exec_driver_sql(f"SELECT {limits}")
            else:
                lock = "pg_advisory_xact_lock(hashtextextended(%s, 42))"
                connection.exec_driver_sql(f"SELECT {limits}, {lock}", (chain,))
            yield connection


@dataclass(frozen=True, slots=True)
class Durability:
    """Whether a commit survives a power cut, and in which words."""

    durable: bool
    finding: str


def durability(database: Database) -> Durability:
    """Ask the database itself what it promises. Raises ``Unreachable``."""
    with database.read() as connection:
        if database.is_sqlite:
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            finding = f"journal {journal}, synchronous {synchronous}"
            return Durability(durable=journal == "wal" and synchronous == SQLITE_FULL, finding=finding)
        settings = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("fsync", "synchronous_commit")
        }
    finding = ", ".join(f"{name} {value}" for name, value in settings.items())
    durable = settings["fsync"] == "on" and settings["synchronous_commit"] != "off"
    return Durability(durable=durable, finding=finding)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into the ledger's two; errors of a statement pass as defects."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        trouble = _trouble(error)
        if trouble is None:
            raise
        raise (
            Busy() if trouble is Trouble.LOCKED else Unreachable(_finding(error, trouble), trouble)
        ) from error
    except PoolTimeout as error:
        raise Unreachable(
            "the database could not be reached: every connection is in use", Trouble.NOT_DONE
        ) from error


def _trouble(error: DBAPIError) -> Trouble | None:
    """Why, by the driver's own code; ``None``: the statement is wrong."""
    driver = error.orig
    found: Trouble | None = getattr(
        driver, "trouble", None
    )  # storage.database.postgresql_connection.NotConnected
    if found is not None:
        return found
    result, sqlstate = getattr(driver, "sqlite_errorcode", None), getattr(driver, "sqlstate", None)
    known = of_result(result) if result is not None else of_statement(sqlstate or "")
    if known is None and isinstance(error, OperationalError | InterfaceError) and result != SQLITE_ERROR:
        return Trouble.NOT_DONE if result is not None or sqlstate else Trouble.ENDED
    return known


def _finding(error: DBAPIError, trouble: Trouble) -> str:
    """The sentence for people, with the driver's code in case it is looked up."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    said = f"{trouble.finding} ({code})" if code else trouble.finding
    return f"the database could not be reached: {said}" if hasattr(error.orig, "trouble") else said
