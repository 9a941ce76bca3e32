"""Say why the database cannot be used: one reason each, with a sentence for people and the next step.

The reason follows from the driver's own codes: PostgreSQL's SQLSTATE (postgresql.org/docs/current/errcodes-
appendix.html) and SQLite's result code (sqlite.org/rescode.html). No text of a server is read or repeated: it
may be in any language and may name what was written.
"""

import threading
import time
from collections.abc import Callable
from enum import Enum

PRIMARY = 0xFF
"""SQLite's extended result codes hold the primary one in their lowest eight bits
(sqlite.org/rescode.html)."""

ESCAPES = "write @ as %40, / as %2F, : as %3A, ? as %3F and % as %25"
"""How to write what has a meaning in a URL."""


class Trouble(Enum):
    """A reason: what people are told, and what to do about it."""

    SILENT = (
        "the server does not answer",
        (
            "Check host and port in DATABASE_URL, that the server runs and listens there, and what a "
            "firewall lets through."
        ),
    )
    UNRESOLVED = (
        "the server's name cannot be resolved",
        (
            f"Check the host in DATABASE_URL (in a user name or a password {ESCAPES}) and this machine's "
            "name service."
        ),
    )
    LOGIN = (
        "the server refuses the login",
        (
            f"Check user name and password in DATABASE_URL ({ESCAPES}), and whom the server's pg_hba.conf "
            "lets in from here."
        ),
    )
    NO_DATABASE = (
        "the server has no database of this name",
        "Create it (createdb), or mend the name at the end of DATABASE_URL.",
    )
    CLOSED = (
        "this database takes no connections",
        "Check the name at the end of DATABASE_URL; ALTER DATABASE ... ALLOW_CONNECTIONS true opens it.",
    )
    NOT_LET_IN = (
        "the role may not connect to this database",
        "GRANT CONNECT ON DATABASE to the role in DATABASE_URL.",
    )
    FULL_HOUSE = (
        "the server takes no more connections",
        (
            "Raise max_connections (or the pooler's limit), or the limit of the role or database; then run "
            "this again."
        ),
    )
    STARTING = (
        "the server is starting, stopping or recovering",
        "Wait a minute; if it lasts, look at the server's log. DATABASE_URL is right so far.",
    )
    READ_ONLY = (
        "the database only reads, as a standby does",
        (
            "Let DATABASE_URL name the primary (or every host), or switch default_transaction_read_only off "
            "where it is on."
        ),
    )
    TLS = (
        "no TLS connection to the server comes about",
        (
            "Check sslmode and sslrootcert in DATABASE_URL (sslrootcert=system: this machine's authorities) "
            "and the certificate."
        ),
    )
    NO_TLS = (
        "the server offers no TLS, and sslmode asks for it",
        "Switch ssl on at the server, or take sslmode out of DATABASE_URL on a network that you trust.",
    )
    STRANGER = (
        "what answers there does not speak PostgreSQL's protocol",
        "Check host and port in DATABASE_URL: PostgreSQL's own port is 5432.",
    )
    OPTION = (
        "an option of the connection cannot be used",
        "Check what follows the ? in DATABASE_URL, and the PG... variables in the environment.",
    )
    POOLER = (
        "the server, or a pooler before it, does not take the connection as it is asked for",
        (
            "Of PgBouncer's modes session and transaction serve; an `options` in DATABASE_URL needs "
            "ignore_startup_parameters there."
        ),
    )
    PRIVILEGE = (
        "the database's role lacks a privilege: `legacytls check` names it",
        "As the owner of the tables, run the GRANT lines of docs/operate.md.",
    )
    REFUSED = (
        "the server answers, but takes no connection",
        "Look at the server's log for the reason, and check DATABASE_URL.",
    )
    ENDED = (
        "the server ended the connection",
        "Run this again; if it lasts, look at the server's log. See DATABASE_URL.",
    )
    TOO_SILENT = (
        "the transaction was silent for too long, so the database ended it",
        "Nothing was written. Run this again; DATABASE_URL is right.",
    )
    NOT_DONE = (
        "the database did not do as asked",
        "Look at the server's log or the disk behind DATABASE_URL, and run this again.",
    )
    LOCKED = (
        "another write is still under way",
        (
            "Run this again in a minute; if it lasts, look for a program that holds the database of "
            "DATABASE_URL open."
        ),
    )
    NO_FILE = (
        "the database's folder or file cannot be opened",
        (
            "Check the path in DATABASE_URL: the folder has to exist, and this account has to be able to "
            "write there."
        ),
    )
    FILE_READ_ONLY = (
        "the database's file or folder can only be read",
        (
            "Give this account the right to write to the file in DATABASE_URL and to its folder; a "
            "read-only mount will not do."
        ),
    )
    DISK_FULL = ("the disk is full", "Make room where the database of DATABASE_URL lies.")
    DISK = (
        "the disk, or a network file system, fails",
        "Look at the system's log; the file in DATABASE_URL has to lie on a local disk.",
    )
    DAMAGED = (
        "the file is damaged, or is no database",
        "Check DATABASE_URL; if the file is the right one, put a backup in its place.",
    )

    def __init__(self, finding: str, mend: str) -> None:
        self.finding, self.mend = finding, mend


_CONNECTING = {
    "28P01": Trouble.LOGIN,
    "28000": Trouble.LOGIN,
    "3D000": Trouble.NO_DATABASE,
    "42501": Trouble.NOT_LET_IN,
    "53300": Trouble.FULL_HOUSE,
    "55000": Trouble.CLOSED,
    "57P03": Trouble.STARTING,
    "57P01": Trouble.STARTING,
    "57P02": Trouble.STARTING,
    "08P01": Trouble.POOLER,
    "08004": Trouble.REFUSED,
    "0A000": Trouble.OPTION,  # an option or encoding that the server does not have
    "22023": Trouble.OPTION,  # a value that a parameter in ``options`` cannot have
    "42601": Trouble.OPTION,
    "42704": Trouble.OPTION,  # a parameter in ``options`` that there is none of
    "55P02": Trouble.OPTION,  # one that cannot be changed now
}
"""What an SQLSTATE means while connecting. PgBouncer answers 08P01 to most of what it does not take."""

_CONNECTED = {
    "25006": Trouble.READ_ONLY,
    "25P03": Trouble.TOO_SILENT,
    "42501": Trouble.PRIVILEGE,
    "40P01": Trouble.LOCKED,
    "55P03": Trouble.LOCKED,
    "53100": Trouble.DISK_FULL,
    "53300": Trouble.FULL_HOUSE,
    "57P01": Trouble.ENDED,
    "57P02": Trouble.ENDED,
    "57P03": Trouble.STARTING,
    "57P05": Trouble.ENDED,
    "58030": Trouble.DISK,
    "08003": Trouble.ENDED,
    "08006": Trouble.ENDED,
    "08P01": Trouble.POOLER,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
}

_SQLITE = {
    5: Trouble.LOCKED,  # SQLITE_BUSY
    6: Trouble.LOCKED,  # SQLITE_LOCKED
    8: Trouble.FILE_READ_ONLY,  # SQLITE_READONLY
    10: Trouble.DISK,  # SQLITE_IOERR
    11: Trouble.DAMAGED,  # SQLITE_CORRUPT
    13: Trouble.DISK_FULL,  # SQLITE_FULL
    14: Trouble.NO_FILE,  # SQLITE_CANTOPEN
    15: Trouble.LOCKED,  # SQLITE_PROTOCOL
    26: Trouble.DAMAGED,  # SQLITE_NOTADB
}


def of_refusal(sqlstate: str) -> Trouble:
    """Return the reason behind an SQLSTATE that came in place of a connection."""
    return _CONNECTING.get(sqlstate, Trouble.REFUSED)


def of_statement(sqlstate: str) -> Trouble | None:
    """Return the reason behind an SQLSTATE; ``None``: it is about the statement."""
    return _CONNECTED.get(sqlstate)


def of_result(code: int) -> Trouble | None:
    """The reason behind a result code of SQLite; ``None``: it tells of the statement, not of the database."""
    return _SQLITE.get(code & PRIMARY)


FORGOTTEN_AFTER = 30.0
"""Seconds after the last failed write for which reads that succeed are no sign that the trouble is over."""

Tell = Callable[[str | None], None]


def _unheard(problem: str | None) -> None:
    """Nobody listens."""


class Watch:
    """Take every call's outcome on any thread; ``tell`` hears changes, ``None`` when well."""

    def __init__(self) -> None:
        self.tell: Tell = _unheard
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._write_failed_at = float("-inf")

    def failed(self, problem: str, *, writing: bool) -> None:
        """A call failed for want of the database; ``problem`` names no address and no password."""
        with self._lock:
            if writing:
                self._write_failed_at = time.monotonic()
            if problem != self._problem:
                self._problem = problem
                self.tell(problem)

    def succeeded(self, *, writing: bool) -> None:
        """A call did what it was to do."""
        if self._problem is None:
            return  # what nearly every call finds: without the lock
        with self._lock:
            if writing or time.monotonic() - self._write_failed_at > FORGOTTEN_AFTER:
                self._problem = None
                self.tell(None)
