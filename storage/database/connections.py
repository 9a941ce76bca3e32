"""Opens connections: what each database needs to be told first, and how long any of it may take.

Nothing waits for ever: not for a server that does not answer, not for a place in the pool, not for somebody
else's lock. What the URL itself says wins over what is set here.
"""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL

from storage.database.sqlite_files import file_of, keep_private

READ_ONLY = "25006"
"""SQLSTATE of a write on a server that only reads: after a failover the connection leads to what is a standby
by now."""

CONNECT_WITHIN = 5
"""Seconds for a connection to one host; libpq takes whole ones, two at least."""

CONNECT_QUICKLY = 2
"""The same while somebody owes an acknowledgement."""

POOL = 8
"""Connections kept, and as many again while they are needed."""

QUICK_POOL = 4
QUICK_PATIENCE = 1.0
"""Seconds such an acknowledgement can wait for a connection."""


def engine_of(url: URL, *, patience: float) -> Engine:
    """Return an engine whose connections wait at most ``patience`` seconds for each other and for locks."""
    return _engine(url, size=POOL, patience=patience, connect=CONNECT_WITHIN)


def quick_engine_of(url: URL) -> Engine:
    """Return a few connections of their own, for what must not wait behind slow work."""
    return _engine(url, size=QUICK_POOL, patience=QUICK_PATIENCE, connect=CONNECT_QUICKLY)


def untouched(url: URL, *, live: bool = False) -> URL:
    """Return the database for reading only: a SQLite file is neither made nor changed.

    Whoever has a file open in WAL has its log beside it, and is read with SQLite's locks. Without a log the
    file is whole, and is taken as it is: locks would need two more files, which a read-only folder refuses,
    and which would stay behind elsewhere (sqlite.org/uri.html). PostgreSQL is asked in the ordinary way:
    there, connecting changes nothing.

    ``live`` is for whoever waits for what others write: then the locks are needed, and the two files may be
    made.
    """
    if url.get_backend_name() != "sqlite":
        return url
    named = url.database or ""
    path = unquote(named.removeprefix("file:")) if named.startswith("file:") else named
    real = file_of(url) or Path(path)  # SQLite keeps the log beside the file itself, not beside a link to it
    is_whole = not any(real.with_name(real.name + log).exists() for log in ("-wal", "-journal"))
    only_read = {"uri": "true", "mode": "ro"} | ({"immutable": "1"} if is_whole and not live else {})
    return url.set(database=f"file:{quote(path)}").update_query_dict(only_read)


def _engine(url: URL, *, size: int, patience: float, connect: int) -> Engine:
    make = partial(
        create_engine, url, pool_size=size, max_overflow=size, pool_timeout=patience, hide_parameters=True
    )
    if url.get_backend_name() != "sqlite":
        return _postgresql(
            make(isolation_level="READ COMMITTED", pool_pre_ping=True, connect_args=_arguments(url, connect))
        )
    engine = make(isolation_level="AUTOCOMMIT", connect_args={"timeout": patience})
    if url.query.get("mode") != "ro":
        file = file_of(url)
        if file is not None:
            event.listen(engine, "do_connect", lambda *_: keep_private(file))
        event.listen(engine, "connect", lambda connection, record: _durable(connection, patience))
    return engine


def _postgresql(engine: Engine) -> Engine:
    from storage.database.postgresql_connection import connect  # noqa: PLC0415 - whoever uses SQLite need not wait for psycopg

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "handle_error", _leave_standby)
    return engine


def _arguments(url: URL, connect: int) -> dict[str, object]:
    """Set libpq (postgresql.org/docs/current/libpq-connect.html) to notice a peer that is gone.

    And one of psycopg: nothing is prepared at the server, because behind a pooler in transaction mode the
    next statement may meet another server process (psycopg.org/psycopg3/docs/advanced/prepare.html). For the
    same reason nothing else is kept in a session: no ``SET``, no advisory lock beyond its transaction.
    """
    wanted: dict[str, object] = {
        "prepare_threshold": None,
        "connect_timeout": connect,
        "tcp_user_timeout": 10_000,  # milliseconds until sent data has to be confirmed
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    if _names_several_hosts(url):
        wanted["target_session_attrs"] = "read-write"
    return {name: value for name, value in wanted.items() if name not in url.query}


def _names_several_hosts(url: URL) -> bool:
    hosts = url.query.get("host", url.host or "")
    return "," in (hosts if isinstance(hosts, str) else ",".join(hosts))


def _leave_standby(context: ExceptionContext) -> None:
    """Drop pooled connections to what became a standby, so that the next finds the primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _durable(connection: Any, patience: float) -> None:
    """Set what SQLite forgets with every connection.

    Recursive triggers: what REPLACE removes is guarded as if by DELETE.
    """
    cursor = connection.cursor()
    _write_ahead(cursor, patience)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor, patience: float) -> None:
    """Switch to WAL.

    Of two processes that open a new file at once, SQLite refuses one without asking its busy handler.
    """
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
