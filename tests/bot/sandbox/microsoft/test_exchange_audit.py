"""The simulated audit log: who changed the setting, found late, and never naming an app by a name one could
rely on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.bot.sandbox.microsoft.exchange_client import Client, sandboxed

WINDOW = {"StartDate": "2026-11-23T00:00:00.0000000Z", "EndDate": "2026-11-25T00:00:00.0000000Z"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with sandboxed(tmp_path) as client:
        yield client


def search(client: Client, **parameters: object) -> requests.Response:
    return client.invoke("Search-UnifiedAuditLog", {**WINDOW, **parameters})


def rows(client: Client, **parameters: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = search(client, **parameters).json()["value"]
    return found


def test_a_change_is_found_only_after_the_latency(client: Client) -> None:
    client.tenant.change_outside(True)
    client.clock.forward(minutes=59)
    assert rows(client) == []
    client.clock.forward(minutes=1)
    assert len(rows(client)) == 1


def test_the_latency_can_be_set(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    client.tenant.change_outside(True)
    assert len(rows(client)) == 1


def test_a_row_tells_who_did_what_in_strings(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    client.tenant.change_outside(True, actor="dave@contoso.com")
    (row,) = rows(client)
    assert (row["RecordType"], row["UserIds"], row["Operations"]) == (
        "ExchangeAdmin",
        "dave@contoso.com",
        "Set-TransportConfig",
    )
    assert (row["ResultIndex"], row["ResultCount"], row["ResultIndex@data.type"]) == (1, 1, "System.Int32")
    data = json.loads(row["AuditData"])
    assert data["Parameters"] == [{"Name": "AllowLegacyTLSClients", "Value": "True"}]
    assert (data["UserId"], data["UserType"], data["ResultStatus"]) == ("dave@contoso.com", 2, "True")
    assert (data["CreationTime"], data["OrganizationName"]) == (
        "2026-11-23T12:00:00",
        "contoso.onmicrosoft.com",
    )
    assert data["ClientIP"] == "203.0.113.10:19823"


def test_the_apps_own_write_is_recognised_by_its_ids(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    client.set(True)
    data = json.loads(rows(client)[0]["AuditData"])
    assert data["AppId"] == client.settings["AZURE_CLIENT_ID"]
    assert data["TokenObjectId"] in data["UserId"]
    assert data["UserType"] == 6


def test_a_write_sent_twice_is_recorded_twice(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    client.set(True)
    client.set(True)
    assert len(rows(client)) == 2


def test_a_refused_or_unconfirmed_write_leaves_no_row(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    client.set("yes")
    client.invoke("Set-TransportConfig", {"AllowLegacyTLSClients": True, "Confirm": True})
    assert rows(client) == []


def test_newest_come_first_and_the_count_is_of_all(client: Client) -> None:
    client.tenant.audit_latency_seconds = 0
    for actor in ("alice@contoso.com", "bob@contoso.com", "carol@contoso.com"):
        client.clock.forward(minutes=1)
        client.tenant.change_outside(True, actor=actor)
    found = rows(client, ResultSize=2)
    assert [row["UserIds"] for row in found] == ["carol@contoso.com", "bob@contoso.com"]
    assert [row["ResultCount"] for row in found] == [3, 3]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"RecordType": "ExchangeAdmin"}, 1),
        ({"RecordType": "Exchange"}, 0),
        ({"Operations": ["Set-TransportConfig"]}, 1),
        ({"Operations": "Set-Mailbox"}, 0),
        ({"UserIds": ["CAROL@contoso.com"]}, 1),
        ({"UserIds": ["erin@contoso.com"]}, 0),
        ({"EndDate": "2026-11-23T12:00:00"}, 1),
        ({"EndDate": "2026-11-23T11:59:59Z"}, 0),
        ({"StartDate": "2026-11-23T12:00:01Z"}, 0),
        ({"StartDate": "2026-11-23", "EndDate": "2026-11-23"}, 0),
    ],
)
def test_the_search_filters(client: Client, parameters: dict[str, object], count: int) -> None:
    client.tenant.audit_latency_seconds = 0
    client.tenant.change_outside(True)
    assert len(rows(client, **parameters)) == count


@pytest.mark.parametrize("missing", ["StartDate", "EndDate"])
def test_both_dates_are_mandatory(client: Client, missing: str) -> None:
    response = client.invoke(
        "Search-UnifiedAuditLog", {name: value for name, value in WINDOW.items() if name != missing}
    )
    assert response.status_code == 400
    assert missing in response.json()["error"]["innererror"]["internalexception"]["message"]


@pytest.mark.parametrize(
    "parameters", [{"StartDate": "yesterday"}, {"ResultSize": 0}, {"ResultSize": 5001}, {"Nonsense": 1}]
)
def test_what_does_not_bind_is_refused(client: Client, parameters: dict[str, object]) -> None:
    assert search(client, **parameters).status_code == 400
