"""Every verb in every broken environment ends in a sentence with a next step: no traceback, no name of a
class, no secret.

In this process, because it is a matter of hundreds of runs; what depends on how a process is started is at
the end.
"""

import gc
import logging
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from bot import process
from bot.cli import main
from bot.sandbox.microsoft.simulation import Microsoft
from bot.sandbox.slack.simulation import Slack
from tests.bot.broken_machine import HUSH, PG, Broken
from tests.bot.drawing import drawn_once
from tests.bot.machine import ROOT
from tests.sampling import drawn

__all__ = ["drawn_once"]

pytestmark = pytest.mark.usefixtures("drawn_once")

VERBS = ("run", "sandbox", "migrate", "check", "status", "history", "verify", "export")

CLASS = re.compile(
    r"\b[A-Z]\w*(Error|Exception|Timeout|Warning)\b|\b[A-Z][a-z]+[A-Z]\w+\(|\bgaierror\b|<class |\bErrno\b"
)
"""How the name of a class looks, and what Python itself says of one."""


Break = Callable[[Broken], object]


def setting(**settings: str) -> Break:
    return lambda broken: broken.set(**settings)


def no_home(broken: Broken) -> None:
    """As on OpenShift: an account that no passwd entry describes."""

    def unknown(*_: object) -> None:
        raise KeyError("getpwuid(): uid not found")

    broken.patch.setattr(pwd, "getpwuid", unknown)
    broken.patch.setattr(pwd, "getpwnam", unknown)
    broken.unset("HOME")
    for module in [
        name for name in sys.modules if name.startswith("slack_sdk.oauth.installation_store.file")
    ]:
        broken.patch.delitem(sys.modules, module)


def no_working_directory(broken: Broken) -> None:
    gone = broken.folder / "gone"
    gone.mkdir()
    broken.patch.chdir(gone)
    gone.rmdir()


def a_link_to_itself(broken: Broken) -> None:
    (broken.folder / "loop").symlink_to(broken.folder / "loop")
    broken.set(
        DATABASE_URL=f"sqlite:///{broken.folder}/loop/x.db",
        AZURE_CLIENT_CERTIFICATE_PATH=str(broken.folder / "loop"),
    )


def env_file(content: bytes) -> Break:
    return lambda broken: broken.file(".env", content)


ENVIRONMENTS: dict[str, Break] = {
    # settings
    "nothing set": lambda broken: broken.unset(
        *[name for name in os.environ if name.startswith(("SLACK_", "AZURE_", "LEGACY"))]
    ),
    "a time zone that there is none of": setting(LEGACYTLS_TIMEZONE="Nowhere/Town"),
    "a time zone that is a path": setting(LEGACYTLS_TIMEZONE="../../etc/passwd"),
    "a time zone too long to be one": setting(LEGACYTLS_TIMEZONE="x" * 5000),
    "a duration in words": setting(LEGACYTLS_REQUEST_TTL="a day or two"),
    "a duration beyond the calendar": setting(LEGACYTLS_MAX_WINDOW="999999999d"),
    "numbers of another script": setting(LEGACYTLS_APPROVALS_REQUIRED="²", LEGACYTLS_HEALTH_PORT="٣٠٠٠"),
    "approvers by name": setting(LEGACYTLS_APPROVERS="@alice, @bob"),
    "a channel by name": setting(LEGACYTLS_CHANNEL="#changes"),
    "the same emoji twice": setting(LEGACYTLS_APPROVE_EMOJI="x", LEGACYTLS_REJECT_EMOJI="x"),
    "a log level of another program": setting(LEGACYTLS_LOG_LEVEL="verbose"),
    "tokens in each other's place": setting(
        SLACK_BOT_TOKEN="xapp-1-hush-hush", SLACK_APP_TOKEN="xoxb-1-hush-hush"
    ),
    "two credentials": setting(AZURE_CLIENT_SECRET=HUSH),
    "a certificate that is not there": setting(AZURE_CLIENT_CERTIFICATE_PATH="/no/such/file.pem"),
    "a certificate that is a folder": setting(AZURE_CLIENT_CERTIFICATE_PATH="/tmp"),
    "a certificate that is empty": lambda broken: broken.set(
        AZURE_CLIENT_CERTIFICATE_PATH=broken.file("empty.pem")
    ),
    "a certificate that is something else": lambda broken: broken.set(
        AZURE_CLIENT_CERTIFICATE_PATH=broken.file(
            "x.pem", b"-----BEGIN CERTIFICATE-----\n\xff\x00\n-----END CERTIFICATE-----\n"
        )
    ),
    "a certificate that is a device": setting(AZURE_CLIENT_CERTIFICATE_PATH="/dev/null"),
    "a path with a null": lambda broken: (
        broken.file(".env", b'AZURE_CLIENT_CERTIFICATE_PATH="a\\x00b\x00.pem"\n')
        and broken.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    ),
    "a path that is too long": setting(AZURE_CLIENT_CERTIFICATE_PATH="x" * 5000),
    "a federated token that is a folder": lambda broken: (
        broken.unset("AZURE_CLIENT_CERTIFICATE_PATH"),
        broken.set(AZURE_FEDERATED_TOKEN_FILE="/tmp"),
    ),
    "a federated token that is empty": lambda broken: (
        broken.unset("AZURE_CLIENT_CERTIFICATE_PATH"),
        broken.set(AZURE_FEDERATED_TOKEN_FILE=broken.file("token")),
    ),
    "milestones that are a folder": setting(LEGACYTLS_MILESTONES="/tmp"),
    "milestones that are no text": lambda broken: broken.set(
        LEGACYTLS_MILESTONES=broken.file("m.yaml", b"\xff\xfe\x00\x00")
    ),
    "milestones that never end": lambda broken: broken.set(
        LEGACYTLS_MILESTONES=broken.file("m.yaml", b"a: &a [x,x]\nb: &b [*a,*a]\n" + b"- " * 3000)
    ),
    "a tenant with blanks in it": setting(AZURE_TENANT_ID="my tenant"),
    "a cloud that there is none of": setting(EXCHANGE_CLOUD="aws"),
    # .env
    ".env is a folder": lambda broken: (broken.folder / ".env").mkdir(),
    ".env in UTF-16": env_file("LEGACYTLS_TIMEZONE=UTC\n".encode("utf-16")),
    ".env in Latin-1": env_file(b"LEGACYTLS_TIMEZONE=\xfc\n"),
    ".env with nulls": env_file(b"HTTPS_PROXY=a\x00b\nREQUESTS_CA_BUNDLE=\x00\n"),
    ".env without sense": env_file(b"= = =\n'\n[section]\nexport\n"),
    # SQLite
    "a database in no folder": setting(DATABASE_URL="sqlite:////no/such/folder/x.db"),
    "a database that is a folder": setting(DATABASE_URL="sqlite:////tmp"),
    "a database in a file": setting(DATABASE_URL="sqlite:////etc/hostname/x.db"),
    "a database where nobody may write": setting(DATABASE_URL="sqlite:////proc/x.db"),
    "a database that is a full device": setting(DATABASE_URL="sqlite:////dev/full"),
    "a database that is a link to itself": a_link_to_itself,
    "a database that is a text": lambda broken: broken.set(
        DATABASE_URL=f"sqlite:///{broken.file('x.txt', b'dear diary' * 500)}"
    ),
    "a database that only reads": lambda broken: broken.set(
        DATABASE_URL=f"sqlite:///file:{broken.folder}/record.db?mode=ro&uri=true"
    ),
    "a database of a newer version": lambda broken: broken.sqlite(
        "UPDATE alembic_version SET version_num = '9999'"
    ),
    "a database of somebody else's": lambda broken: broken.sqlite(
        "DROP TABLE alembic_version", "CREATE TABLE alembic_version (x)"
    ),
    "a database that lost a table": lambda broken: broken.sqlite(
        "DROP TABLE change_requests", "DROP TABLE leases"
    ),
    "a database that is cut off": lambda broken: os.truncate(broken.folder / "record.db", 5000),
    "a database that was spoiled": lambda broken: broken.file(
        "record.db", (broken.folder / "record.db").read_bytes()[:4096] + b"\x5a" * 60000
    ),
    "an option of another driver": setting(DATABASE_URL="sqlite:///record.db?journal_mode=wal"),
    "a database in memory": setting(DATABASE_URL="sqlite://"),
    # PostgreSQL
    "nobody listens": lambda broken: broken.set(DATABASE_URL=f"{PG}:{broken.refused}/x"),
    "a name that there is none of": setting(DATABASE_URL=f"postgresql://bot:{HUSH}@nowhere.invalid/x"),
    "a name that cannot be one": setting(DATABASE_URL=f"postgresql://bot:{HUSH}@{'x' * 300}.invalid/x"),
    "a raw @": setting(DATABASE_URL="postgresql://bot:hush-@hush@127.0.0.1/x"),
    "a schema": setting(DATABASE_URL=f"{PG}/x?schema=y"),
    "a pool's size": setting(DATABASE_URL=f"{PG}/x?connection_limit=5&pool_timeout=3"),
    "a mode that there is none of": setting(DATABASE_URL=f"{PG}/x?sslmode=paranoid"),
    "a root that is not there": setting(DATABASE_URL=f"{PG}/x?sslmode=verify-full&sslrootcert=/no/such.pem"),
    "a port that cannot be one": setting(DATABASE_URL=f"{PG}:99999/x"),
    "no server on the socket": setting(DATABASE_URL="postgresql:///x?host=/no/such/folder"),
    "another database": setting(DATABASE_URL=f"mysql://bot:{HUSH}@127.0.0.1/x"),
    "libpq's own variables": lambda broken: broken.set(
        PGSSLMODE="paranoid", DATABASE_URL=f"{PG}:{broken.refused}/x"
    ),
    "a timeout in words": lambda broken: broken.set(
        PGCONNECT_TIMEOUT="soon", DATABASE_URL=f"{PG}:{broken.refused}/x"
    ),
    "a service that is not there": lambda broken: broken.set(
        PGSERVICE="nowhere", DATABASE_URL=f"{PG}:{broken.refused}/x"
    ),
    # the network
    "Slack refuses connections": lambda broken: broken.set(
        SLACK_API_URL=f"http://127.0.0.1:{broken.refused}/api/"
    ),
    "Slack's address is a page": setting(SLACK_API_URL="https://contoso.slack.com/#/api"),
    "Slack in plain text": setting(SLACK_API_URL="http://slack.com/api/"),
    "Entra refuses connections": lambda broken: broken.set(
        AZURE_AUTHORITY_HOST=f"https://127.0.0.1:{broken.refused}"
    ),
    "Exchange refuses connections": lambda broken: broken.set(
        EXCHANGE_API_URL=f"https://127.0.0.1:{broken.refused}"
    ),
    "Exchange's address has a port that cannot be one": setting(
        EXCHANGE_API_URL="https://127.0.0.1:99999999"
    ),
    "a proxy that is not there": lambda broken: broken.set(
        HTTPS_PROXY=f"http://127.0.0.1:{broken.refused}", HTTP_PROXY=f"http://127.0.0.1:{broken.refused}"
    ),
    "a proxy that cannot be one": setting(HTTPS_PROXY="http://[not-an-address", HTTP_PROXY="::::"),
    "a proxy of an unknown kind": setting(HTTPS_PROXY="gopher://127.0.0.1:1", ALL_PROXY="carrier://pigeon"),
    "authorities that are not there": setting(REQUESTS_CA_BUNDLE="/no/such/bundle.pem"),
    "authorities that are something else": lambda broken: broken.set(
        REQUESTS_CA_BUNDLE=broken.file("ca.pem", b"\xff" * 100)
    ),
    "authorities that are an empty folder": lambda broken: broken.set(REQUESTS_CA_BUNDLE=str(broken.folder)),
    "no authorities at all": lambda broken: broken.set(REQUESTS_CA_BUNDLE=broken.file("none.pem")),
    # the process
    "no home and no account": no_home,
    "no working directory": no_working_directory,
    "no folder for what is temporary": setting(TMPDIR="/no/such/folder"),
    "a terminal without a width": setting(COLUMNS="wide", LINES="-1", TERM="nothing-known"),
    "a locale that there is none of": setting(
        LC_ALL="xx_XX.nonsense", LANG="xx_XX.nonsense", TZ="Nowhere/Town"
    ),
    "a health port that is taken": lambda broken: broken.set(LEGACYTLS_HEALTH_PORT=str(broken.taken)),
    "a health host of another machine": lambda broken: broken.set(
        LEGACYTLS_HEALTH_HOST="192.0.2.1", LEGACYTLS_HEALTH_PORT="3999"
    ),
}


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Slack and Microsoft on loopback; the settings that lead to them."""
    slack = Slack(clock=lambda: datetime.now(UTC))
    microsoft = Microsoft(tmp_path_factory.mktemp("microsoft"), clock=lambda: datetime.now(UTC))
    slack.start()
    microsoft.start()
    yield slack.environment | microsoft.environment
    slack.stop()
    microsoft.stop()


@pytest.fixture
def untouched_process() -> Iterator[None]:
    """What a verb changes in its process is put back."""
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook)
    heard = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    root.setLevel(level)
    for number, handler in heard.items():
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)
    gc.enable()
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def broken(
    tmp_path: Path,
    neighbours: dict[str, str],
    untouched_process: None,
    _migrated_sqlite: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Broken:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refused = listener.getsockname()[1]
    taken = int(neighbours["SLACK_API_URL"].split(":")[2].split("/")[0])
    found = Broken(tmp_path, monkeypatch, refused, taken)
    (tmp_path / "record.db").write_bytes(_migrated_sqlite.read_bytes())
    found.set(**neighbours, DATABASE_URL=f"sqlite:///{tmp_path}/record.db")
    monkeypatch.chdir(tmp_path)
    # all that comes before serving is what may be broken
    monkeypatch.setattr(process, "_serve", lambda *_: None)
    return found


def call(verb: str, broken: Broken) -> list[str]:
    return [verb, "--port", str(broken.taken)] if verb == "sandbox" else [verb]


def judged(code: int, out: str, err: str, verb: str) -> None:
    """A sentence at the end, and nothing that only a programmer understands."""
    said = out + err
    assert "Traceback" not in said
    assert HUSH not in said
    assert not CLASS.search(said), said
    assert code in (0, 1, 2), said
    if code == 0:
        assert verb != "sandbox"
        return
    lines = [line for line in (err or out).splitlines() if line.strip()]
    last = lines[0] if lines[0].startswith("Live value: ") else lines[-1]  # status says first what failed
    assert len(re.findall(r"[A-Za-z]{2,}", last)) >= 5, said
    assert code == 1 or "  - " in err or verb == "check", said


@pytest.mark.parametrize("name", drawn("broken environments", ENVIRONMENTS, keep=len(ENVIRONMENTS) // 2))
def test_every_verb_ends_in_a_sentence(name: str, broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
    ENVIRONMENTS[name](broken)
    for verb in VERBS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = main(call(verb, broken))
        judged(code, *capsys.readouterr(), verb)


def test_there_are_enough_of_them() -> None:
    assert len(ENVIRONMENTS) >= 60


# What depends on how the process is started


def started(
    *arguments: str, folder: Path, shell: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own, in a shell where its streams are what is broken."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"sqlite:///{folder}/record.db",
    }
    environment |= {"AZURE_TENANT_ID": "11111111-2222-3333-4444-555555555555", **settings}
    line = ["bash", "-c", f'exec "$@" {shell}', "bash", sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        line, env=environment, cwd=folder, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.mark.parametrize("shell", [">&-", ">&- 2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_closed_standard_output_is_a_quiet_end(
    shell: str, tmp_path: Path, migrated_sqlite_url: str
) -> None:
    done = started("history", folder=tmp_path, shell=shell, DATABASE_URL=migrated_sqlite_url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "legacytls.db").read_bytes().startswith(b"SQLite format 3"), (
        "what was printed went into the database"
    )


def test_a_full_standard_output_is_told(tmp_path: Path) -> None:
    done = started("history", folder=tmp_path, shell=">/dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        "legacytls: there is no space left on the disk. Make room, and run this again.\n",
    )


def test_a_terminal_that_knows_ascii_only_gets_question_marks(tmp_path: Path) -> None:
    done = started(
        "status",
        folder=tmp_path,
        PYTHONIOENCODING="ascii",
        AZURE_CLIENT_ID="x",
        AZURE_MANAGED_IDENTITY="maybe",
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert started("calendar", "--help", folder=tmp_path, PYTHONIOENCODING="ascii").stderr.count("Error") == 0


def test_an_account_without_a_passwd_entry_and_without_a_home_is_served(tmp_path: Path) -> None:
    apart = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AZURE_TENANT_ID": "contoso.example"}
    line = [*apart, sys.executable, "-m", "bot", "history"]
    done = subprocess.run(
        line, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "No change is on record yet.\n", "")
