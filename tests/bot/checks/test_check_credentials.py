"""``legacytls check`` with each kind of credential: the same verdicts, and none of them shows the
credential."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from bot.exchange.clouds import CLOUDS
from bot.sandbox.microsoft.simulation import CLIENT_ID, OBJECT_ID
from tests.bot.checks.conftest import Setup
from tests.bot.exchange.stage import Stage, answer
from tests.sentences import says


@pytest.fixture
def machine() -> Iterator[Stage]:
    """Where a managed identity is asked for."""
    stage = Stage()
    yield stage
    stage.close()


def _secret(setup: Setup, _: Stage) -> str:
    setup.set(AZURE_CLIENT_SECRET=setup.microsoft.client_secret.get_secret_value())
    return setup.microsoft.client_secret.get_secret_value()


def _federated(setup: Setup, _: Stage) -> str:
    """A token that somebody else signed: here with the key the app registration knows."""
    audience = (
        f"{setup.microsoft.environment['AZURE_AUTHORITY_HOST']}/{setup.microsoft.tenant.tenant_id}/oauth2/v"
        "2.0/token"
    )
    key = Path(setup.microsoft.environment["AZURE_CLIENT_CERTIFICATE_PATH"]).read_text()
    private = key[key.index("-----BEGIN PRIVATE") : key.index("-----END PRIVATE KEY-----") + 25]
    now = int(time.time())
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": audience,
        "exp": now + 600,
        "nbf": now,
        "iat": now,
        "jti": "1",
    }
    thumbprint = setup.microsoft._registration.thumbprints()["x5t#S256"]
    token = jwt.encode(claims, private, algorithm="PS256", headers={"x5t#S256": thumbprint})
    (setup.folder / "federated").write_text(token)
    setup.set(AZURE_FEDERATED_TOKEN_FILE="federated")
    return token


def _managed(setup: Setup, machine: Stage) -> str:
    scope = CLOUDS["worldwide"].scope.removesuffix("/.default")
    token = setup.microsoft.tokens.issue(scope, app_id=CLIENT_ID, object_id=OBJECT_ID, method="2")
    machine.always(
        answer(
            200,
            {"access_token": token, "expires_on": "4102444800", "resource": scope, "token_type": "Bearer"},
        )
    )
    setup.set(
        AZURE_MANAGED_IDENTITY="true",
        IDENTITY_ENDPOINT=f"{machine.url}/msi/token",
        IDENTITY_HEADER="canary-header",
    )
    setup.unset("AZURE_CLIENT_ID")
    return token


@pytest.mark.parametrize(
    "credential", [_secret, _federated, _managed], ids=["secret", "federated", "managed"]
)
def test_each_credential_proves_the_same(credential, setup: Setup, machine: Stage) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    hidden = credential(setup, machine)
    code, verdicts = setup.check()
    assert code == 0, verdicts
    for name in (
        "Entra token",
        "Entra tenant",
        "Entra app role",
        "Get-TransportConfig",
        "Search-UnifiedAuditLog",
    ):
        assert verdicts[name]["outcome"] == "ok"
    assert "Certificate" not in verdicts
    assert hidden not in json.dumps(verdicts)
    assert "canary" not in json.dumps(verdicts)


def test_a_machine_without_an_identity_is_told_with_its_mend(setup: Setup, machine: Stage) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    _managed(setup, machine)
    machine.always(
        answer(400, {"statusCode": 400, "message": "No User Assigned or Delegated Managed Identity found"})
    )
    failed = setup.failed()
    assert list(failed) == ["Entra token"]
    assert says("did_not_hand_out_a_token") in failed["Entra token"]["finding"]
    assert says("managed_identity_is_assigned") in failed["Entra token"]["mend"]


def test_a_stale_federated_token_is_told_with_its_mend(setup: Setup, machine: Stage) -> None:
    setup.unset("AZURE_CLIENT_CERTIFICATE_PATH")
    _federated(setup, machine)
    (setup.folder / "federated").write_text("stale")
    failed = setup.failed()
    assert list(failed) == ["Entra token"]
    assert "stale" not in json.dumps(failed)
    assert failed["Entra token"]["mend"] != ""
