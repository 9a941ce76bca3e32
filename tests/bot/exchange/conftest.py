"""What the tests of the Exchange room share: a root of trust, an app certificate, servers that end with the
test."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext

import pytest
from pydantic import SecretStr

from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import ClientSecret, Credential
from bot.exchange.auth.shared_connections import Together
from bot.exchange.auth.tokens import Tokens
from bot.exchange.client import ExchangeOnline, connect
from tests.bot.exchange import certificates
from tests.bot.exchange.entra_stub import CLIENT, SECRET, TENANT, Entra
from tests.bot.exchange.stage import Stage

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def root() -> certificates.Pair:
    return certificates.authority()


@pytest.fixture(scope="session")
def app() -> certificates.Pair:
    return certificates.app()


@pytest.fixture(scope="session")
def tls(root: certificates.Pair, tmp_path_factory: pytest.TempPathFactory) -> SSLContext:
    return certificates.server_context(root, tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def _trusting_the_root(root: certificates.Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an operator does who sits behind a proxy with its own authority."""
    bundle = tmp_path / "root.pem"
    bundle.write_bytes(root.certificate_pem())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))


@pytest.fixture
def stages() -> Iterator[Callable[[SSLContext | None], Stage]]:
    opened: list[Stage] = []

    def make(context: SSLContext | None = None) -> Stage:
        opened.append(Stage(context))
        return opened[-1]

    yield make
    for stage in opened:
        stage.close()


@pytest.fixture
def exchange(stages: Callable[..., Stage]) -> Stage:
    """The admin API's place, in plain http."""
    return stages(None)


@pytest.fixture
def entra(stages: Callable[..., Stage], tls: SSLContext, app: certificates.Pair) -> Entra:
    return Entra(stages(tls), app.certificate)


@pytest.fixture
def sign_in(entra: Entra) -> Iterator[Callable[..., Tokens]]:
    """Tokens for a credential at the stub, closed with the test."""
    made: list[Tokens] = []

    def make(
        credential: Credential | None = None,
        *,
        authority: str | None = None,
        tenant: str = TENANT,
        together: Together | None = None,
    ) -> Tokens:
        given = credential or ClientSecret(SecretStr(SECRET))
        scope = "https://outlook.office365.com/.default"
        app = App(
            tenant_id=tenant,
            client_id=CLIENT,
            credential=given,
            authority=authority or entra.url,
            instance_discovery=False,
            scope=scope,
            together=together,
        )
        made.append(Tokens(app))
        return made[-1]

    yield make
    for tokens in made:
        tokens.close()


@pytest.fixture
def client(entra: Entra, exchange: Stage) -> Iterator[Callable[..., ExchangeOnline]]:
    """The whole client between the two stubs."""
    made: list[ExchangeOnline] = []

    def make(**more: object) -> ExchangeOnline:
        settings: dict[str, object] = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "credential": ClientSecret(SecretStr(SECRET)),
            "cloud": "worldwide",
            "clock": lambda: NOON,
            "authority_host": entra.url,
            "api_url": exchange.url,
        }
        made.append(connect(**{**settings, **more}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()
