"""What the simulated Exchange answers to reading cmdlets: names, annotations and headers as public clients
recorded them."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.bot.sandbox.microsoft.exchange_client import Client, sandboxed

TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with sandboxed(tmp_path_factory.mktemp("microsoft")) as client:
        yield client


def test_a_tenant_that_never_chose_reads_null_and_not_false(client: Client) -> None:
    row = client.row()
    assert "AllowLegacyTLSClients" in row
    assert row["AllowLegacyTLSClients"] is None
    assert row["SmtpClientAuthenticationDisabled"] is False


def test_the_envelope_names_tenant_and_warnings_as_the_real_one_does(client: Client) -> None:
    body = client.get().json()
    assert list(body) == ["@odata.context", "adminapi.warnings@odata.type", "@adminapi.warnings", "value"]
    assert body["@odata.context"] == (
        f"https://outlook.office365.com/adminapi/beta/{TENANT}/"
        "$metadata#Collection(Exchange.GenericHashTable)"
    )
    assert body["@adminapi.warnings"] == []


def test_the_object_says_which_tenant_and_which_server(client: Client) -> None:
    row = client.row()
    assert row["OrganizationalUnitRoot"] == "contoso.onmicrosoft.com"
    assert re.fullmatch(r"BY1PR09A06DC00[56]\.NAMPR09A006\.PROD\.OUTLOOK\.COM", row["OriginatingServer"])


def test_values_carry_annotations_by_their_type(client: Client) -> None:
    row = client.row()
    assert row["TLSReceiveDomainSecureList@odata.type"] == "#Collection(String)"
    assert (row["Guid@data.type"], row["Guid@odata.type"]) == ("System.Guid", "#Guid")
    assert row["TransportRuleLimit@data.type"] == "System.Int32"
    assert row["MaxAllowedAgentGeneratedMessageDepth@odata.type"] == "#UInt32"
    assert row["WhenChanged@data.type"] == "System.DateTime"
    assert not [
        key for key in row if key.startswith(("AllowLegacyTLSClients@", "MigrationEnabled@", "Name@"))
    ]


def test_dates_have_seven_digits_and_one_of_them_a_z(client: Client) -> None:
    row = client.row()
    assert row["WhenChanged"] == "2026-05-04T07:39:21.0000000+00:00"
    assert row["WhenChangedUTC"] == "2026-05-04T07:39:21.0000000Z"
    assert datetime.fromisoformat(row["WhenChanged"]) == datetime.fromisoformat(row["WhenChangedUTC"])


def test_successive_reads_come_from_both_domain_controllers(client: Client) -> None:
    assert len({client.row()["OriginatingServer"] for _ in range(2)}) == 2


def test_headers_are_those_of_the_front_end(client: Client) -> None:
    first, second = client.get(), client.get()
    assert first.headers["Content-Type"].startswith(
        "application/json;odata.metadata=minimal;odata.streaming=true"
    )
    assert first.headers["OData-Version"] == "4.0"
    assert {"Rate-Limit-Limit", "Rate-Limit-Remaining", "X-ConcurrencyCount", "X-FEServer"} <= set(
        first.headers
    )
    assert first.headers["Request-Id"] != second.headers["Request-Id"]


def test_json_is_the_answer_when_asked_for_and_when_nothing_is_said(client: Client) -> None:
    assert client.row(headers={"X-ResponseFormat": "json"}).keys() == client.row().keys()


@pytest.mark.parametrize(
    "path",
    [
        f"/AdminApi/Beta/{TENANT.upper()}/invokecommand",
        "/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand",
    ],
)
def test_case_and_either_name_of_the_tenant_make_no_difference_in_the_path(client: Client, path: str) -> None:
    assert client.get(url=client.settings["EXCHANGE_API_URL"] + path).status_code == 200


def test_only_beta_serves_commands(client: Client) -> None:
    url = client.settings["EXCHANGE_API_URL"] + client.path.replace("beta", "v1.0")
    assert client.get(url=url).status_code == 405


def test_a_get_as_a_careless_redirect_makes_it_is_not_allowed(client: Client) -> None:
    response = client.http.get(client.settings["EXCHANGE_API_URL"] + client.path)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_other_paths_are_not_found(client: Client) -> None:
    assert client.get(url=client.settings["EXCHANGE_API_URL"] + "/powershell").status_code == 404


def test_the_initial_domain_is_the_row_that_says_so(client: Client) -> None:
    rows = client.invoke("Get-AcceptedDomain").json()["value"]
    assert [row["DomainName"] for row in rows if row["InitialDomain"]] == ["contoso.onmicrosoft.com"]
    assert [row["DomainName"] for row in rows if row["Default"]] == ["contoso.com"]


def test_auditing_is_on(client: Client) -> None:
    (row,) = client.invoke("Get-AdminAuditLogConfig").json()["value"]
    assert row["UnifiedAuditLogIngestionEnabled"] is True


def test_mailboxes_inherit_forbid_or_explicitly_allow(client: Client) -> None:
    body = client.invoke("Get-CASMailbox", {"ResultSize": "Unlimited"}).json()
    assert {row["SmtpClientAuthenticationDisabled"] for row in body["value"]} == {None, True, False}
    assert "@odata.nextLink" not in body


def test_a_list_is_paged_and_the_same_body_continues_it(client: Client) -> None:
    headers = {"Prefer": "odata.maxpagesize=2"}
    seen, url, query = [], client.settings["EXCHANGE_API_URL"] + client.path, ""
    for _ in range(3):
        body = client.invoke(
            "Get-CASMailbox", {"ResultSize": "Unlimited"}, url=url, query=query, headers=headers
        ).json()
        seen += [row["DisplayName"] for row in body["value"]]
        url, query = body.get("@odata.nextLink", ""), ""
        assert bool(url) == bool(body["@adminapi.warnings"]), "a warning goes with every page but the last"
    assert url == ""
    assert len(seen) == len(set(seen)) == 5


def test_an_unreadable_continuation_has_expired(client: Client) -> None:
    response = client.invoke("Get-CASMailbox", query="?%24skiptoken=nonsense")
    assert response.status_code == 400
    assert "Expired or Invalid pagination request" in response.text


def test_an_object_that_is_not_there_is_not_found(client: Client) -> None:
    response = client.invoke("Get-CASMailbox", {"Identity": "dave@contoso.com"})
    error = response.json()["error"]
    code, kind, text = error["details"][0]["message"].split("|", 2)
    assert (response.status_code, error["code"], error["message"]) == (
        404,
        "NotFound",
        "Error executing cmdlet",
    )
    assert (code, kind.rpartition(".")[2]) == ("Ex6F9304", "ManagementObjectNotFoundException")
    assert "dave@contoso.com" in text


def test_a_mailbox_is_found_by_its_address(client: Client) -> None:
    (row,) = client.invoke("Get-CASMailbox", {"Identity": "Alice@contoso.com"}).json()["value"]
    assert row["DisplayName"] == "Alice"


def test_get_transport_config_takes_no_parameters(client: Client) -> None:
    assert client.invoke("Get-TransportConfig", {"Identity": "x"}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b'{"cmdletinput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}}',
        b'{"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": null}}',
        b'{"CmdletInput": {"CmdletName": "", "Parameters": {}}}',
    ],
)
def test_a_body_that_is_no_command_is_a_bad_request(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {client.token}"}
    before = len(client.tenant.calls)
    response = client.http.post(client.settings["EXCHANGE_API_URL"] + client.path, data=body, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "BadRequest")
    assert len(client.tenant.calls) == before


def test_another_content_type_is_refused(client: Client) -> None:
    body = json.dumps({"CmdletInput": {"CmdletName": "Get-TransportConfig", "Parameters": {}}})
    response = client.http.post(
        client.settings["EXCHANGE_API_URL"] + client.path, data=body, headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 415
