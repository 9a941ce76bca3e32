"""The sandbox's bot, mortal: it counts the moments that matter and meets its signal at the one that was
ordered.

Run as ``python -m tests.crashes.mortal``. Nothing in the product knows of it: the moments are SQLAlchemy's
events, the dialect's commit, the standard library's HTTP connection, through which every client (requests,
msal, slack_sdk) has to go, and what is said on a WebSocket.

``MORTAL_AT``      number of the moment, or its whole name (then the first of that name); absent: it lives and
only writes down ``MORTAL_SIGNAL``  name of the signal, ``SIGKILL`` if absent ``MORTAL_ARM``     ``start``, or
how the statement begins with which counting begins; ``INSERT INTO inbox`` if absent ``MORTAL_AFTER``   a
file; nothing is counted before it is there, if one is named ``MORTAL_LOG``     file that gets a line for each
moment: number, thread, name
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from websockets.sync.connection import Connection

from bot.sandbox import robot

WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", re.IGNORECASE)
COMMIT = re.compile(r"\s*COMMIT\b", re.IGNORECASE)
CMDLET = "x-cmdletname"


class WriteOutcome:
    """Counts moments once armed; at the ordered one the process gets its signal."""

    def __init__(self, surroundings: dict[str, str]) -> None:
        self._at = surroundings.get("MORTAL_AT", "")
        self._signal = signal.Signals[surroundings.get("MORTAL_SIGNAL", "SIGKILL")]
        self._arm = surroundings.get("MORTAL_ARM", "INSERT INTO inbox")
        self._log = os.open(surroundings["MORTAL_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._after = surroundings.get("MORTAL_AFTER", "")
        self._armed = self._arm == "start"
        self._met = False
        self._count = 0
        self._lock = threading.Lock()

    def sees(self, statement: str) -> None:
        """Begin to count with the statement that arms."""
        if not self._armed and statement.lstrip().startswith(self._arm):
            self._armed = not self._after or Path(self._after).exists()

    def pass_by(self, moment: str) -> None:
        """Count one moment. One thread at a time, so that the last line written is the moment of death."""
        with self._lock:
            if not self._armed:
                return
            self._count += 1
            os.write(self._log, f"{self._count}\t{threading.current_thread().name}\t{moment}\n".encode())
            if not self._met and self._at in (str(self._count), moment):
                self._met = True
                os.kill(os.getpid(), self._signal)


class Transactions:
    """Before and after each write, and before and after each commit of what was written.

    Leases that idle lanes take and give back once a second are no moments of a change; those of the lane that
    applies are.
    """

    def __init__(self, outcome: WriteOutcome) -> None:
        self._outcome = outcome

    def watch(self) -> None:
        """Look at every engine of the process."""
        do_commit = DefaultDialect.do_commit

        def committing(dialect: DefaultDialect, connection: Any) -> None:
            self._commit("before", connection)
            do_commit(dialect, connection)
            self._commit("after", connection)

        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "rollback", lambda connection: self._written(connection).clear())
        DefaultDialect.do_commit = committing  # type: ignore[method-assign]

    def _before(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self._outcome.sees(statement)
        if COMMIT.match(statement):
            self._commit("before", connection)
        elif (write := _write(statement)) is not None:
            self._outcome.pass_by(f"before {write}")
            self._written(connection).add(write.split()[-1])

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if COMMIT.match(statement):
            self._commit("after", connection)
        elif (write := _write(statement)) is not None:
            self._outcome.pass_by(f"after {write}")

    def _commit(self, when: str, connection: Any) -> None:
        tables = self._written(connection)
        if tables:
            self._outcome.pass_by(f"{when} COMMIT of {', '.join(sorted(tables))}")
        if when == "after":
            tables.clear()

    @staticmethod
    def _written(connection: Any) -> set[str]:
        tables: set[str] = connection.info.setdefault("mortal", set())
        return tables


def _write(statement: str) -> str | None:
    found = WRITE.match(statement)
    if found is None or (found[2] == "leases" and threading.current_thread().name != "apply"):
        return None
    return f"{found[1].upper()} {found[2]}"


def watch_network(outcome: WriteOutcome) -> None:
    """Before a request is sent, once it was sent whole, and when its answer has come; the same for
    acknowledgements."""
    putrequest, putheader = HTTPConnection.putrequest, HTTPConnection.putheader
    endheaders, getresponse = HTTPConnection.endheaders, HTTPConnection.getresponse

    def start(connection: Any, method: str, url: str, *arguments: Any, **named: Any) -> None:
        connection.mortal = url.partition("?")[0]
        putrequest(connection, method, url, *arguments, **named)

    def header(connection: Any, name: Any, *values: Any) -> None:
        if (name.decode() if isinstance(name, bytes) else name).lower() == CMDLET:
            connection.mortal = values[0].decode() if isinstance(values[0], bytes) else str(values[0])
        putheader(connection, name, *values)

    def send(connection: Any, *arguments: Any, **named: Any) -> None:
        outcome.pass_by(f"before {connection.mortal}")
        endheaders(connection, *arguments, **named)

    def receive(connection: Any, *arguments: Any, **named: Any) -> Any:
        outcome.pass_by(f"sent {connection.mortal}")
        response = getresponse(connection, *arguments, **named)
        outcome.pass_by(f"after {connection.mortal}")
        return response

    HTTPConnection.putrequest, HTTPConnection.putheader = start, header  # type: ignore[method-assign]
    HTTPConnection.endheaders, HTTPConnection.getresponse = send, receive  # type: ignore[assignment, method-assign]
    Connection.send = _around(outcome, "acknowledgement", Connection.send)  # type: ignore[method-assign]


def _around(outcome: WriteOutcome, name: str, deed: Callable[..., Any]) -> Callable[..., Any]:
    def done(*arguments: Any, **named: Any) -> Any:
        outcome.pass_by(f"before {name}")
        result = deed(*arguments, **named)
        outcome.pass_by(f"after {name}")
        return result

    return done


def main() -> int:
    """Serve until stopped, or until the moment has come."""
    outcome = WriteOutcome(dict(os.environ))
    Transactions(outcome).watch()
    watch_network(outcome)
    return robot.main()


if __name__ == "__main__":
    sys.exit(main())
