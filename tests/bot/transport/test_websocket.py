"""A connection of Socket Mode leads to where Slack's own answer says, and only if that is Slack: who speaks
on it is believed."""

from collections.abc import Iterator

import pytest
from slack_bolt import App

from bot.transport.bolt_app import Identity, bolt_app
from bot.transport.receiver import Receiver
from bot.transport.socket_mode import SocketMode
from bot.transport.websocket import Lost, dial
from handlers.ports import Unavailable
from handlers.slack.client.web_api import SlackWebClient
from tests.bot.exchange.stage import Stage, answer


@pytest.fixture
def slack() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def evil() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 401, 500])
def test_a_handshake_is_never_carried_on_elsewhere(status: int, slack: Stage, evil: Stage) -> None:
    slack.always(answer(status, "", {"Location": evil.url.replace("http", "ws") + "/link"}))
    with pytest.raises(Lost):
        dial(slack.url.replace("http", "ws") + "/link", tls=None, proxy=None, within=5)
    assert (len(slack.requests), evil.requests) == (1, [])


def app() -> App:
    return bolt_app(SlackWebClient("xoxb-none"), Identity("T1", None, "U1", "B1"))


@pytest.mark.parametrize(
    "url",
    [
        "wss://evil.example/link",
        r"wss://evil.example\.slack.com/link",
        "ws://wss-primary.slack.com/link",
        "https://slack.com/",
        "",
    ],
)
def test_an_address_that_is_not_slack_s_is_not_dialled(
    url: str, slack: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.always(answer(200, {"ok": True, "url": url}))
    client = SlackWebClient("xoxb-none", base_url=f"{slack.url}/api/", retry_handlers=[])
    serving = SocketMode(Receiver(app(), lambda *_: None), client, "xapp-none")
    monkeypatch.setattr("bot.transport.socket_mode.dial", lambda *_, **__: pytest.fail("it was dialled"))
    with pytest.raises(Unavailable, match="leads to a host that is not Slack's"):
        serving.start()


def test_with_slack_itself_no_address_of_this_machine_is_dialled(
    slack: Stage, evil: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SlackWebClient("xoxb-none", base_url="https://slack.com/api/", retry_handlers=[])
    told = evil.url.replace("http", "ws") + "/link"
    monkeypatch.setattr(
        client, "apps_connections_open", lambda **_: type("Said", (), {"data": {"url": told}, "headers": {}})
    )
    with pytest.raises(Unavailable, match="leads to a host that is not Slack's"):
        SocketMode(Receiver(app(), lambda *_: None), client, "xapp-none").start()
    assert evil.requests == []
