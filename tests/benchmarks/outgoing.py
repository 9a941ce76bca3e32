"""What a call to Slack and a reading from Exchange cost beside their bare counterparts, and the ledger beside the driver."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import certifi
import requests
from slack_sdk import WebClient

from bot.exchange.client import connect
from bot.options import Settings
from bot.wiring import slack_client
from storage.engine import Database
from storage.ledger import Ledger
from storage.migrate import upgrade
from tests.benchmarks import test_ledger_speed as ledger_speed
from tests.benchmarks.subjects import Tenant
from tests.benchmarks.table import Figure
from tests.postgres import NoPostgres, own_server
from tests.storage.roads import NOW, TENANT, opened

READ = {"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}}


def measure_slack(tenant: Tenant, folder: Path, rounds: int) -> list[Figure]:
    """One call of the Web API over TLS; both sides know as many authorities as an ordinary machine does."""
    bundle = folder / "authorities.pem"
    ours = Path(tenant.environment["REQUESTS_CA_BUNDLE"]).read_bytes()
    bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + ours)
    url = tenant.environment["SLACK_API_URL"]
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(bundle)}):
        client = slack_client(Settings(SLACK_BOT_TOKEN="xoxb-measuring", SLACK_API_URL=url))
        bare = WebClient("xoxb-measuring", base_url=url)
        shared, default = ledger_speed.medians(client.auth_test, bare.auth_test, rounds=rounds * 10)
    return [Figure("a call to Slack", "ms", shared, "<= 0.25x", default, "default WebClient")]


def measure_exchange(tenant: Tenant, rounds: int) -> list[Figure]:
    """One reading over TLS, token in hand; both sides keep their connection."""
    given = tenant.environment
    settings = Settings(**{name: value for name, value in given.items() if name.startswith("AZURE_")})
    with mock.patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": given["REQUESTS_CA_BUNDLE"]}):
        exchange = connect(
            tenant_id=given["AZURE_TENANT_ID"],
            client_id=given["AZURE_CLIENT_ID"],
            credential=settings.credential(),
            cloud=settings.exchange_cloud,
            clock=lambda: datetime.now(UTC),
            authority_host=given["AZURE_AUTHORITY_HOST"],
            organization=given["EXCHANGE_ORGANIZATION"],
            api_url=given["EXCHANGE_API_URL"],
        )
        bare = _bare_reading(given, exchange.tokens.bearer(None, timeout=10))
        ours, plain = ledger_speed.medians(exchange.read, bare, rounds=rounds * 30)
        exchange.close()
    return [Figure("a reading from Exchange", "ms", ours, "<= 1.2x", plain, "requests.Session")]


def _bare_reading(given: dict[str, str], token: str) -> Callable[[], object]:
    session = requests.Session()
    url = f"{given['EXCHANGE_API_URL']}/adminapi/beta/{given['AZURE_TENANT_ID']}/InvokeCommand"
    headers = {"Authorization": f"Bearer {token}", "X-AnchorMailbox": f"APP:SystemMailbox@{given['AZURE_TENANT_ID']}"}

    def read() -> object:
        answer = session.post(url, json=READ, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()["value"][0]["AllowLegacyTLSClients"]

    return read


def measure_ledger(folder: Path, rounds: int) -> list[Figure]:
    """A durable read and audit event beside the driver, on both databases, and many writers on SQLite."""
    figures = []
    with _databases(folder) as urls:
        for url in urls:
            upgrade(url)
            figures.append(_read_and_record(Database(url), rounds))
    url = f"sqlite:///{folder / 'writers.db'}"
    upgrade(url)
    return [*figures, *_writers(Database(url), rounds)]


@contextmanager
def _databases(folder: Path) -> Iterator[list[str]]:
    urls = [f"sqlite:///{folder / 'ledger.db'}"]
    with suppress(NoPostgres), own_server() as server, server.database() as url:
        yield [*urls, url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)]
        return
    yield urls


def _read_and_record(database: Database, rounds: int) -> Figure:
    ledger = Ledger(database, TENANT)
    request_id = opened(ledger).id
    driver = ledger_speed.raw(database)

    def ours() -> None:
        with ledger.recording(NOW) as entry:
            entry.reader.request(request_id)
            entry.record("moved", "bot", {}, request_id)

    bare, core = ledger_speed.medians(lambda: ledger_speed.chained(driver, request_id), ours, rounds=rounds * 50)
    driver.connection.close()
    database.close()
    return Figure(f"read + audit event, {database.engine.dialect.name}", "ms", core, "<= 2x", bare, "the driver")


def _writers(database: Database, rounds: int) -> list[Figure]:
    ledger = Ledger(database, TENANT)
    opened(ledger)
    each = rounds * 8
    alone, _ = ledger_speed._throughput(ledger, threads=1, each=16 * each)
    together, slowest = ledger_speed._throughput(ledger, threads=16, each=each)
    database.close()
    return [
        Figure("16 writers on SQLite", "1/s", together, ">= 0.9x", alone, "one writer"),
        Figure("16 writers on SQLite, slowest", "ms", slowest * 1000, "<= 300 ms"),
    ]
