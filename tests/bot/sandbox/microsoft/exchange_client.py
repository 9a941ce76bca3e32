"""A client of the simulated Microsoft that hides nothing: requests and MSAL over real TLS sockets, answers as
they arrive."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msal
import requests

from bot.sandbox.microsoft.simulation import Microsoft

SCOPE = "https://outlook.office365.com/.default"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        self.now += timedelta(**step)


class Client:
    """Calls cmdlets with a token obtained by certificate; ``microsoft`` and ``clock`` are the world it calls
    into."""

    def __init__(self, microsoft: Microsoft, clock: Clock) -> None:
        self.microsoft = microsoft
        self.tenant = microsoft.tenant
        self.clock = clock
        self.settings = microsoft.environment
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = self.settings["REQUESTS_CA_BUNDLE"]
        self._token = ""

    def app(self, credential: object = None, **changes: str) -> Any:
        """MSAL's application object, by default with the registered certificate."""
        settings = {**self.settings, **changes}
        return msal.ConfidentialClientApplication(
            settings["AZURE_CLIENT_ID"],
            client_credential=credential or self.certificate_credential(),
            authority=f"{settings['AZURE_AUTHORITY_HOST']}/{settings['AZURE_TENANT_ID']}",
            instance_discovery=False,
            http_client=self.http,
        )

    def pem(self) -> tuple[str, str]:
        """Private key and certificate of the app."""
        text = Path(self.settings["AZURE_CLIENT_CERTIFICATE_PATH"]).read_text(encoding="ascii")
        end = text.index("-----BEGIN CERTIFICATE")
        return text[:end], text[end:]

    def certificate_credential(self) -> dict[str, str]:
        key, certificate = self.pem()
        return {"private_key": key, "public_certificate": certificate}

    def new_token(self, scope: str = SCOPE) -> str:
        result = self.app().acquire_token_for_client([scope])
        assert "access_token" in result, result
        return str(result["access_token"])

    @property
    def token(self) -> str:
        """One token for all calls, as a client that caches has."""
        self._token = self._token or self.new_token()
        return self._token

    @property
    def path(self) -> str:
        return f"/adminapi/beta/{self.settings['AZURE_TENANT_ID']}/InvokeCommand"

    def invoke(
        self,
        cmdlet: str,
        parameters: Mapping[str, object] | None = None,
        *,
        token: str | None = None,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
        timeout: float = 10,
    ) -> requests.Response:
        """One ``InvokeCommand``, never redirected, its body not yet read nor decoded."""
        return self.http.post(
            (url or self.settings["EXCHANGE_API_URL"] + self.path) + query,
            json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters or {})}},
            headers={
                "Authorization": f"Bearer {token or self.token}",
                "Accept-Encoding": "identity",
                **(headers or {}),
            },
            allow_redirects=False,
            stream=True,
            timeout=timeout,
        )

    def get(self, **options: Any) -> requests.Response:
        return self.invoke("Get-TransportConfig", **options)

    def set(self, value: object, **options: Any) -> requests.Response:
        return self.invoke("Set-TransportConfig", {"AllowLegacyTLSClients": value}, **options)

    def row(self, **options: Any) -> dict[str, Any]:
        """The one row of ``Get-TransportConfig``."""
        (row,) = self.get(**options).json()["value"]
        assert isinstance(row, dict)
        return row


@contextmanager
def sandboxed(folder: Path) -> Iterator[Client]:
    """A running Microsoft and a client of it."""
    clock = Clock()
    microsoft = Microsoft(folder, clock=clock)
    microsoft.start()
    client = Client(microsoft, clock)
    try:
        yield client
    finally:
        client.http.close()
        microsoft.stop()
