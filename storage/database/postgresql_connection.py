"""Opens one connection to PostgreSQL, and finds out why there is none where there is none.

libpq keeps to itself the SQLSTATE with which a server refuses a connection, and hands out a text in the
server's language. So the connection is tried once more by libpq's own steps, with its protocol trace
(postgresql.org/docs/current/libpq-control.html) going into a pipe of this process: the code is in there, and
how far it came is told by the steps. Nothing of the trace is kept.
"""

import os
import re
import select
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq

from storage.database.troubles import Trouble, of_refusal

PATIENCE = 1.5
"""Seconds for finding out. A server that refuses does so at once; one that is silent was waited for
already."""

HELD = 65536
"""Bytes of the trace that are read: what a pipe of Linux holds, and many times what a refusal needs."""

PSYCOPG = frozenset({"autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory"})
"""The arguments of ``psycopg.connect`` that are none of libpq's."""

_REFUSAL = re.compile(rb'\tErrorResponse\t S "[^"]*" (?:V "[A-Z]+" )?C "([0-9A-Z]{5})"')
_READY = re.compile(rb"\tReadyForQuery\t")
_NO_TLS = re.compile(rb"\tSSLResponse\t N")
_TLS = re.compile(rb"\tSSLResponse\t S")


class NotConnected(psycopg.OperationalError):
    """Report that there is no connection: ``trouble`` is why, ``sqlstate`` the server's code."""

    def __init__(self, trouble: Trouble, sqlstate: str | None = None) -> None:
        super().__init__(trouble.finding)
        self.trouble, self.sqlstate = trouble, sqlstate


def connect(dialect: Any, record: object, arguments: Any, options: Any) -> Any:
    """Connect as SQLAlchemy would (its event ``do_connect``). Raises ``NotConnected``."""
    try:
        return dialect.connect(*arguments, **options)
    except psycopg.errors.ConnectionTimeout as silent:
        raise NotConnected(Trouble.SILENT) from silent
    except psycopg.OperationalError as refused:
        if refused.pgconn is None:  # psycopg looks names up before libpq is asked
            raise NotConnected(Trouble.UNRESOLVED) from refused
        raise _tried_again(options) from refused
    except (psycopg.Error, ValueError) as wrong:  # the text of the error may hold the password
        raise NotConnected(Trouble.OPTION) from wrong


def _tried_again(options: Mapping[str, Any]) -> NotConnected:
    chosen = {name: value for name, value in options.items() if name not in PSYCOPG}
    again = pq.PGconn.connect_start(psycopg.conninfo.make_conninfo(**chosen).encode())
    try:
        if again.status == pq.ConnStatus.BAD:
            return NotConnected(Trouble.OPTION)
        return _verdict(again)
    finally:
        again.finish()


def _verdict(again: Any) -> NotConnected:
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        again.trace(writing)
        furthest = _polled(again)
        again.untrace()
        try:
            trace = os.read(reading, HELD)
        except BlockingIOError:
            trace = b""
    except psycopg.NotSupportedError:  # a trace is to be had on Linux only
        return NotConnected(Trouble.REFUSED)
    finally:
        os.close(reading)
        os.close(writing)
    return _judged(trace, furthest, asked=again.needs_password)


def _judged(trace: bytes, furthest: int, *, asked: bool) -> NotConnected:
    refusals = _REFUSAL.findall(trace)
    if refusals:
        code = refusals[-1].decode()
        return NotConnected(of_refusal(code), code)
    if asked:
        return NotConnected(Trouble.LOGIN)
    if _READY.search(trace):  # it lets us in, and we leave: target_session_attrs asks for another
        return NotConnected(Trouble.READ_ONLY)
    if furthest == pq.ConnStatus.STARTED:
        return NotConnected(Trouble.SILENT)
    if furthest == pq.ConnStatus.SSL_STARTUP:
        return NotConnected(
            Trouble.NO_TLS
            if _NO_TLS.search(trace)
            else Trouble.TLS
            if _TLS.search(trace)
            else Trouble.STRANGER
        )
    return NotConnected(Trouble.STRANGER)


def _polled(again: Any) -> int:
    """Take the connection's steps until it stands, fails or takes too long; returns the last."""
    until = time.monotonic() + PATIENCE
    step = again.status
    while (left := until - time.monotonic()) > 0:
        match again.connect_poll():
            case pq.PollingStatus.READING:
                select.select([again.socket], [], [], left)
            case pq.PollingStatus.WRITING:
                select.select([], [again.socket], [], left)
            case _:
                break
        step = again.status if again.status not in (pq.ConnStatus.BAD, pq.ConnStatus.OK) else step
    return int(step)
