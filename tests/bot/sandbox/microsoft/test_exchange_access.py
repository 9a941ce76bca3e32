"""Whom the simulated Exchange lets in: app role, directory role and cmdlet, each missing in its own way."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.microsoft.tenant import EXCHANGE_ADMINISTRATOR
from bot.sandbox.microsoft.tokens import Tokens
from tests.bot.sandbox.microsoft.exchange_client import Client, sandboxed

GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
OUTLOOK = "https://outlook.office365.com"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with sandboxed(tmp_path) as client:
        yield client


def claims_of(client: Client) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(client.token, options={"verify_signature": False})
    return claims


def resigned(client: Client, **changes: object) -> str:
    """The client's token with other claims, signed by the tenant's own key."""
    return jwt.encode({**claims_of(client), **changes}, client.microsoft.tokens._key, algorithm="RS256")


def unauthorized(response: requests.Response) -> bool:
    return response.status_code == 401 and 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def role_missing(response: requests.Response) -> bool:
    raw = response.raw.read(decode_content=False)
    return (
        response.status_code == 403 and response.headers["Content-Encoding"] == "gzip" and raw == b"\0" * 4096
    )


def test_without_a_token_nobody_comes_in(client: Client) -> None:
    response = client.get(headers={"Authorization": ""})
    assert unauthorized(response)
    assert response.headers["WWW-Authenticate"].startswith(
        'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
    )
    assert response.headers["x-ms-diagnostics"].startswith("2000008;reason=")


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1}, {"aud": "https://graph.microsoft.com"}, {"iss": "https://sts.windows.net/x/"}, {"tid": "x"}],
)
def test_a_token_with_a_wrong_claim_is_refused(client: Client, changes: dict[str, object]) -> None:
    assert unauthorized(client.get(token=resigned(client, **changes)))


def test_a_token_somebody_else_signed_is_refused(client: Client) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert unauthorized(client.get(token=jwt.encode(claims_of(client), stranger, algorithm="RS256")))


def test_an_unsigned_token_is_refused(client: Client) -> None:
    assert unauthorized(client.get(token=jwt.encode(claims_of(client), "", algorithm="none")))


def test_a_token_of_another_tenant_is_refused(client: Client) -> None:
    other = Tokens("22222222-0000-0000-0000-000000000000", client.tenant.grants)
    assert unauthorized(client.get(token=other.issue(OUTLOOK, app_id="a", object_id="o", method="2")))


def test_the_tenant_in_the_path_has_to_be_the_tokens(client: Client) -> None:
    path = client.path.replace("11111111", "22222222")
    assert unauthorized(client.get(url=client.settings["EXCHANGE_API_URL"] + path))


def test_without_the_app_role_it_is_401(client: Client) -> None:
    client.tenant.grants.app_roles = ("Exchange.ManageAsAppV2",)
    assert unauthorized(client.get())


def test_with_the_app_role_alone_it_is_403_in_nul_bytes(client: Client) -> None:
    client.tenant.grants.directory_roles = ()
    assert role_missing(client.get())


def test_the_nul_403_hides_its_status_from_a_client_that_lets_requests_decode(client: Client) -> None:
    client.tenant.grants.directory_roles = ()
    with pytest.raises(requests.exceptions.ContentDecodingError):
        _ = client.get().content


def test_a_granted_role_needs_a_new_token(client: Client) -> None:
    client.tenant.grants.directory_roles = ()
    old = client.token
    client.tenant.grants.directory_roles = (EXCHANGE_ADMINISTRATOR,)
    assert client.get(token=old).status_code == 403
    assert client.get(token=client.new_token()).status_code == 200


def test_a_reader_reads_and_does_not_write(client: Client) -> None:
    client.tenant.grants.directory_roles = (GLOBAL_READER,)
    assert client.get().status_code == 200
    assert role_missing(client.set(True))
    assert client.tenant.value is None


def test_an_unknown_cmdlet_looks_like_a_missing_role(client: Client) -> None:
    assert role_missing(client.invoke("Get-Nonsense"))


def test_a_withheld_cmdlet_looks_like_a_missing_role_at_once(client: Client) -> None:
    assert client.invoke("Search-UnifiedAuditLog").status_code == 400
    client.tenant.grants.withheld = frozenset({"Search-UnifiedAuditLog"})
    assert role_missing(client.invoke("search-unifiedauditlog"))
    assert client.get().status_code == 200


def test_refused_calls_are_on_record_as_well(client: Client) -> None:
    client.get(headers={"Authorization": ""})
    client.invoke("Get-Nonsense")
    assert [(call.cmdlet, call.status, call.note) for call in client.tenant.calls] == [
        ("Get-TransportConfig", 401, "There is no bearer token."),
        ("Get-Nonsense", 403, "role missing or cmdlet unknown"),
    ]
