"""How soon an App Home with 500 items is published after it was opened.

``pytest -m long tests/benchmarks`` prints it and asserts nothing about time: a busy machine is no defect.
Slack is the simulated one, over loopback.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.slack import cast
from bot.sandbox.slack.simulation import Slack
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.home_pages import HomePages, publishing
from storage.engine import Database
from storage.lifecycle import Kind, State
from storage.records import Door, SettingValue
from tests.benchmarks.test_ledger_speed import Show, database, show
from tests.handlers.driver import ALICE, BOB, RULE, House
from tests.handlers.queries.test_home_devices import registered
from tests.handlers.register.registering import requested

__all__ = ["database", "show"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ITEMS, ROUNDS = 500, 40


def test_opening_the_home_with_five_hundred_items(database: Database, show: Show) -> None:
    house = House(database)
    house.observe()
    registered(house, ITEMS, owner=BOB)
    asked(house, ITEMS)
    requested(house, *range(3, 40), requester=ALICE)
    slack = Slack(clock=lambda: datetime.now(UTC))
    slack.start()
    try:
        client = SlackWebClient(token=cast.BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])
        pages = HomePages(publishing(house.dispatch, client, house.context.zone), at_once)
        taken = [opened(pages) for _ in range(ROUNDS)]
        home = slack.home(BOB)
    finally:
        slack.stop()
    assert home is not None
    slowest, blocks = max(taken), len(home["blocks"])
    told = f"{statistics.median(taken):.1f} ms, slowest of {ROUNDS} {slowest:.1f} ms, {blocks} blocks"
    show(
        f"{database.engine.dialect.name}: a Home with {ITEMS} items is published within {told} (goal 300 ms)"
    )


def opened(pages: HomePages) -> float:
    """Milliseconds from the event until Slack has taken the page."""
    began = time.perf_counter()
    pages.opened(BOB, "")
    return (time.perf_counter() - began) * 1000


def at_once(job: Callable[[], None], *, delay: float = 0) -> None:
    job()


def asked(house: House, count: int) -> None:
    """So many requests of Bob's, each taken back."""
    now = house.clock()
    with house.ledger.recording(now) as entry:
        for _ in range(count):
            request = entry.open(
                Kind.OPT_IN,
                requester_id=BOB,
                door=Door.COMMAND,
                to_value=SettingValue.OPTED_IN,
                from_value=SettingValue.NOT_SET,
                rule_digest=RULE.digest,
                expires_at=now + timedelta(days=1),
            )
            entry.move(request, State.WITHDRAWN, actor=BOB, detail="Taken back.")
