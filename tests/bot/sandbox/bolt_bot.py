"""An unmodified Bolt app for the simulated Slack to talk to, and the fixtures of both."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.sandbox.console.site import Site
from bot.sandbox.slack.simulation import Slack
from handlers.slack.scopes import BOT_SCOPES

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SCOPES = (*BOT_SCOPES, "reactions:write")
QUICK = (0.0, 0.05, 0.05)


def quick_slack(site: Site | None = None, **more: Any) -> Slack:
    """A started Slack with a page, that redelivers at once."""
    mount = (site or Site()).mount
    slack = Slack(**({"clock": lambda: NOON, "scopes": SCOPES, "redelivery": QUICK, "mount": mount} | more))
    slack.start()
    return slack


class BoltBot:
    """One process's worth of bot: register listeners on ``app``, then ``connect``."""

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.client = WebClient(
            slack.environment["SLACK_BOT_TOKEN"], base_url=slack.environment["SLACK_API_URL"]
        )
        self.app = App(client=self.client, process_before_response=True, token_verification_enabled=False)
        self.handler = SocketModeHandler(self.app, slack.environment["SLACK_APP_TOKEN"])
        self.connected = False

    def connect(self) -> None:
        """Open the WebSocket; returns once Slack would send to it."""
        before = self.slack.connections
        self.connected = True
        self.handler.connect()
        self.slack.workspace.wait_for(lambda: self.slack.connections > before)

    def close(self) -> None:
        """End it without the seconds that the SDK waits for a last frame (it is cut off) and a last message
        (it is given)."""
        if self.connected:
            self.handler.client.auto_reconnect_enabled = False
            self.slack.sever()
        closing = threading.Thread(target=self.handler.close)
        closing.start()
        while closing.is_alive():
            # its own thread may just have taken this back
            self.handler.client.current_session_state.terminated = True
            self.handler.client.message_queue.put(None)
            closing.join(timeout=0.01)


@pytest.fixture
def site() -> Site:
    """What puts the page on ``slack``."""
    return Site()


@pytest.fixture
def slack(site: Site) -> Iterator[Slack]:
    """A simulated Slack with Slack's own patience."""
    started = quick_slack(site)
    yield started
    started.stop()


@pytest.fixture
def impatient() -> Iterator[Slack]:
    """A simulated Slack that waits half a second for an ack."""
    started = quick_slack(ack_within=0.5)
    yield started
    started.stop()


@pytest.fixture
def bot(slack: Slack) -> Iterator[BoltBot]:
    """A bot for ``slack``, not connected yet."""
    bolt = BoltBot(slack)
    yield bolt
    bolt.close()


@pytest.fixture
def late_bot(impatient: Slack) -> Iterator[BoltBot]:
    """A bot for ``impatient``, not connected yet."""
    bolt = BoltBot(impatient)
    yield bolt
    bolt.close()


@pytest.fixture
def client(slack: Slack) -> WebClient:
    """The SDK's client with the bot's token, without the SDK's retries."""
    return WebClient(
        slack.environment["SLACK_BOT_TOKEN"], base_url=slack.environment["SLACK_API_URL"], retry_handlers=[]
    )
