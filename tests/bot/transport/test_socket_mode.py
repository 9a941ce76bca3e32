"""Socket Mode over real sockets: nothing is lost while Slack refreshes connections, and a dead one is noticed
and replaced."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from slack_bolt import Ack, App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.sandbox.slack import cast
from bot.sandbox.slack import socket as slack_socket
from bot.sandbox.slack.simulation import Slack
from bot.transport.receiver import Receiver
from bot.transport.socket_connections import BURST, CONNECTIONS, DIAL_EVERY, Pace
from bot.transport.socket_mode import DIAL_WITHIN, SocketMode
from bot.transport.websocket import Lost, dial
from handlers.ports import Unavailable
from tests.patience import patience

T = TypeVar("T")
KNOWN = AuthorizeResult(
    enterprise_id=None, team_id=cast.TEAM_ID, bot_user_id=cast.BOT_USER, bot_id=cast.BOT_ID, bot_token="x"
)


class Relay:
    """Stands between the bot and Slack, and can go deaf: connections stay open and nothing passes, as behind
    a dead firewall.

    While it is deaf, nobody gets through anew either.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._deaf = threading.Event()
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Let nothing through any more."""
        self._deaf.set()

    def mend(self) -> None:
        """Let new connections through; the old ones stay as they are."""
        self._deaf = threading.Event()

    def close(self) -> None:
        for end in [self._listening, *self._ends]:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._deaf.is_set():
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink, self._deaf), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, deaf: threading.Event) -> None:
        try:
            while piece := source.recv(65536):
                if not deaf.is_set():
                    sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


class Bot:
    """A Bolt app with one command, served as the bot serves."""

    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.client = WebClient(cast.BOT_TOKEN, base_url=f"{slack.url}/api/", retry_handlers=[])
        self.acknowledging = threading.Event()
        self.acknowledging.set()
        self.keeping = threading.Event()
        self.keeping.set()
        self.taken = threading.Event()
        app = App(
            client=self.client, authorize=lambda **_: KNOWN, process_before_response=True,
            token_verification_enabled=False, request_verification_enabled=False,
        )  # fmt: skip

        @app.command("/legacytls")
        def acknowledge(ack: Ack) -> None:
            self.taken.set()
            self.acknowledging.wait(timeout=10)
            ack("taken")

        @app.event("app_home_opened")
        def keep() -> None:
            self.keeping.wait(timeout=10)

        self.kinds: list[str] = []
        self.serving = SocketMode(
            Receiver(app, lambda kind, _: self.kinds.append(kind)), self.client, cast.APP_TOKEN
        )

    def start(self) -> None:
        self.serving.start()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        until(lambda: self.slack.connections == CONNECTIONS and self.serving.is_connected(), 20.0)

    def command(self) -> None:
        self.slack.command("U0ALICE", "/legacytls status")

    def unacknowledged(self) -> int:
        return sum(delivery.acked_after is None for delivery in self.slack.deliveries)

    def all_acknowledged(self, count: int) -> bool:
        return len(self.slack.deliveries) == count and not self.unacknowledged()


def until(predicate: Callable[[], T | None], within: float = 20.0) -> T:
    began = time.monotonic()
    while not (found := predicate()):
        assert time.monotonic() - began < patience(within), "it did not come true in time"
        time.sleep(0.01)
    return found


@pytest.fixture
def slack() -> Iterator[Slack]:
    workspace = Slack(clock=lambda: datetime.now(UTC))
    workspace.start()
    yield workspace
    workspace.stop()


@pytest.fixture
def bot(slack: Slack) -> Iterator[Bot]:
    served = Bot(slack)
    served.start()
    yield served
    served.acknowledging.set()
    served.keeping.set()
    served.serving.stop()


def test_two_connections_share_what_comes(bot: Bot) -> None:
    for _ in range(6):
        bot.command()
    until(lambda: bot.all_acknowledged(6))
    assert {delivery.connection for delivery in bot.slack.deliveries} == {1, 2}
    assert bot.kinds == ["command"] * 6


def test_an_acknowledgement_carries_what_the_listener_says(bot: Bot) -> None:
    bot.command()
    until(lambda: bot.all_acknowledged(1))
    assert bot.slack.deliveries[0].answer == {"text": "taken"}


def test_what_is_still_being_kept_holds_up_no_command(bot: Bot) -> None:
    bot.keeping.clear()
    for _ in range(2 * CONNECTIONS):  # on each connection
        bot.slack.open_home("U0ALICE")
    for _ in range(CONNECTIONS):
        bot.command()
    until(lambda: len(bot.slack.deliveries) - bot.unacknowledged() == CONNECTIONS)
    assert all(each.acked_after is not None for each in bot.slack.deliveries[2 * CONNECTIONS :])
    bot.keeping.set()
    until(lambda: bot.all_acknowledged(3 * CONNECTIONS))


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_commands_during_and_after_a_refresh_are_not_lost(bot: Bot, reason: str) -> None:
    for _ in range(5):
        bot.command()
        bot.slack.disconnect(reason)
        bot.command()
    until(lambda: bot.all_acknowledged(10))
    bot.wait_until_whole()
    bot.command()
    until(lambda: bot.all_acknowledged(11))
    assert max(delivery.acked_after or 0 for delivery in bot.slack.deliveries) < 3


def test_what_was_taken_before_a_refresh_is_acknowledged_after_it(bot: Bot) -> None:
    bot.acknowledging.clear()
    bot.command()
    assert bot.taken.wait(timeout=20)
    bot.slack.disconnect()
    until(
        lambda: (
            all(delivery.connection <= CONNECTIONS for delivery in bot.slack.deliveries)
            and bot.slack.connections
        )
    )
    bot.acknowledging.set()
    until(lambda: bot.all_acknowledged(1))


def test_a_cut_is_seen_at_once_and_mended(bot: Bot) -> None:
    for _ in range(3):
        bot.slack.sever()
        bot.command()
        bot.wait_until_whole()
    until(lambda: bot.all_acknowledged(3))


def test_a_silent_cut_is_noticed_and_mended_within_fifteen_seconds(slack: Slack) -> None:
    relay = Relay(int(slack.url.rsplit(":", 1)[1]))
    bot = Bot(slack)
    opened = bot.client.apps_connections_open

    def through_the_relay(**arguments: object) -> dict[str, object]:
        url = str(opened(**arguments)["url"])  # type: ignore[arg-type]
        return FakeAnswer(url.replace(slack.url.rsplit(":", 1)[1], str(relay.port)))

    bot.client.apps_connections_open = through_the_relay  # type: ignore[method-assign, assignment]
    bot.start()
    began = time.monotonic()
    relay.silence()
    assert bot.serving.is_connected()  # nobody can know yet
    until(lambda: not bot.serving.is_connected(), within=12)
    relay.mend()
    until(bot.serving.is_connected, within=15 - (time.monotonic() - began))
    bot.command()
    until(
        lambda: any(
            delivery.connection > CONNECTIONS and delivery.acked_after is not None
            for delivery in slack.deliveries
        )
    )
    bot.serving.stop()
    relay.close()


class FakeAnswer(dict[str, object]):
    """An answer of the Web API with another address in it."""

    def __init__(self, url: str) -> None:
        super().__init__(ok=True, url=url)
        self.data = self
        self.headers: dict[str, str] = {}


def test_a_connection_that_is_quiet_but_alive_is_kept(bot: Bot) -> None:
    time.sleep(9.5)  # longer than it takes to give a silent one up
    bot.command()
    until(lambda: bot.all_acknowledged(1))
    assert bot.slack.deliveries[0].connection <= CONNECTIONS


def test_where_slack_allows_one_connection_only_one_is_held_and_replaced_when_it_ends(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_socket, "MOST_CONNECTIONS", 1)
    bot = Bot(slack)
    opened, ask = [0], bot.client.apps_connections_open

    def counted(**arguments: object) -> object:
        opened[0] += 1
        return ask(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(bot.client, "apps_connections_open", counted)
    bot.serving.start()
    try:
        until(lambda: opened[0] == 2 and slack.connections == 1)
        for count, end in enumerate((slack.disconnect, slack.sever, slack.disconnect), start=1):
            end()
            until(lambda: slack.connections == 1 and bot.serving.is_connected())
            bot.command()
            until(lambda count=count: bot.all_acknowledged(count))  # type: ignore[misc]
        assert opened[0] < 10, "it is not tried again and again"
    finally:
        bot.serving.stop()


@pytest.mark.parametrize("reason", ["link_disabled", "refresh_requested"])
def test_a_slack_that_sends_everybody_away_is_called_seldom_and_again_once_that_is_over(
    slack: Slack, reason: str
) -> None:
    bot = Bot(slack)
    calls = []
    opened = bot.client.apps_connections_open

    def counted(**arguments: object) -> object:
        calls.append(time.monotonic())
        return opened(**arguments)  # type: ignore[arg-type]

    bot.client.apps_connections_open = counted  # type: ignore[method-assign, assignment]
    bot.serving.start()
    ready = []
    over = time.monotonic() + 3
    while time.monotonic() < over:
        slack.disconnect(reason)
        ready.append(bot.serving.is_connected())
    assert 3 <= len(calls) <= 10
    assert not any(ready[len(ready) // 4 :]), "a connection that is sent away again is none"
    until(bot.serving.is_connected, within=30)
    bot.wait_until_whole()
    bot.command()
    until(lambda: bot.all_acknowledged(1))
    bot.serving.stop()


def test_pauses_grow_while_nothing_lasts_and_nobody_is_deaf_for_half_a_minute_after_it_is_over() -> None:
    pace = Pace()
    pauses = [pace.failed(None) for _ in range(20)]
    assert pauses == sorted(pauses)
    assert sum(pauses[:9]) > 30
    assert max(pauses) + DIAL_WITHIN < 30


def test_connections_that_are_refreshed_as_soon_as_they_have_lasted_are_never_long_replaced() -> None:
    pace = Pace()
    opened = 0
    while not pace.wait():
        pace.opened()
        opened += 1
    assert opened == BURST
    assert 0 < pace.wait() <= DIAL_EVERY


def test_a_token_that_slack_refuses_is_told_with_what_to_do(slack: Slack) -> None:
    bot = Bot(slack)
    serving = SocketMode(bot.serving._receiver, bot.client, "xapp-x")
    with pytest.raises(Unavailable) as refused:
        serving.start()
    assert not refused.value.retryable
    assert "SLACK_APP_TOKEN" in refused.value.mend
    assert "xapp-x" not in str(refused.value)


def test_stopping_idle_takes_no_time(bot: Bot) -> None:
    began = time.monotonic()
    bot.serving.stop()
    assert time.monotonic() - began < 3
    until(lambda: bot.slack.connections == 0)
    assert not bot.serving.is_connected()


def test_stopping_acknowledges_what_was_taken_and_takes_nothing_more(bot: Bot) -> None:
    bot.acknowledging.clear()
    bot.command()
    assert bot.taken.wait(timeout=20)
    stopping = threading.Thread(target=bot.serving.stop)
    stopping.start()
    until(lambda: bot.serving._stopping)
    bot.taken.clear()
    bot.command()
    bot.acknowledging.set()
    stopping.join(timeout=20)
    assert not stopping.is_alive()
    assert [delivery.acked_after is not None for delivery in bot.slack.deliveries] == [True, False]
    assert not bot.taken.is_set()


def test_any_address_of_loopback_may_be_spoken_to_in_plain_text() -> None:
    with pytest.raises(Lost, match="no connection"):
        dial("ws://127.0.0.2:1/link", tls=None, proxy=None, within=1)


@pytest.mark.parametrize(
    "url", ["ws://slack.example/link", "http://127.0.0.1:1/", "", "ws://127.0.0.1.example/"]
)
def test_nothing_but_wss_leaves_this_machine(url: str) -> None:
    with pytest.raises(Lost, match="neither wss nor on loopback"):
        dial(url, tls=None, proxy=None, within=1)


def test_an_envelope_that_nobody_listens_to_is_acknowledged_so_that_it_comes_once(bot: Bot) -> None:
    posted = bot.client.chat_postMessage(channel=cast.CHANGES, text="Look")
    with capture_logs() as logs:
        for name in ("eyes", "tada"):
            bot.slack.react("U0ALICE", cast.CHANGES, str(posted["ts"]), name)
        until(lambda: bot.all_acknowledged(2))
    assert [entry["name"] for entry in logs if entry["event"] == "slack.unheard"] == ["reaction_added"]
