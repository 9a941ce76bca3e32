"""However many tenants send their record on, they share the connections to the receiver."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from bot.observability.health import Health
from bot.observability.metrics import Metrics
from bot.settings.load import load
from bot.wiring import Bot, wire
from handlers.slack.client.web_api import SlackWebClient
from storage.engine import Database
from storage.ledger import Ledger
from tests.bot.stream.receiving import SECRET, Receiving

TENANTS = 5

ENTRY = """\
  tenant{number}:
    tenant_id: 99999999-2222-3333-4444-{number:012d}
    organization: tenant{number}.onmicrosoft.com
    channel: C0TENANT{number}
    approvers: [U0ALICE, U0BOB]
"""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def receiving() -> Iterator[Receiving]:
    with Receiving() as receiver:
        yield receiver


@pytest.fixture
def database(migrated_sqlite_url: str) -> Iterator[Database]:
    opened = Database(migrated_sqlite_url)
    yield opened
    opened.close()


def wired(folder: Path, database: Database, receiver: Receiving) -> Bot:
    file = folder / "tenants.yaml"
    entries = "".join(ENTRY.format(number=number) for number in range(TENANTS))
    file.write_text(f"tenants:\n{entries}", encoding="utf-8")
    given = {
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "SLACK_BOT_TOKEN": "xoxb-none",
        "SLACK_APP_TOKEN": "xapp-none",
        "AZURE_CLIENT_ID": "66666666-7777-8888-9999-aaaaaaaaaaaa",
        "AZURE_CLIENT_SECRET": "a-secret",
        "LEGACYTLS_TENANTS": str(file),
        "LEGACYTLS_EVENTS_URL": receiver.url,
        "LEGACYTLS_EVENTS_SECRET": SECRET,
    }
    client, metrics = SlackWebClient("xoxb-none"), Metrics(now)
    with patch.dict(os.environ, given):
        settings = load(file={})
    return wire(settings, database, client, clock=now, health=Health(), metrics=metrics)


def test_the_events_of_all_tenants_go_over_one_connection(
    tmp_path: Path, database: Database, receiving: Receiving
) -> None:
    bot = wired(tmp_path, database, receiving)
    for one in bot.tenants:
        with Ledger(database, one.tenant_id).recording(now()) as entry:
            entry.record("first", "U0ALICE", {}, None)
        assert one.jobs.stream is not None
        assert one.jobs.stream.do() == 1
    assert len({event["tenant"] for event in receiving.events}) == TENANTS
    assert len({post.port for post in receiving.posted}) == 1
