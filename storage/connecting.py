"""Opens connections: what each database needs to be told first, and how long any of it may take.

Nothing waits for ever: not for a server that does not answer, not for a place in the pool, not for somebody else's lock. What the
URL itself says wins over what is set here.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL

READ_ONLY = "25006"
"""SQLSTATE of a write on a server that only reads: after a failover the connection leads to what is a standby by now."""

CONNECT_WITHIN = 5
"""Seconds for a connection to one host; libpq takes whole ones, two at least."""

CONNECT_QUICKLY = 2
"""The same while somebody owes an acknowledgement."""

POOL = 8
"""Connections kept, and as many again while they are needed."""

QUICK_POOL = 4


def engine_of(url: URL, *, patience: float) -> Engine:
    """An engine whose connections wait at most ``patience`` seconds for each other and for locks."""
    if url.get_backend_name() != "sqlite":
        return _postgresql(url, size=POOL, patience=patience, connect=CONNECT_WITHIN)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args={"timeout": patience})
    event.listen(engine, "connect", lambda connection, record: _durable(connection, patience))
    return engine


def reading_engine_of(url: URL, *, patience: float) -> Engine:
    """An engine for whoever only looks: a SQLite file is neither made nor changed, and nothing is put beside one that is whole.

    PostgreSQL is asked in the ordinary way: there, connecting changes nothing.
    """
    if url.get_backend_name() != "sqlite":
        return engine_of(url, patience=patience)
    return create_engine(_untouched(url), isolation_level="AUTOCOMMIT", hide_parameters=True, connect_args={"timeout": patience})


def quick_engine_of(url: URL) -> Engine:
    """A few connections to PostgreSQL of their own, for what must not wait behind slow work."""
    return _postgresql(url, size=QUICK_POOL, patience=1.0, connect=CONNECT_QUICKLY)


def _postgresql(url: URL, *, size: int, patience: float, connect: int) -> Engine:
    engine = create_engine(
        url, pool_size=size, max_overflow=size, pool_pre_ping=True, pool_timeout=patience, hide_parameters=True,
        connect_args=_arguments(url, connect),
    )  # fmt: skip

    def bound(connection: Any, record: object) -> None:
        """A reader waits for a lock as well, when somebody rebuilds a table."""
        connection.execute(f"SET lock_timeout = {int(patience * 1000)}")
        connection.commit()

    event.listen(engine, "connect", bound)
    event.listen(engine, "handle_error", _leave_standby)
    return engine


def _arguments(url: URL, connect: int) -> dict[str, object]:
    """Settings of libpq (postgresql.org/docs/current/libpq-connect.html): a peer that is gone without a word is noticed."""
    wanted: dict[str, object] = {
        "connect_timeout": connect,
        "tcp_user_timeout": 10_000,  # milliseconds until sent data has to be confirmed
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    if _names_several_hosts(url):
        wanted["target_session_attrs"] = "read-write"
    return {name: value for name, value in wanted.items() if name not in url.query}


def _untouched(url: URL) -> URL:
    """The same file by a URI that lets SQLite only read (sqlite.org/uri.html).

    Whoever has a file open in WAL has its log beside it, and reads with SQLite's locks. Without a log the file is whole, and
    is taken as it is: locks would need two more files, which a read-only folder refuses, and which would stay behind elsewhere.
    """
    named = url.database or ""
    path = unquote(named.removeprefix("file:")) if named.startswith("file:") else named
    is_whole = not any(Path(path + log).exists() for log in ("-wal", "-journal"))
    only_read = {"uri": "true", "mode": "ro"} | ({"immutable": "1"} if is_whole else {})
    return url.set(database=f"file:{quote(path)}").update_query_dict(only_read)


def _names_several_hosts(url: URL) -> bool:
    hosts = url.query.get("host", url.host or "")
    return "," in (hosts if isinstance(hosts, str) else ",".join(hosts))


def _leave_standby(context: ExceptionContext) -> None:
    """Give up every pooled connection to what turned out to be a standby, so that the next one looks for the primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _durable(connection: Any, patience: float) -> None:
    """Set what SQLite forgets with every connection. Recursive triggers: what REPLACE removes is guarded as if by DELETE."""
    cursor = connection.cursor()
    _write_ahead(cursor, patience)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor, patience: float) -> None:
    """Switch to WAL. Of two processes that open a new file at once, SQLite refuses one without asking its busy handler."""
    until = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as refused:
            if not refused.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
