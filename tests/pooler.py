"""Brings a real PgBouncer in transaction mode before the tests' PostgreSQL: Debian's package, on loopback,
never as root.

Two server connections only, so that whoever comes next meets the leavings of somebody else. Without PgBouncer
the tests are skipped; ``TESTS_REQUIRE_POSTGRES=1`` makes it a failure.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from bot.sandbox.shared.server import free_port
from tests.postgres import Server, _account, _libpq, _room, _stop, _surroundings, _text

POOL = 2
"""Connections to the server that all clients share."""

SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 200
logfile = {log}
pidfile =
"""


def _program() -> str:
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found:
        return found
    if os.environ.get("TESTS_REQUIRE_POSTGRES") == "1":
        pytest.fail("PgBouncer is not installed (Debian: pgbouncer)", pytrace=False)
    pytest.skip("PgBouncer is not installed (Debian: pgbouncer)")


@contextmanager
def pooler(server: Server) -> Iterator[URL]:
    """Run PgBouncer before ``server``; yields the URL of the maintenance database behind it."""
    program, account, url = _program(), _account(), server.url
    with _room(account) as room:
        own, users, settings = free_port(), room / "users.txt", room / "pgbouncer.ini"
        users.write_text(f'"{url.username}" "{url.password}"\n')
        facts = {
            "host": url.host,
            "port": url.port,
            "own": own,
            "users": users,
            "pool": POOL,
            "log": room / "log",
        }
        settings.write_text(SETTINGS.format(**facts))
        for file in (users, settings):
            file.chmod(0o600)
            if account is not None:
                os.chown(file, account.pw_uid, account.pw_gid)
        process = subprocess.Popen(
            [program, "-q", settings], start_new_session=True, **_surroundings(room, account)
        )
        try:
            before = url.set(host="127.0.0.1", port=own)
            _await(before, process, room / "log")
            yield before
        finally:
            _stop(process)


def _await(url: URL, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 15
    while True:
        try:
            psycopg.connect(_libpq(url), connect_timeout=5).close()
        except psycopg.OperationalError as refused:
            if process.poll() is not None or time.monotonic() > until:
                said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
                raise AssertionError(f"PgBouncer does not serve: {refused}\n{said}") from None
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def pgbouncer(postgres_server: Server) -> Iterator[URL]:
    """One PgBouncer for the tests of a module."""
    with pooler(postgres_server) as url:
        yield url


@pytest.fixture
def pooled_url(pgbouncer: URL, postgres_server: Server) -> Iterator[str]:
    """URL, through PgBouncer, of an empty database of this test's own."""
    with postgres_server.database() as url:
        yield _text(pgbouncer.set(database=url.database))
