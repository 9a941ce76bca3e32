"""Opens connections: what each database needs to be told first, and how long any of it may take.

Nothing waits for ever: not for a server that does not answer, not for a place in the pool, not for somebody else's lock. What the
URL itself says wins over what is set here.
"""

import re
import sqlite3
import time
from functools import partial
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
QUICK_PATIENCE = 1.0
"""Seconds such an acknowledgement can wait for a connection."""


def engine_of(url: URL, *, patience: float) -> Engine:
    """An engine whose connections wait at most ``patience`` seconds for each other and for locks."""
    return _engine(url, size=POOL, patience=patience, connect=CONNECT_WITHIN)


def quick_engine_of(url: URL) -> Engine:
    """A few connections of their own, for what must not wait behind slow work."""
    return _engine(url, size=QUICK_POOL, patience=QUICK_PATIENCE, connect=CONNECT_QUICKLY)


def untouched(url: URL) -> URL:
    """The same database for whoever only looks: a SQLite file is neither made nor changed, nor is anything put beside it.

    Whoever has a file open in WAL has its log beside it, and is read with SQLite's locks. Without a log the file is whole, and is
    taken as it is: locks would need two more files, which a read-only folder refuses, and which would stay behind elsewhere
    (sqlite.org/uri.html). PostgreSQL is asked in the ordinary way: there, connecting changes nothing.
    """
    if url.get_backend_name() != "sqlite":
        return url
    named = url.database or ""
    path = unquote(named.removeprefix("file:")) if named.startswith("file:") else named
    real = Path(path).resolve()  # SQLite keeps the log beside the file itself, not beside a link to it
    is_whole = not any(real.with_name(real.name + log).exists() for log in ("-wal", "-journal"))
    only_read = {"uri": "true", "mode": "ro"} | ({"immutable": "1"} if is_whole else {})
    return url.set(database=f"file:{quote(path)}").update_query_dict(only_read)


def why_not(trouble: BaseException | None) -> str:
    """In plain words why there is no connection to PostgreSQL, or none any more; names no address, role or database.

    While connecting, libpq keeps the SQLSTATE to itself: what is left is its message, of which nothing is repeated, and whether
    the server asked for a password (postgresql.org/docs/current/libpq-status.html). A server that speaks another language is
    told by the latter alone.
    """
    pgconn = getattr(trouble, "pgconn", None)
    if pgconn is None:
        return "the server does not answer"
    said = pgconn.error_message.decode(errors="replace")
    if pgconn.needs_password or _REFUSES_THE_LOGIN.search(said):
        return "the server refuses the login"
    if _NO_SUCH_DATABASE.search(said):
        return "the server has no database of this name"
    if "read-only" in said:
        return "the database only reads, as a standby does"
    return (
        "the server answers, but takes no connection" if pgconn.used_password or "FATAL" in said else "the server does not answer"
    )


_REFUSES_THE_LOGIN = re.compile(
    r'FATAL: +(.*authentication failed|no pg_hba\.conf entry|role ".*" (does not exist|is not permitted))'
)
_NO_SUCH_DATABASE = re.compile(r'FATAL: +database ".*" does not exist')
"""The messages of SQLSTATE 28P01 and 28000, and of 3D000 (PostgreSQL's ``auth.c``, ``miscinit.c`` and ``postinit.c``)."""


def _engine(url: URL, *, size: int, patience: float, connect: int) -> Engine:
    make = partial(create_engine, url, pool_size=size, max_overflow=size, pool_timeout=patience, hide_parameters=True)
    if url.get_backend_name() != "sqlite":
        return _postgresql(
            make(isolation_level="READ COMMITTED", pool_pre_ping=True, connect_args=_arguments(url, connect)), patience
        )
    engine = make(isolation_level="AUTOCOMMIT", connect_args={"timeout": patience})
    if url.query.get("mode") != "ro":
        event.listen(engine, "connect", lambda connection, record: _durable(connection, patience))
    return engine


def _postgresql(engine: Engine, patience: float) -> Engine:
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
