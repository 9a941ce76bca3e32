"""Whom the simulated Entra refuses: each with Entra's own code, so that MSAL reports what it would report
outside."""

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding

from bot.sandbox.microsoft.certificates import client_certificate
from tests.bot.sandbox.microsoft.exchange_client import SCOPE, Client, sandboxed

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STRANGER = "99999999-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with sandboxed(tmp_path_factory.mktemp("microsoft")) as client:
        yield client


def endpoint(client: Client, tenant: str | None = None) -> str:
    return (
        f"{client.settings['AZURE_AUTHORITY_HOST']}/{tenant or client.settings['AZURE_TENANT_ID']}/oauth2/v"
        "2.0/token"
    )


def ask(client: Client, *, tenant: str | None = None, **form: str) -> requests.Response:
    """A token request; the form is complete but for what the test changes."""
    complete = {
        "grant_type": "client_credentials",
        "client_id": client.settings["AZURE_CLIENT_ID"],
        "scope": SCOPE,
        **form,
    }
    return client.http.post(endpoint(client, tenant), data=complete)


def assertion(
    client: Client, *, key: str | None = None, algorithm: str = "PS256", **changes: object
) -> dict[str, str]:
    """The form fields of a signed assertion, right but for ``changes`` to its claims."""
    app_id = client.settings["AZURE_CLIENT_ID"]
    right = {"aud": endpoint(client), "iss": app_id, "sub": app_id, "exp": int(time.time()) + 600, "jti": "1"}
    thumbprint = client.microsoft._registration.thumbprints()["x5t#S256"]
    claims = {name: value for name, value in {**right, **changes}.items() if value is not None}
    signed = jwt.encode(
        claims,
        (key or client.pem()[0]) if algorithm != "none" else "",
        algorithm=algorithm,
        headers={"x5t#S256": thumbprint},
    )
    return {"client_assertion": signed, "client_assertion_type": ASSERTION_TYPE}


def code(response: requests.Response) -> int:
    """The one AADSTS code of an error that has the shape of Entra's errors."""
    body = response.json()
    assert {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    } == set(body)
    (number,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    return int(number)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_a_right_assertion_is_accepted(client: Client, algorithm: str) -> None:
    assert ask(client, **assertion(client, algorithm=algorithm)).status_code == 200


def test_msal_reports_a_certificate_that_is_not_registered(client: Client) -> None:
    stranger = client_certificate("stranger")
    key = stranger.pem().decode()
    credential = {
        "private_key": key,
        "public_certificate": stranger.certificate.public_bytes(Encoding.PEM).decode(),
    }
    result = client.app(credential).acquire_token_for_client([SCOPE])
    assert (result["error"], result["error_codes"]) == ("invalid_client", [700027])


def test_a_borrowed_thumbprint_does_not_replace_the_signature(client: Client) -> None:
    other_key = client_certificate("stranger").pem().decode()
    response = ask(client, **assertion(client, key=other_key))
    assert (response.status_code, code(response)) == (401, 700027)


def test_an_unsigned_assertion_is_malformed(client: Client) -> None:
    assert code(ask(client, **assertion(client, algorithm="none"))) == 50027


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exp": 1}, 700024),
        ({"exp": 4_000_000_000}, 700024),
        ({"exp": None}, 50027),
        ({"nbf": 4_000_000_000}, 700024),
        ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 700023),
        ({"aud": ["a", "b"]}, 700023),
        ({"iss": STRANGER}, 700021),
        ({"sub": STRANGER}, 700021),
    ],
)
def test_every_claim_of_an_assertion_is_checked(
    client: Client, changes: dict[str, Any], expected: int
) -> None:
    response = ask(client, **assertion(client, **changes))
    assert (response.status_code, code(response)) == (401, expected)


def test_garbage_is_malformed(client: Client) -> None:
    assert code(ask(client, client_assertion="a.b.c", client_assertion_type=ASSERTION_TYPE)) == 50027


def test_an_assertion_needs_its_type(client: Client) -> None:
    response = ask(client, client_assertion=assertion(client)["client_assertion"])
    assert (response.status_code, code(response)) == (400, 900144)


def test_msal_reports_a_wrong_secret(client: Client) -> None:
    result = client.app("wrong").acquire_token_for_client([SCOPE])
    assert (result["error"], result["error_codes"]) == ("invalid_client", [7000215])


def test_no_credential_at_all_is_named(client: Client) -> None:
    assert code(ask(client)) == 7000218


def test_msal_reports_an_unknown_app(client: Client) -> None:
    result = client.app(AZURE_CLIENT_ID=STRANGER).acquire_token_for_client([SCOPE])
    assert (result["error"], result["error_codes"]) == ("unauthorized_client", [700016])


def test_an_unknown_tenant_is_not_found_and_discovery_says_so_first(client: Client) -> None:
    assert code(ask(client, tenant=STRANGER, **assertion(client))) == 90002
    host = client.settings["AZURE_AUTHORITY_HOST"]
    discovery = client.http.get(f"{host}/{STRANGER}/v2.0/.well-known/openid-configuration")
    assert (discovery.status_code, code(discovery)) == (400, 90002)


def test_common_can_be_discovered_but_gives_no_app_a_token(client: Client) -> None:
    host = client.settings["AZURE_AUTHORITY_HOST"]
    assert client.http.get(f"{host}/common/v2.0/.well-known/openid-configuration").status_code == 200
    assert code(ask(client, tenant="common", **assertion(client))) == 50059


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"grant_type": "password"}, 70003),
        ({"scope": "https://outlook.office365.com/Mail.Read"}, 1002012),
        ({"scope": ""}, 1002012),
        ({"scope": "https://vault.example/.default"}, 500011),
    ],
)
def test_what_is_asked_for_is_checked(client: Client, changes: dict[str, str], expected: int) -> None:
    response = ask(client, **assertion(client), **changes)
    assert (response.status_code, code(response)) == (400, expected)


@pytest.mark.parametrize(("fault", "expected"), [("entra_secret_expired", 7000222), ("entra_blocked", 53003)])
def test_entra_can_be_told_to_refuse_the_next_token(client: Client, fault: str, expected: int) -> None:
    client.tenant.queue_fault(fault)
    assert client.app().acquire_token_for_client([SCOPE])["error_codes"] == [expected]
    assert "access_token" in client.app().acquire_token_for_client([SCOPE])


def test_entra_can_be_told_to_be_down(client: Client) -> None:
    client.tenant.queue_fault("entra_unavailable")
    response = ask(client, **assertion(client))
    assert (response.status_code, response.content) == (503, b"")


def test_a_fault_for_entra_leaves_cmdlets_alone_and_the_other_way_round(client: Client) -> None:
    client.tenant.queue_fault("server_error")
    token = client.token
    client.tenant.queue_fault("entra_blocked")
    assert client.get(token=token).status_code == 500
    assert client.get(token=token).status_code == 200
    assert [fault.name for fault in client.tenant.pending_faults] == ["entra_blocked"]
