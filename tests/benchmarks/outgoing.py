"""What a call to Slack and a reading from Exchange cost beside their bare counterparts, and the ledger beside
the driver."""

import itertools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import certifi
import requests
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import ClientSecret
from bot.exchange.auth.tokens import Tokens
from bot.exchange.client import connect
from bot.exchange.clouds import CLOUDS
from bot.from_settings import slack_client
from bot.settings.model import Settings
from storage.engine import Database
from storage.ledger import Ledger
from storage.lifecycle import Kind
from storage.migrate import upgrade
from storage.record.verify import verify
from tests.benchmarks import test_ledger_speed as ledger_speed
from tests.benchmarks.databases import Postgres
from tests.benchmarks.subjects import Tenant
from tests.benchmarks.table import Figure
from tests.storage.states import NOW, TENANT, opened

HISTORY, SHORT_HISTORY = 1_000_000, 20_000
"""Rows of the long history; the short one is for a look whether every figure can be taken."""
Pair = tuple[float, float]
"""Ours and what stands beside it, in milliseconds."""
TENANTS = 1000
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


class _Authority:
    """Answers MSAL from memory, as its ``http_client``: a thousand real sign-ins would take minutes and are
    not measured."""

    status, code, retry_after = 200, None, None

    def begin(self, timeout: float) -> None:
        """There is nothing to wait for."""

    def get(self, url: str, **_: object) -> SimpleNamespace:
        base = url.partition("/v2.0/")[0]
        ends = {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }
        return SimpleNamespace(
            status_code=200, text=json.dumps({"issuer": f"{base}/v2.0", **ends}), headers={}
        )

    def post(self, url: str, **_: object) -> SimpleNamespace:
        granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": "t" * 1500}
        return SimpleNamespace(status_code=200, text=json.dumps(granted), headers={})

    def close(self) -> None:
        """There is nothing to close."""


def measure_tokens(rounds: int) -> list[Figure]:
    """A token from MSAL's cache, each tenant's in turn: as many apps and caches in memory as there are
    tenants."""
    tenants = [_signed_in(f"11111111-2222-3333-4444-{number:012}") for number in range(TENANTS)]
    turns = itertools.cycle(tenants)
    many, one = ledger_speed.medians(
        lambda: _from_cache(next(turns)), lambda: _from_cache(tenants[0]), rounds=rounds * 500
    )
    return [Figure(f"a token from the cache, {TENANTS} tenants", "ms", many, "<= 0.1 ms", one, "1 tenant")]


def _signed_in(tenant_id: str) -> Tokens:
    place, secret = CLOUDS["worldwide"], ClientSecret(SecretStr("measured"))
    app = App(
        tenant_id=tenant_id, client_id=tenant_id, credential=secret,
        authority=place.authority, instance_discovery=False, scope=place.scope,
    )  # fmt: skip
    tokens = Tokens(app)
    tokens._signed_in()._wire = _Authority()  # type: ignore[assignment]
    tokens.bearer()
    return tokens


def _from_cache(tokens: Tokens) -> None:
    """As it is once a minute: between, the token is at hand and costs nothing that could be measured."""
    tokens._kept = (SecretStr(""), 0.0)
    tokens.bearer()


def _bare_reading(given: dict[str, str], token: str) -> Callable[[], object]:
    session = requests.Session()
    url = f"{given['EXCHANGE_API_URL']}/adminapi/beta/{given['AZURE_TENANT_ID']}/InvokeCommand"
    headers = {
        "Authorization": f"Bearer {token}",
        "X-AnchorMailbox": f"APP:SystemMailbox@{given['AZURE_TENANT_ID']}",
    }

    def read() -> object:
        answer = session.post(url, json=READ, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer.json()["value"][0]["AllowLegacyTLSClients"]

    return read


def measure_ledger(folder: Path, postgres: Postgres, rounds: int) -> list[Figure]:
    """What the ledger costs beside the driver on both databases, a long history beside a short one, many
    writers on SQLite."""
    figures = []
    for name, url in (
        ("sqlite", f"sqlite:///{folder / 'ledger.db'}"),
        ("postgresql", postgres.new_database()),
    ):
        if url is None:
            figures += [
                replace(figure, note=postgres.why)
                for figure in _rows(name, [None] * (2 + len(ledger_speed.PLACES)), HISTORY)
            ]
            continue
        upgrade(url)
        figures += _rows(name, _both_sides(Database(url), rounds), HISTORY if rounds > 1 else SHORT_HISTORY)
    url = f"sqlite:///{folder / 'writers.db'}"
    upgrade(url)
    return [*figures, *_writers(Database(url), rounds)]


def _rows(name: str, taken: Sequence[Pair | None], history: int) -> list[Figure]:
    pairs = [pair or (None, None) for pair in taken]
    (ours, driver), (checked, loop), *pages = pairs
    places = zip(ledger_speed.PLACES, pages, strict=True)
    return [
        Figure(f"read + audit event, {name}", "ms", ours, "<= 2x", driver, "the driver"),
        Figure(f"check of {ledger_speed.EVENTS} events, {name}", "ms", checked, "<= 1.5x", loop,
            "a raw loop"),
        *(Figure(f"history at {history:,} rows, {place}, {name}", "ms", long, "<= 1.5x", short, "1,000 rows")
          for place, (long, short) in places),
    ]  # fmt: skip


def _both_sides(database: Database, rounds: int) -> list[Pair]:
    """Ours and what stands beside it: the event, the check, and each place of the history."""
    ledger = Ledger(database, TENANT)
    request_id = opened(ledger, Kind.OUTSIDE).id
    checked = _check(database, rounds)  # first: what the bare driver appends below is no sound chain
    figures = [_read_and_record(database, request_id, rounds), checked]
    pages = []
    for length in (1000, HISTORY if rounds > 1 else SHORT_HISTORY):
        ledger_speed._lengthen(database, length)
        pages.append(ledger_speed._pages(ledger, length))
    database.close()
    return [*figures, *zip(pages[1], pages[0], strict=True)]


def _check(database: Database, rounds: int) -> Pair:
    ledger_speed.fill(database)
    driver = ledger_speed.raw(database)
    bare, ours = ledger_speed.medians(
        lambda: ledger_speed.raw_check(driver), lambda: verify(database, TENANT), rounds=max(3, rounds)
    )
    assert verify(database, TENANT).checked == ledger_speed.EVENTS
    driver.connection.close()
    return ours, bare


def _read_and_record(database: Database, request_id: int, rounds: int) -> Pair:
    ledger = Ledger(database, TENANT)
    driver = ledger_speed.raw(database)

    def ours() -> None:
        with ledger.recording(NOW) as entry:
            entry.reader.request(request_id)
            entry.record("moved", "bot", {}, request_id)

    bare, core = ledger_speed.medians(
        lambda: ledger_speed.chained(driver, request_id), ours, rounds=rounds * 50
    )
    driver.connection.close()
    return core, bare


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
