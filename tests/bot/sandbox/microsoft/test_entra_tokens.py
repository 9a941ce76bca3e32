"""Who gets a token from the simulated Entra, and what is in it."""

import stat
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import load_pem_x509_certificate

from tests.bot.sandbox.microsoft.exchange_client import SCOPE, Client, sandboxed


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with sandboxed(tmp_path) as client:
        yield client


def test_msal_gets_a_token_with_the_certificate_and_keeps_it(client: Client) -> None:
    app = client.app()
    first = app.acquire_token_for_client([SCOPE])
    second = app.acquire_token_for_client([SCOPE])
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    assert first["access_token"] == second["access_token"]
    assert client.microsoft.tokens.issued == 1


def test_the_sha1_form_of_the_assertion_is_accepted_too(client: Client) -> None:
    key, certificate = client.pem()
    thumbprint = load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1()).hex()
    result = client.app({"private_key": key, "thumbprint": thumbprint}).acquire_token_for_client([SCOPE])
    assert "access_token" in result


def test_the_secret_does_as_well_and_shows_in_the_token(client: Client) -> None:
    result = client.app(client.microsoft.client_secret.get_secret_value()).acquire_token_for_client([SCOPE])
    assert jwt.decode(result["access_token"], options={"verify_signature": False})["appidacr"] == "1"


def test_the_token_verifies_with_the_published_key_and_names_app_tenant_and_roles(client: Client) -> None:
    authority = f"{client.settings['AZURE_AUTHORITY_HOST']}/{client.settings['AZURE_TENANT_ID']}"
    discovery = client.http.get(f"{authority}/v2.0/.well-known/openid-configuration").json()
    (key,) = client.http.get(discovery["jwks_uri"]).json()["keys"]
    claims = jwt.decode(
        client.token, jwt.PyJWK(key), algorithms=["RS256"], audience="https://outlook.office365.com"
    )
    assert claims["tid"] == client.settings["AZURE_TENANT_ID"]
    assert claims["appid"] == client.settings["AZURE_CLIENT_ID"]
    assert claims["roles"] == ["Exchange.ManageAsApp"]
    assert claims["wids"] == ["29232cdf-9323-42fd-ade2-1d097af3e4de"]
    assert claims["oid"] == claims["sub"]
    assert claims["appidacr"] == "2"


def test_a_token_for_another_resource_carries_no_exchange_role(client: Client) -> None:
    token = client.new_token("https://graph.microsoft.com/.default")
    assert "roles" not in jwt.decode(token, options={"verify_signature": False})


def test_a_claims_challenge_makes_msal_fetch_a_new_token(client: Client) -> None:
    app = client.app()
    old = app.acquire_token_for_client([SCOPE])["access_token"]
    new = app.acquire_token_for_client(
        [SCOPE], claims_challenge='{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    )
    assert new["token_source"] == "identity_provider"
    assert new["access_token"] != old


def test_the_tenant_is_known_by_its_domain_as_well(client: Client) -> None:
    app = client.app(AZURE_TENANT_ID=client.settings["EXCHANGE_ORGANIZATION"])
    assert "access_token" in app.acquire_token_for_client([SCOPE])


def test_nothing_but_the_own_authority_vouches_for_the_servers(client: Client) -> None:
    client.http.verify = True
    for name in ("AZURE_AUTHORITY_HOST", "EXCHANGE_API_URL"):
        with pytest.raises(requests.exceptions.SSLError):
            client.http.get(client.settings[name])


def test_the_certificate_is_good_for_both_names_of_loopback(client: Client) -> None:
    by_name = client.settings["EXCHANGE_API_URL"].replace("127.0.0.1", "localhost")
    assert client.http.get(by_name + client.path).status_code == 405


def test_keys_are_readable_by_their_owner_only_and_the_root_key_is_nowhere(
    client: Client, tmp_path: Path
) -> None:
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["ca.pem", "client.pem", "server.pem"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()


def test_a_file_that_others_could_read_is_closed_to_them_before_the_key_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "client.pem").touch(mode=0o644)
    with sandboxed(tmp_path):
        assert stat.S_IMODE((tmp_path / "client.pem").stat().st_mode) == 0o600


def test_it_starts_again_after_a_stop_with_new_keys(tmp_path: Path) -> None:
    with sandboxed(tmp_path) as client:
        old = client.token
        client.microsoft.stop()
        client.microsoft.start()
        fresh = Client(client.microsoft, client.clock)
        assert fresh.get(token=old).status_code == 200, "the tenant outlives its servers"
        assert fresh.get(token=fresh.new_token()).status_code == 200
        fresh.http.close()
