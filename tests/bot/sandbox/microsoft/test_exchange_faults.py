"""Every fault that can be ordered, as it arrives on the wire, and whether the write behind it took effect."""

import base64
import json
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Event

import pytest
import requests

from bot.sandbox.microsoft.faults import FAULTS
from bot.sandbox.microsoft.simulation import Microsoft
from tests.bot.sandbox.microsoft.exchange_client import Client, Clock, sandboxed


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with sandboxed(tmp_path) as client:
        assert client.token
        yield client


def spoiled_read(client: Client, name: str, *, seconds: float | None = None) -> requests.Response:
    client.tenant.queue_fault(name, seconds=seconds)
    return client.get()


def spoiled_write(client: Client, name: str, *, seconds: float | None = None) -> requests.Response:
    client.tenant.queue_fault(name, seconds=seconds)
    return client.set(True)


def test_every_fault_has_its_test_here_or_with_entra() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    entra = Path(__file__).with_name("test_entra_refusals.py").read_text(encoding="utf-8")
    assert [
        name for name in FAULTS if f'"{name}"' not in (entra if name.startswith("entra_") else here)
    ] == []


def test_slow_answers_late_and_in_full(client: Client) -> None:
    begun = time.monotonic()
    response = spoiled_read(client, "slow", seconds=0.3)
    assert (response.status_code, len(response.json()["value"])) == (200, 1)
    assert time.monotonic() - begun >= 0.3


def test_slow_shows_the_call_while_it_is_still_unanswered(client: Client) -> None:
    client.tenant.queue_fault("slow", seconds=30)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.set(True, timeout=0.3)
    (call,) = client.tenant.calls
    assert (call.status, call.effective, call.note) == (None, False, FAULTS["slow"])


def test_slow_applies_a_write_whose_client_has_given_up(tmp_path: Path) -> None:
    applied = Event()
    microsoft = Microsoft(
        tmp_path, clock=Clock(), changed=lambda: applied.set() if microsoft.tenant.value else None
    )
    microsoft.start()
    client = Client(microsoft, Clock())
    assert client.token
    microsoft.tenant.queue_fault("slow", seconds=0.5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.set(True, timeout=0.1)
    assert applied.wait(timeout=10)
    client.http.close()
    microsoft.stop()


def test_slow_drip_stays_under_every_read_timeout_and_takes_its_time(client: Client) -> None:
    client.tenant.queue_fault("slow_drip", seconds=1)
    begun = time.monotonic()
    response = client.get(timeout=0.5)
    assert len(response.json()["value"]) == 1
    assert time.monotonic() - begun >= 0.9


@pytest.mark.parametrize(
    ("name", "seconds", "retry_after"),
    [
        ("throttle", None, "2"),
        ("throttle", 7, "7"),
        ("throttle_float", None, "1.500"),
        ("throttle_bare", None, None),
    ],
)
def test_throttling_says_when_to_return_or_does_not(
    client: Client, name: str, seconds: float | None, retry_after: str | None
) -> None:
    response = spoiled_write(client, name, seconds=seconds)
    assert (response.status_code, response.headers.get("Retry-After")) == (429, retry_after)
    assert client.tenant.value is None


def test_throttle_date_names_a_moment(client: Client) -> None:
    response = spoiled_read(client, "throttle_date", seconds=60)
    wait = parsedate_to_datetime(response.headers["Retry-After"]) - parsedate_to_datetime(
        response.headers["Date"]
    )
    assert response.status_code == 429
    assert 59 <= wait.total_seconds() <= 61


def test_server_error_is_json_with_code_exception_and_text(client: Client) -> None:
    response = spoiled_write(client, "server_error")
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (
        500,
        "InternalServerError",
        "Error executing cmdlet",
    )
    assert re.fullmatch(
        r"Ex[0-9A-F]{6}\|Microsoft\.Exchange\.[A-Za-z.]+Exception\|.+", error["details"][0]["message"]
    )
    assert error["innererror"]["internalexception"]["message"].startswith("Exception of type '")
    assert client.tenant.value is None


def test_bad_gateway_is_html(client: Client) -> None:
    response = spoiled_write(client, "bad_gateway")
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert client.tenant.value is None


@pytest.mark.parametrize(
    ("name", "status", "retry_after"),
    [("unavailable", 503, None), ("unavailable_retry", 503, "2"), ("gateway_timeout", 504, None)],
)
def test_unavailable_is_empty(client: Client, name: str, status: int, retry_after: str | None) -> None:
    response = spoiled_write(client, name)
    assert (response.status_code, response.content, response.headers.get("Retry-After")) == (
        status,
        b"",
        retry_after,
    )
    assert client.tenant.value is None


@pytest.mark.parametrize(
    ("name", "exception"),
    [
        ("transient_400", "ServerBusyException"),
        ("transient_proxy", "CmdletProxyNotAvailableFailure"),
        ("transient_directory", "ADTransientException"),
        ("transient_backend", "BackendCommunicationException"),
        ("transient_storage", "StorageTransientException"),
        ("transient_overloaded", "DCOverloadedException"),
        ("transient_suitability", "SuitabilityDirectoryException"),
        ("transient_maintenance", "ServerInMMException"),
        ("transient_settings", "ADServerSettingsChangedException"),
    ],
)
def test_a_transient_400_is_transient_by_its_text_alone(client: Client, name: str, exception: str) -> None:
    response = spoiled_write(client, name)
    assert response.status_code == 400
    assert f"{exception}|" in response.json()["error"]["details"][0]["message"]
    assert client.tenant.value is None


@pytest.mark.parametrize(
    ("name", "body"),
    [("forbidden_empty", b""), ("forbidden_json", b'"Forbidden"'), ("role_text", b"isn't supported in this")],
)
def test_a_403_comes_with_three_bodies_besides_the_nul_bytes(client: Client, name: str, body: bytes) -> None:
    response = spoiled_write(client, name)
    assert response.status_code == 403
    assert body in response.content
    assert client.tenant.value is None


def test_a_parameter_that_the_role_lacks_is_a_400_of_the_second_form(client: Client) -> None:
    response = spoiled_write(client, "parameter_withheld")
    assert response.status_code == 400
    assert ".AmbiguousParameterSetException|" in response.json()["error"]["details"][0]["message"]


def test_a_307_points_to_the_same_host(client: Client) -> None:
    response = spoiled_write(client, "redirect_307")
    assert response.status_code == 307
    assert response.headers["Location"].startswith(f"{client.settings['EXCHANGE_API_URL']}/adminapi/")
    assert client.tenant.value is None


def test_details_as_json_hides_json_in_the_message(client: Client) -> None:
    detail = json.loads(spoiled_read(client, "details_as_json").json()["error"]["details"][0]["message"])
    assert set(detail) == {"Message", "TypeName", "StackTrace", "InnerError"}


def test_unauthorized_refuses_once(client: Client) -> None:
    response = spoiled_write(client, "unauthorized")
    assert (response.status_code, response.content) == (401, b"")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert client.tenant.value is None
    assert client.get().status_code == 200


def test_unauthorized_claims_wants_a_new_token_and_keeps_refusing_the_old_one(client: Client) -> None:
    response = spoiled_write(client, "unauthorized_claims")
    found = re.search(r'error="insufficient_claims", claims="([^"]+)"', response.headers["WWW-Authenticate"])
    assert found is not None
    assert response.status_code == 401
    assert json.loads(base64.b64decode(found[1]))["access_token"]["nbf"]["essential"] is True
    again = client.set(True)
    assert (again.status_code, "claims=" in again.headers["WWW-Authenticate"]) == (401, True)
    assert client.tenant.value is None
    assert client.set(True, token=client.new_token()).status_code == 200


def test_role_missing_is_403_with_nul_bytes_labelled_gzip(client: Client) -> None:
    response = spoiled_write(client, "role_missing")
    assert (response.status_code, response.headers["Content-Encoding"]) == (403, "gzip")
    assert response.raw.read(decode_content=False) == b"\0" * 4096
    assert client.tenant.value is None


def test_reset_before_breaks_the_connection_with_nothing_applied(client: Client) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        spoiled_write(client, "reset_before")
    assert client.tenant.value is None
    assert (client.tenant.calls[-1].status, client.tenant.calls[-1].effective) == (None, False)


def test_lose_answer_breaks_the_connection_after_the_write(client: Client) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        spoiled_write(client, "lose_answer")
    assert client.tenant.value is True
    assert (client.tenant.calls[-1].status, client.tenant.calls[-1].effective) == (None, True)


@pytest.mark.parametrize(
    ("name", "status"), [("apply_then_500", 500), ("apply_then_400", 400), ("proxy_timeout", 400)]
)
def test_some_errors_lie_about_the_write(client: Client, name: str, status: int) -> None:
    assert spoiled_write(client, name).status_code == status
    assert client.tenant.value is True
    assert (client.tenant.calls[-1].status, client.tenant.calls[-1].effective) == (status, True)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("dehydrated", 400, ".InvalidOperationInDehydratedContextException|"),
        ("unauthorized_role", 401, "User is not allowed to call"),
    ],
)
def test_other_refusals_name_their_cause_and_apply_nothing(
    client: Client, name: str, status: int, words: str
) -> None:
    response = spoiled_write(client, name)
    assert (response.status_code, words in response.text) == (status, True)
    assert client.tenant.value is None


def test_late_apply_takes_effect_after_the_connection_broke(tmp_path: Path) -> None:
    applied = Event()
    clock = Clock()
    microsoft = Microsoft(
        tmp_path, clock=clock, changed=lambda: applied.set() if microsoft.tenant.value else None
    )
    microsoft.start()
    client = Client(microsoft, clock)
    with pytest.raises(requests.exceptions.ConnectionError):
        spoiled_write(client, "late_apply", seconds=1.5)
    assert client.row()["AllowLegacyTLSClients"] is None
    assert applied.wait(timeout=10)
    assert client.row()["AllowLegacyTLSClients"] is True
    assert client.tenant.calls[0].effective
    client.http.close()
    microsoft.stop()


def test_cut_short_ends_in_the_middle_of_an_answer(client: Client) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        _ = spoiled_write(client, "cut_short").content
    assert client.tenant.value is True


def test_redirect_same_leads_to_the_same_host_where_a_second_post_is_served(client: Client) -> None:
    response = spoiled_write(client, "redirect_same")
    location = response.headers["Location"]
    assert response.status_code == 302
    assert location.startswith(client.settings["EXCHANGE_API_URL"])
    assert client.tenant.value is None
    assert client.set(True, url=location).status_code == 200
    assert client.tenant.value is True


def test_redirect_same_turns_into_a_get_when_requests_follows_it(client: Client) -> None:
    client.tenant.queue_fault("redirect_same")
    body = {"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}}
    url = client.settings["EXCHANGE_API_URL"] + client.path
    response = client.http.post(url, json=body, headers={"Authorization": f"Bearer {client.token}"})
    assert (response.request.method, response.status_code) == ("GET", 405)


def test_redirect_foreign_leads_elsewhere_and_a_token_carried_there_is_on_record(client: Client) -> None:
    location = spoiled_read(client, "redirect_foreign").headers["Location"]
    assert location.startswith("https://localhost:")
    assert [call.cmdlet for call in client.tenant.calls] == ["Get-TransportConfig"]
    client.get(url=location)
    assert client.tenant.calls[-1].note == "a redirect to a foreign host was followed with the bearer token"


def test_errors_in_200_comes_with_the_row_of_a_read(client: Client) -> None:
    body = spoiled_read(client, "errors_in_200").json()
    assert body["@adminapi.errors"]
    assert len(body["value"]) == 1


def test_errors_in_200_means_that_a_write_was_not_applied(client: Client) -> None:
    response = spoiled_write(client, "errors_in_200")
    assert (response.status_code, bool(response.json()["@adminapi.errors"])) == (200, True)
    assert client.tenant.value is None


def test_error_key_in_200_is_an_error_with_the_wrong_status(client: Client) -> None:
    response = spoiled_write(client, "error_key_in_200")
    assert (response.status_code, set(response.json()) & {"error", "value"}) == (200, {"error"})
    assert client.tenant.value is None


def test_missing_key_is_neither_null_nor_false(client: Client) -> None:
    (row,) = spoiled_read(client, "missing_key").json()["value"]
    assert "AllowLegacyTLSClients" not in row
    assert "SmtpClientAuthenticationDisabled" in row


def test_null_value_has_no_rows_at_all(client: Client) -> None:
    assert spoiled_read(client, "null_value").json()["value"] is None


def test_empty_value_has_an_empty_list_of_rows(client: Client) -> None:
    assert spoiled_read(client, "empty_value").json()["value"] == []


def test_two_rows_are_one_too_many(client: Client) -> None:
    assert len(spoiled_read(client, "two_rows").json()["value"]) == 2


@pytest.mark.parametrize(("value", "text"), [(True, "True"), (False, "False"), (None, "")])
def test_wrong_type_is_text(client: Client, value: bool | None, text: str) -> None:
    client.tenant.change_outside(value)
    (row,) = spoiled_read(client, "wrong_type").json()["value"]
    assert row["AllowLegacyTLSClients"] == text


@pytest.mark.parametrize(
    "name",
    ["null_value", "empty_value", "two_rows", "wrong_type", "missing_key", "truncated", "other_tenant"],
)
def test_a_spoilt_answer_does_not_undo_a_write(client: Client, name: str) -> None:
    assert spoiled_write(client, name).status_code == 200
    assert client.tenant.value is True


def test_truncated_is_half_of_the_json_in_a_whole_answer(client: Client) -> None:
    response = spoiled_read(client, "truncated")
    assert response.status_code == 200
    assert len(response.content) == int(response.headers["Content-Length"])
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_html_200_is_a_page_for_people(client: Client) -> None:
    response = spoiled_write(client, "html_200")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert client.tenant.value is None


def test_other_tenant_speaks_of_another_organisation_throughout(client: Client) -> None:
    response = spoiled_read(client, "other_tenant")
    assert response.json()["value"][0]["OrganizationalUnitRoot"] == "fabrikam.onmicrosoft.com"
    assert "contoso" not in response.text


def test_page_expired_is_what_a_continuation_may_meet(client: Client) -> None:
    first = client.invoke("Get-CASMailbox", headers={"Prefer": "odata.maxpagesize=2"}).json()
    client.tenant.queue_fault("page_expired")
    response = client.invoke("Get-CASMailbox", url=first["@odata.nextLink"])
    assert (response.status_code, "Default Expiry time is 00:30:00" in response.text) == (400, True)


def test_the_record_names_the_fault_that_a_call_met(client: Client) -> None:
    spoiled_read(client, "bad_gateway")
    assert (client.tenant.calls[-1].status, client.tenant.calls[-1].note) == (502, FAULTS["bad_gateway"])
