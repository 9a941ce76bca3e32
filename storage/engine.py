"""One database behind one object: connections, durability, and the one road to a write transaction.

SQLite runs in WAL with ``synchronous=FULL`` (a commit survives power loss) and takes one process-wide lock around write
transactions, because waiting inside SQLite's busy handler costs tails of two seconds. PostgreSQL takes an advisory lock per
tenant where the hash chain is written, so that two replicas never fork it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, or_
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import BigInteger

from storage.connecting import READ_ONLY, engine_of, quick_engine_of, untouched, why_not

PATIENCE = 10.0
"""Seconds the worker waits for a lock; listeners that still owe an acknowledgement wait less."""


IDLE_LIMIT = 8.0
"""Seconds after which PostgreSQL ends a transaction whose owner has fallen silent (frozen, unplugged), so that its locks do not
keep the other replicas from writing until TCP notices, hours later. Less than ``PATIENCE``: whoever waits outlives it. No
transaction waits for the network, so a live owner is never silent for long."""

IDLE_FOR_TOO_LONG = "25P03"
"""SQLSTATE of a transaction that ``IDLE_LIMIT`` has ended."""
NOT_ALLOWED = "42501"
"""SQLSTATE: the role lacks a privilege."""
SQLITE_FULL = 2
"""``PRAGMA synchronous`` as a number: every commit is synced."""


class Unreachable(Exception):
    """The database is gone, full, read-only or broken; the text names no address and no password.

    Raised by a commit it means *unknown*: look the row up by its key before doing it again.
    """


class Busy(Unreachable):
    """The database was locked for longer than the caller may wait; nothing was written."""


def lacks_a_privilege(error: DatabaseError) -> bool:
    """Whether PostgreSQL refused a statement because of the role it was given by."""
    return getattr(error.orig, "sqlstate", None) == NOT_ALLOWED


class database_clock(GenericFunction[int]):  # noqa: N801 - SQL functions are spelled in lower case
    """The database's own clock in milliseconds since 1970: leases are compared with nothing else."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_clock, "sqlite")
def _sqlite_clock(element: database_clock, compiler: Any, **kw: Any) -> str:
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


@compiles(database_clock, "postgresql")
def _postgresql_clock(element: database_clock, compiler: Any, **kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def is_over(until: ColumnElement[int], milliseconds: int) -> ColumnElement[bool]:
    """Whether a claim until then, none of which lasts longer than ``milliseconds``, is over by the database's own clock.

    One that ends twice as far ahead is over as well: the clock was set back since, and its holder may be long gone. An hour or a
    day without anybody on duty would be worse than a live holder that loses its claim once, as every holder must bear.
    """
    return or_(until < database_clock(), until > database_clock() + 2 * milliseconds)


class Database:
    """The ledger's database. ``url`` is a SQLAlchemy URL for SQLite or PostgreSQL (psycopg 3).

    With ``look_only`` a SQLite file stays as it is to the byte, and one that is not there is ``Unreachable``.
    """

    def __init__(self, url: str | URL, *, look_only: bool = False) -> None:
        address = untouched(make_url(url)) if look_only else make_url(url)
        self.engine, self._quick = engine_of(address, patience=PATIENCE), quick_engine_of(address)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._one_writer = threading.Lock()

    @contextmanager
    def read(self, *, quick: bool = False) -> Iterator[Connection]:
        """A connection for reading; what it sees is consistent per statement, never a promise for a later write.

        ``quick`` as in ``write``. Raises ``Unreachable``.
        """
        with _translated(), (self._quick if quick else self.engine).connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, patience: float = PATIENCE, quick: bool = False) -> Iterator[Connection]:
        """One write transaction: committed when the block ends, rolled back when it raises.

        ``quick`` is for what somebody waits for who owes an acknowledgement: its connections are never held by slow work.
        Raises ``Busy`` when no lock was to be had within ``patience`` seconds, and ``Unreachable``.
        """
        engine = self._quick if quick else self.engine
        if not self.is_sqlite:
            with _translated(), self._postgresql(engine, patience) as connection:
                yield connection
            return
        until = time.monotonic() + patience
        if not self._one_writer.acquire(timeout=patience):
            raise Busy("another write is still under way")
        try:
            with _translated(), self._sqlite(engine, max(0.0, until - time.monotonic())) as connection:
                yield connection
        finally:
            self._one_writer.release()

    @contextmanager
    def recording(self, tenant_id: str, *, patience: float = PATIENCE) -> Iterator[Connection]:
        """A write transaction that may append to the tenant's hash chain: one at a time per tenant, over all replicas."""
        with self.write(patience=patience) as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 42))", (tenant_id,))
            yield connection

    def close(self) -> None:
        """Give every pooled connection back."""
        self.engine.dispose()
        self._quick.dispose()

    @staticmethod
    @contextmanager
    def _sqlite(engine: Engine, patience: float) -> Iterator[Connection]:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()  # unlike the statement, no error when SQLite has rolled back by itself
                raise
            connection.exec_driver_sql("COMMIT")

    @staticmethod
    @contextmanager
    def _postgresql(engine: Engine, patience: float) -> Iterator[Connection]:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"SET LOCAL lock_timeout = {max(1, int(patience * 1000))};"  # 0 would be for ever
                f"SET LOCAL idle_in_transaction_session_timeout = {int(IDLE_LIMIT * 1000)}"
            )
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
        settings = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("fsync", "synchronous_commit")}
    finding = ", ".join(f"{name} {value}" for name, value in settings.items())
    durable = settings["fsync"] == "on" and settings["synchronous_commit"] != "off"
    return Durability(durable=durable, finding=finding)


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's troubles in the ledger's own two words; everything else passes."""
    try:
        yield
    except OperationalError as trouble:
        if _is_lock(trouble):
            raise Busy("another write is still under way") from trouble
        if _name(trouble) == "SQLITE_ERROR":
            raise  # a statement of ours is wrong: a defect, no trouble of the database's
        raise Unreachable(_what_happened(trouble)) from trouble
    except DatabaseError as trouble:
        if _name(trouble) == IDLE_FOR_TOO_LONG:
            raise Unreachable("the transaction was silent for too long, so the database ended it") from trouble
        if lacks_a_privilege(trouble):
            raise Unreachable("the database's role lacks a privilege: `legacytls check` names it") from trouble
        if _name(trouble) == READ_ONLY:
            raise Unreachable("the database only reads, as a standby does") from trouble
        if _name(trouble) not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            raise
        raise Unreachable(f"the file is damaged, or is no database ({_name(trouble)})") from trouble
    except (InterfaceError, PoolTimeout) as trouble:
        raise Unreachable(f"the database could not be reached ({type(trouble).__name__})") from trouble


def _what_happened(trouble: OperationalError) -> str:
    name = _name(trouble)
    if name == "SQLITE_CANTOPEN":
        return "the database's folder or file cannot be opened"
    return f"the database did not do as asked ({name})" if name else f"the database could not be reached: {why_not(trouble.orig)}"


def _is_lock(trouble: OperationalError) -> bool:
    name = getattr(trouble.orig, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or getattr(trouble.orig, "sqlstate", None) in ("55P03", "40P01")


def _name(trouble: DatabaseError) -> str:
    return str(getattr(trouble.orig, "sqlite_errorname", None) or getattr(trouble.orig, "sqlstate", None) or "")
