"""The stream and the time stamps go to public addresses alone, unless the setting says otherwise."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection
from structlog.testing import capture_logs

from bot.checks.database import stream_verdicts
from bot.stream import event_receiver
from bot.stream.event_receiver import Answer, Receiver
from bot.stream.timestamps import TimeStampService
from bot.worker import jobs
from handlers.ports import Unavailable
from tests.bot.settings.test_settings_on_record import settings
from tests.bot.stream.receiving import SECRET
from tests.bot.stream.test_sending import Sender, sender
from tests.sentences import says
from tests.storage.states import TENANT

__all__ = ["sender"]

URL = "https://events.example.com/hook?token=canary"
PUBLIC, OTHER, PRIVATE, METADATA = "93.184.215.14", "2606:4700::1111", "10.0.0.1", "169.254.169.254"


class Network:
    """Answers look-ups one after the other, the last one for ever; notes what is dialled, and nothing
    answers."""

    def __init__(self, *look_ups: list[str]) -> None:
        self.look_ups, self.dialled = list(look_ups), list[str]()

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        found = (
            self.look_ups.pop(0) if len(self.look_ups) > 1 else self.look_ups[0] if self.look_ups else [host]
        )
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in found]

    def dial(self, address: tuple[str, int], *_: Any, **__: Any) -> Any:
        self.dialled.append(address[0])
        raise ConnectionRefusedError


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    found = Network()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", found.dial)
    return found


def posted(url: str, *, private: bool = False) -> Answer:
    event: dict[str, Any] = {"tenant": TENANT, "seq": 1, "kind": "first", "at": "2026-11-30T00:00:00.000000Z"}
    return Receiver(url, SECRET, private=private).post(event, datetime.now(UTC))


@pytest.mark.parametrize(
    "found", [[PUBLIC, PRIVATE, OTHER], [METADATA, PUBLIC, OTHER], [PUBLIC, "fe80::1", OTHER, "127.0.0.1"]]
)
def test_of_the_addresses_of_a_name_only_public_ones_are_dialled(network: Network, found: list[str]) -> None:
    network.look_ups = [found]
    assert not posted(URL).not_public
    assert network.dialled == [PUBLIC, OTHER]


def test_a_name_that_changes_its_mind_is_judged_by_what_would_be_dialled(network: Network) -> None:
    network.look_ups = [[PUBLIC], [PRIVATE]]
    assert posted(URL) == Answer(None)
    assert posted(URL) == Answer(None, not_public=True)
    assert network.dialled == [PUBLIC]


@pytest.mark.parametrize(
    "address", [PRIVATE, METADATA, "100.64.0.1", "127.0.0.1", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"]
)
def test_a_name_of_a_private_address_is_not_dialled_unless_the_setting_says_so(
    network: Network, address: str
) -> None:
    network.look_ups = [[address]]
    assert posted(URL).not_public
    assert network.dialled == []
    assert posted(URL, private=True) == Answer(None)
    assert network.dialled == [address]


@pytest.mark.parametrize("host", [PRIVATE, METADATA, "[fd00::1]", "[::ffff:169.254.169.254]"])
@pytest.mark.parametrize("proxy", [None, "http://proxy.example.com:3128"])
def test_nor_is_the_address_itself_nor_handed_to_a_proxy(
    network: Network, monkeypatch: pytest.MonkeyPatch, host: str, proxy: str | None
) -> None:
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert posted(f"https://{host}/hook").not_public
    assert network.dialled == []


def test_a_proxy_that_the_operator_named_may_be_private(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    network.look_ups = [[PRIVATE]]
    assert posted(URL) == Answer(None)
    assert network.dialled == [PRIVATE]


def test_status_the_log_and_check_name_the_setting(sender: Sender, network: Network, tmp_path: Path) -> None:
    url = f"https://{PRIVATE}/hook?token=canary"
    with capture_logs() as told:
        assert sender.send(url) == 0
    assert network.dialled == []
    assert sender.trouble(url) == says("3_events_wait_no_public_address")
    assert [line["problem"] for line in told] == [says("it_has_no_public_address")]
    database = sender.database.engine.url.render_as_string(hide_password=False)
    ours = {"LEGACYTLS_EVENTS_URL": url, "DATABASE_URL": database, "AZURE_TENANT_ID": TENANT}
    (verdict,) = stream_verdicts(settings(**ours))
    assert says("it_has_no_public_address") in verdict.finding


def test_a_time_stamping_service_is_held_to_the_same(network: Network) -> None:
    network.look_ups = [[METADATA]]
    with pytest.raises(Unavailable) as told:
        TimeStampService("http://time.example.com/", clock=lambda: datetime.now(UTC)).stamp(b"1:a")
    assert str(told.value) == says("the_time_stamping_service_has_no_public")
    assert network.dialled == []
    with pytest.raises(Unavailable, match="gave no answer"):
        TimeStampService("http://time.example.com/", clock=lambda: datetime.now(UTC), private=True).stamp(
            b"1:a"
        )
    assert network.dialled == [METADATA]


@pytest.mark.parametrize("written", [{}, {"LEGACYTLS_EVENTS_PRIVATE": "true"}])
def test_the_settings_reach_the_receiver(
    network: Network, monkeypatch: pytest.MonkeyPatch, written: dict[str, str]
) -> None:
    made: list[bool] = []
    monkeypatch.setattr(event_receiver, "Receiver", lambda *_, private: made.append(private))
    ours = settings(LEGACYTLS_EVENTS_URL=URL, LEGACYTLS_EVENTS_SECRET=SECRET, **written)
    jobs.receiver_of(ours)
    assert made == [bool(written)]
