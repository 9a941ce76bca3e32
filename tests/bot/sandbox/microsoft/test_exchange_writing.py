"""What ``Set-TransportConfig`` does to the simulated tenant, what it leaves in its record, and what it
refuses to bind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.microsoft.simulation import Microsoft
from tests.bot.sandbox.microsoft.exchange_client import NOON, Client, Clock, sandboxed


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with sandboxed(tmp_path) as client:
        yield client


def test_a_write_answers_with_an_empty_value_and_shows_only_when_read_back(client: Client) -> None:
    response = client.set(True)
    assert (response.status_code, response.json()["value"], response.json()["@adminapi.warnings"]) == (
        200,
        [],
        [],
    )
    assert client.row()["AllowLegacyTLSClients"] is True
    assert client.tenant.value is True


def test_a_write_is_dated_by_the_sandboxs_clock(client: Client) -> None:
    client.clock.forward(days=2)
    client.set(False)
    assert client.row()["WhenChangedUTC"] == "2026-11-25T12:00:00.0000000Z"


def test_a_write_is_on_record_with_its_request_id(client: Client) -> None:
    client.set(True, headers={"client-request-id": "42"})
    (call,) = client.tenant.calls
    assert (call.at, call.cmdlet, call.parameters) == (
        NOON,
        "Set-TransportConfig",
        {"AllowLegacyTLSClients": True},
    )
    assert (call.status, call.effective, call.note, call.client_request_id) == (200, True, "", "42")


def test_writing_the_same_again_warns_and_changes_nothing(client: Client) -> None:
    client.set(True)
    client.clock.forward(hours=1)
    (warning,) = client.set(True).json()["@adminapi.warnings"]
    assert "no settings of 'contoso.onmicrosoft.com\\Transport Settings' have been modified" in warning
    assert client.row()["WhenChangedUTC"] == "2026-11-23T12:00:00.0000000Z"
    assert [call.effective for call in client.tenant.calls] == [True, False, False]


def test_null_can_be_written_back(client: Client) -> None:
    client.set(True)
    client.set(None)
    assert client.row()["AllowLegacyTLSClients"] is None


def test_false_is_a_change_from_null(client: Client) -> None:
    client.set(False)
    assert client.tenant.value is False
    assert client.tenant.calls[-1].effective


@pytest.mark.parametrize("value", ["true", "$true", 1, 0, [True], {"a": True}])
def test_what_is_no_boolean_does_not_bind(client: Client, value: object) -> None:
    response = client.set(value)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (400, "BadRequest", "Invalid Operation")
    assert "details" not in error
    assert error["innererror"]["internalexception"]["type"].endswith("ParameterTransformationException")
    assert client.tenant.value is None


def test_the_other_lock_is_not_nullable(client: Client) -> None:
    assert client.invoke("Set-TransportConfig", {"SmtpClientAuthenticationDisabled": None}).status_code == 400
    assert client.invoke("Set-TransportConfig", {"SmtpClientAuthenticationDisabled": True}).status_code == 200
    assert client.tenant.smtp_auth_disabled is True
    assert not client.tenant.calls[-1].effective, "effective speaks of the switch"


@pytest.mark.parametrize("name", ["BogusParameter", "Identity"])
def test_an_unknown_parameter_is_an_ambiguous_set_with_an_empty_id(client: Client, name: str) -> None:
    response = client.invoke("Set-TransportConfig", {"AllowLegacyTLSClients": True, name: "x"})
    message = response.json()["error"]["details"][0]["message"]
    assert response.status_code == 400
    assert message.startswith(
        "|Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException|"
    )
    assert message.endswith(f"Invalid cmdlet parameters specified. {name}")
    assert client.tenant.value is None


def test_parameter_and_cmdlet_names_ignore_case(client: Client) -> None:
    assert client.invoke("set-transportconfig", {"allowlegacytlsclients": True}).status_code == 200
    assert client.row()["AllowLegacyTLSClients"] is True


def test_an_outside_change_is_read_but_is_no_call(client: Client) -> None:
    client.clock.forward(minutes=5)
    client.tenant.change_outside(True)
    assert client.tenant.calls == []
    row = client.row()
    assert (row["AllowLegacyTLSClients"], row["WhenChangedUTC"]) == (True, "2026-11-23T12:05:00.0000000Z")


def test_an_outside_change_to_the_same_value_still_moves_the_date(client: Client) -> None:
    client.tenant.change_outside(None)
    assert client.row()["WhenChangedUTC"] == "2026-11-23T12:00:00.0000000Z"


def test_the_locks_can_be_set_from_outside(client: Client) -> None:
    client.tenant.smtp_auth_disabled = True
    client.tenant.value = False
    row = client.row()
    assert (row["SmtpClientAuthenticationDisabled"], row["AllowLegacyTLSClients"]) == (True, False)


def test_the_snapshot_is_json_and_holds_the_newest_fifty_calls(client: Client) -> None:
    for number in range(51):
        client.tenant.begin_call("Get-TransportConfig", {}, str(number))
    client.tenant.queue_fault("slow", cmdlet="Set-TransportConfig", count=2, seconds=1)
    seen = json.loads(json.dumps(client.tenant.snapshot()))
    assert (seen["value"], seen["smtp_auth_disabled"], seen["organization"]) == (
        None,
        False,
        "contoso.onmicrosoft.com",
    )
    assert [call["client_request_id"] for call in seen["calls"]] == [str(number) for number in range(1, 51)]
    assert seen["faults"] == [{"name": "slow", "cmdlet": "Set-TransportConfig", "count": 2, "seconds": 1}]
    assert {"name": "throttle_bare", "label": "429 without Retry-After"} in seen["faults_available"]


def test_every_visible_change_is_announced_and_may_be_looked_at_in_that_moment(tmp_path: Path) -> None:
    seen: list[object] = []
    microsoft = Microsoft(
        tmp_path, clock=Clock(), changed=lambda: seen.append(microsoft.tenant.snapshot()["value"])
    )
    microsoft.start()
    client = Client(microsoft, Clock())
    client.set(True)
    microsoft.stop()
    client.http.close()
    assert seen[0] is None, "the call had arrived"
    assert seen[-1] is True
