"""What a start and its memory are measured beside: the libraries that ``legacytls run`` needs, loaded and
connected with in a process of its own, and nothing of the bot's.

``python -m tests.benchmarks.libraries socket|http``; the port of HTTP is printed. It imports all at once, as
one would write it, then opens a database connection, signs in, reads the live value, and lets Slack in.
"""

import json
import ssl
import sys
from pathlib import Path
from typing import Any

sys.modules["rich"] = None  # type: ignore[assignment]  # as ``run`` does: structlog would load it for tracebacks

import email_validator  # noqa: E402, F401
import msal  # noqa: E402
import prometheus_client  # noqa: E402
import pydantic  # noqa: E402
import pydantic_settings  # noqa: E402
import requests  # noqa: E402
import slack_bolt  # noqa: E402
import slack_sdk  # noqa: E402
import sqlalchemy  # noqa: E402
import structlog  # noqa: E402
import yaml  # noqa: E402, F401
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402

from tests.benchmarks.bare import serve  # noqa: E402

COMMAND = {"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}}


class Settings(pydantic_settings.BaseSettings):
    """The few that this process reads."""

    azure_tenant_id: str
    azure_client_id: str
    azure_client_certificate_path: Path
    azure_authority_host: str
    exchange_api_url: str
    database_url: str
    slack_api_url: str
    slack_bot_token: pydantic.SecretStr
    slack_app_token: pydantic.SecretStr
    slack_signing_secret: pydantic.SecretStr


def read_once(settings: Settings, session: requests.Session) -> Any:
    """Sign in with the certificate, which costs what it costs every first time, and read the live value."""
    pem = settings.azure_client_certificate_path.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    app = msal.ConfidentialClientApplication(
        settings.azure_client_id,
        client_credential={
            "private_key": pem.decode(),
            "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        },
        authority=f"{settings.azure_authority_host}/{settings.azure_tenant_id}",
        instance_discovery=False,
        http_client=session,
    )
    mailbox = f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{settings.azure_tenant_id}"
    token = app.acquire_token_for_client(["https://outlook.office365.com/.default"])["access_token"]
    answer = session.post(
        f"{settings.exchange_api_url}/adminapi/beta/{settings.azure_tenant_id}/InvokeCommand",
        json=COMMAND,
        headers={
            "Authorization": f"Bearer {token}",
            "X-CmdletName": "Get-TransportConfig",
            "X-AnchorMailbox": mailbox,
        },
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()["value"][0]["AllowLegacyTLSClients"]


def main(mode: str) -> None:
    """Serve until ended."""
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    structlog.get_logger()
    prometheus_client.CollectorRegistry()
    engine = sqlalchemy.create_engine(settings.database_url)
    connection = engine.connect()
    connection.execute(sqlalchemy.text("SELECT 1"))
    session = requests.Session()
    read_once(settings, session)
    client = slack_sdk.WebClient(
        settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        ssl=ssl.create_default_context(),
    )
    app = slack_bolt.App(
        client=client,
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        process_before_response=True,
    )

    @app.command("/legacytls")
    def acknowledge(ack: slack_bolt.Ack) -> None:
        ack()

    if mode == "http":
        from slack_bolt.adapter.wsgi import SlackRequestHandler

        serve(SlackRequestHandler(app))
        return
    from websockets.sync.client import connect

    opened = client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    with connect(opened["url"]) as socket:
        for text in socket:
            envelope = json.loads(text)
            if "envelope_id" in envelope:
                socket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
