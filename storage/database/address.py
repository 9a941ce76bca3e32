"""Reads ``DATABASE_URL``: text in, the URL that is used out, or a sentence that says what to write instead.

Every option has a meaning here or is refused by its name: one that would only show when a connection is made,
or never, is a trap. Values are never repeated: a password in the wrong place must not reach a terminal or a
log.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from storage.database.troubles import ESCAPES

_WHICH = "write sqlite:///file.db or postgresql+psycopg://user:password@host/name; nothing else is supported"
_RAW = f"a user name, a password or an option holds a character that has a meaning in a URL: {ESCAPES}"

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_SSL = dict.fromkeys(_TRUE, "require") | dict.fromkeys(_FALSE, "disable")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_WORDS: Mapping[str, tuple[str, ...]] = {
    "sslmode": _SSL_MODES,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "sslcertmode": ("disable", "allow", "require"),
    "load_balance_hosts": ("disable", "random"),
    "client_encoding": ("utf8", "utf-8", "auto"),
}
"""The options of libpq that take one of a few words (postgresql.org/docs/current/libpq-connect.html)."""

_NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

_ELSEWHERE: Mapping[str, str] = {
    "schema": "set it at the role: ALTER ROLE ... SET search_path = ...",
    "currentSchema": "set it at the role: ALTER ROLE ... SET search_path = ...",
    "search_path": "set it at the role: ALTER ROLE ... SET search_path = ...",
    "autocommit": "the bot decides by itself where a transaction ends",
    "replication": "the bot is no replica",
    "isolation_level": "the bot chooses it",
    "sslaccept": "write sslmode=verify-full, or sslmode=require to verify nothing",
    "sslcertpath": "write sslrootcert",
    "user": "write it before the @",
    "password": "write it before the @",
    "dbname": "write it after the host",
}
"""Options of other drivers and tools, and what to write instead."""

_IGNORED = (
    "pgbouncer",
    "prepare_threshold",
    "statement_cache_size",
    "prepared_statements",
    "preparedStatements",
)
"""Options that ask for what holds anyway: no statement is prepared at the server
(``storage.database.connections``)."""

_SQLITE_OPTIONS = (
    "uri",
    "mode",
    "cache",
    "immutable",
    "vfs",
    "nolock",
    "psow",
    "timeout",
    "cached_statements",
)
"""Those of SQLite (sqlite.org/uri.html) and of its driver that the bot can live with."""


def parse(text: str) -> str:
    """Return the SQLAlchemy URL that ``text`` means. Raises ``ValueError`` with what to write instead."""
    scheme, there, rest = text.partition("://")
    if there and scheme in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite(text, rest)
    if there and scheme in {"postgres", "postgresql", "postgresql+psycopg"} and re.fullmatch(r"\S*", rest):
        return _postgresql(rest)
    raise ValueError(_WHICH)


def _sqlite(text: str, rest: str) -> str:
    url = make_url(text)
    named = (url.database or "").partition("?")[0]
    if (
        not re.match(r"/(?!$|\?)", rest)
        or named in ("", ":memory:", "file::memory:")
        or url.query.get("mode") == "memory"
    ):
        raise ValueError("write sqlite:///file.db: the record has to outlive the process")
    for name, value in _each(url):
        if name not in _SQLITE_OPTIONS:
            raise ValueError(_refused(name, "of SQLite's"))
        if name in ("timeout", "cached_statements") and not re.fullmatch(r"[0-9]{1,6}", value):
            raise ValueError(f"the option {name} takes a whole number")
        if name == "uri" and value.lower() not in _TRUE + _FALSE:
            raise ValueError("the option uri takes true or false")
    return text


def _postgresql(rest: str) -> str:
    url = _parts(rest)
    wanted = url.query
    changed: dict[str, str | tuple[str, ...]] = {}
    for name, value in _each(url):
        renamed = _meaning(name, value, wanted)
        if renamed is not None:
            changed[renamed[0]] = renamed[1]
    if "host" in wanted:
        changed["host"] = wanted["host"]
    if "port" in wanted:
        changed["port"] = wanted["port"]
    return url.set(query=changed).render_as_string(hide_password=False)


def _parts(rest: str) -> URL:
    """The URL's parts.

    Whoever writes a raw @ in a password gets a host and a database that hold the rest of it.
    """
    try:
        url = make_url(f"postgresql+psycopg://{_several_hosts(rest)}")
    except (ArgumentError, ValueError):
        raise ValueError(_RAW if rest.count("@") > 1 else _WHICH) from None
    options = rest.partition("@")[2].partition("?")[2]
    unread = "@" in options and any(
        part.partition("=")[0] not in _known() or "=" not in part for part in options.split("&")
    )
    if "@" in (url.host or "") or "@" in (url.database or "") or unread:
        raise ValueError(_RAW)
    if (
        not re.fullmatch(r"[^\s/\[\]@]*", url.host or "")
        or not 0 < (1 if url.port is None else url.port) < 65536
    ):
        raise ValueError(f"{_WHICH}, and a port between 1 and 65535")
    return url


def _several_hosts(rest: str) -> str:
    """Write comma-separated hosts, as libpq's URLs have them, the way SQLAlchemy takes them."""
    found = re.fullmatch(
        r"(?P<who>[^@]*@)?(?P<hosts>[^/?@]*,[^/?@]*)(?P<name>/[^?]*)?(\?(?P<options>.*))?", rest
    )
    if not found:
        return rest
    hosts = "&".join(f"host={host}" for host in found["hosts"].split(","))
    return f"{found['who'] or ''}{found['name'] or '/'}?{hosts}" + (
        f"&{found['options']}" if found["options"] else ""
    )


def _each(url: URL) -> Iterator[tuple[str, str]]:
    """Every option but the hosts with its one value."""
    for name, value in url.query.items():
        if not isinstance(value, str) and name not in ("host", "port"):
            raise ValueError(f"the option {_shown(name)} is there twice; keep one")
        if isinstance(value, str) and (name not in ("host", "port") or url.drivername.startswith("sqlite")):
            yield name, value


def _meaning(name: str, value: str, all_options: Mapping[str, object]) -> tuple[str, str] | None:
    """The option of libpq that is meant, with its value; ``None``: it holds anyway."""
    if name in _IGNORED:
        return None
    if name == "ssl" and "sslmode" not in all_options:
        name, value = "sslmode", _SSL.get(value.lower(), value)
    # node-postgres: TLS, and nobody's certificate is looked at
    if name == "sslmode" and value == "no-verify":
        value = "require"
    if name not in _known():
        raise ValueError(_refused(name, "of PostgreSQL's client"))
    if name in _WORDS and value.lower() not in _WORDS[name]:
        raise ValueError(f"the option {name} takes one of {', '.join(_WORDS[name])}")
    if name in _NUMBERS and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"the option {name} takes a whole number")
    if name in _FILES and (name, value) != ("sslrootcert", "system") and not Path(value).is_file():
        raise ValueError(f"the option {name} names no file that this account can see")
    return name, value


def _known() -> frozenset[str]:
    """Return libpq's options but for debugging ones and those that stand elsewhere in the URL."""
    from psycopg import pq  # noqa: PLC0415 - whoever uses SQLite need not wait for it

    there = {one.keyword.decode() for one in pq.Conninfo.get_defaults() if one.dispchar != b"D"}
    return frozenset(there - _ELSEWHERE.keys())


def _refused(name: str, whose: str) -> str:
    instead = _ELSEWHERE.get(name)
    return f"{_shown(name)} is no option {whose}; {instead or 'take it out'}"


def _shown(name: str) -> str:
    """An option's name, if it looks like one: what does not may be the end of a password."""
    return name if re.fullmatch(r"[A-Za-z][A-Za-z_]{1,29}", unquote(name)) else "what follows the ?"
