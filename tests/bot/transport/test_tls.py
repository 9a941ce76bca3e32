"""Behind a proxy that inspects TLS, everything towards Slack trusts the operator's own authority, as
Exchange's side does."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from bot.from_settings import slack_client
from bot.settings.load import WrongSettings
from bot.settings.model import Settings
from bot.transport.websocket import Lost, dial
from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.response_urls import Answers
from tests.bot.exchange import certificates
from tests.bot.exchange.stage import Stage, answer, raw


@pytest.fixture(scope="module")
def root() -> certificates.Pair:
    return certificates.authority()


@pytest.fixture(scope="module")
def tls(root: certificates.Pair, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return certificates.server_context(root, tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bundle(root: certificates.Pair, tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    file.write_bytes(root.certificate_pem())
    return file


@pytest.fixture
def stage(tls: ssl.SSLContext) -> Iterator[Stage]:
    """Slack as such a proxy shows it."""
    opened = Stage(tls)
    opened.always(answer(200, {"ok": True}))
    yield opened
    opened.close()


def settings_at(url: str) -> Settings:
    return Settings(SLACK_BOT_TOKEN="xoxb-1", SLACK_API_URL=f"{url}/api/")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_calls_and_private_answers_trust_the_named_authority(
    name: str, stage: Stage, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(bundle))
    client = slack_client(settings_at(stage.url))
    assert call(client.api_test)["ok"] is True
    assert Answers(client.base_url, tls=client.ssl).post(f"{stage.url}/actions/1", {"text": "Counted."})


def test_without_it_nothing_is_sent(stage: Stage) -> None:
    client = slack_client(settings_at(stage.url))
    with pytest.raises(Unavailable):
        call(client.api_test)
    assert not Answers(client.base_url, tls=client.ssl).post(f"{stage.url}/actions/1", {"text": "Counted."})
    assert stage.requests == []


def test_the_socket_trusts_it_too(tls: ssl.SSLContext, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def greet(connection: ServerConnection) -> None:
        connection.send("hello")

    with serve(greet, "127.0.0.1", 0, ssl=tls) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        url = f"wss://127.0.0.1:{server.socket.getsockname()[1]}"
        try:
            with pytest.raises(Lost, match="SSLCertVerificationError"):
                dial(url, tls=slack_client(settings_at("https://slack.invalid")).ssl, proxy=None, within=5)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
            line = dial(url, tls=slack_client(settings_at("https://slack.invalid")).ssl, proxy=None, within=5)
            assert line.receive() == "hello"
            line.close()
        finally:
            server.shutdown()
            serving.join(5)


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_every_road_to_slack_leads_through_the_proxy_with_and_without_its_scheme(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Stage()
    proxy.always(raw(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}{proxy.host}")
    client = slack_client(settings_at("https://slack.invalid"))
    with pytest.raises(Unavailable):
        call(client.api_test)
    assert not Answers(tls=client.ssl, proxy=client.proxy).post(
        "https://hooks.slack.com/actions/1", {"text": "Counted."}
    )
    with pytest.raises(Lost):
        dial("wss://wss.invalid/link", tls=client.ssl, proxy=client.proxy, within=5)
    proxy.close()
    asked = [(request.method, request.path) for request in proxy.requests]
    assert asked == [
        ("CONNECT", f"{name}:443") for name in ("slack.invalid", "hooks.slack.com", "wss.invalid")
    ]


def test_authorities_that_are_replaced_count_for_the_next_connection(
    stage: Stage, bundle: Path, root: certificates.Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.write_bytes(certificates.authority().certificate_pem())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    client = slack_client(settings_at(stage.url))
    with pytest.raises(Unavailable):
        call(client.api_test)
    bundle.write_bytes(root.certificate_pem())
    assert call(client.api_test)["ok"] is True
    bundle.write_bytes(b"half a file")
    assert call(client.api_test)["ok"] is True
    bundle.write_bytes(certificates.authority().certificate_pem())
    with pytest.raises(Unavailable):
        call(client.api_test)


def test_the_systems_authorities_are_trusted_beside_it(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ssl.create_default_context().cert_store_stats()["x509_ca"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    context = slack_client(settings_at("https://slack.invalid")).ssl
    assert context is not None
    assert context.cert_store_stats()["x509_ca"] == before + 1
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_an_authority_that_cannot_be_read_is_a_wrong_setting(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with pytest.raises(WrongSettings, match="REQUESTS_CA_BUNDLE") as wrong:
        slack_client(settings_at("https://slack.invalid"))
    assert str(file) not in str(wrong.value)
