"""The optional reads: each has its own answer, and a word for it when there is none."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.exchange.client import ExchangeOnline
from bot.exchange.optional_lookups import Change, OptionalLookups
from handlers.ports import AcceptedDomains, MailboxLocks, Unavailable
from storage.records import SettingValue
from tests.bot.exchange.bodies import envelope, error
from tests.bot.exchange.entra_stub import Entra, refusal
from tests.bot.exchange.stage import Act, Stage, answer, reset

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
DROP = object()


@pytest.fixture
def around(client: Callable[..., ExchangeOnline]) -> OptionalLookups:
    return OptionalLookups(client(), client_id="")


def _record(**more: object) -> Mapping[str, object]:
    record = {
        "CreationTime": "2026-11-22T09:14:03",
        "Id": "6d0f",
        "Operation": "Set-TransportConfig",
        "ResultStatus": "True",
        "ClientIP": "203.0.113.10:19823",
        "UserId": "alice@contoso.com",
        "AppId": "fb78d390",
        "ClientAppId": "",
        "TokenObjectId": "oid-1",
        "Parameters": [{"Name": "AllowLegacyTLSClients", "Value": "True"}],
        **more,
    }
    return {
        "RecordType": "ExchangeAdmin",
        "AuditData": json.dumps({k: v for k, v in record.items() if v is not DROP}),
    }


def test_the_locks_of_a_mailbox_are_three_valued(around: OptionalLookups, exchange: Stage) -> None:
    row = {
        "PrimarySmtpAddress": "Scan@contoso.com",
        "SmtpClientAuthenticationDisabled": None,
        "PopEnabled": True,
        "ImapEnabled": False,
    }
    exchange.plays(
        answer(200, envelope([row])), answer(200, envelope([{"SmtpClientAuthenticationDisabled": "True"}]))
    )
    assert around.mailbox_locks("scan@contoso.com") == MailboxLocks(None, True, False)
    assert around.mailbox_locks("scan@contoso.com") == MailboxLocks(None, None, None)
    assert exchange.requests[0].json() == {
        "CmdletInput": {"CmdletName": "Get-CASMailbox", "Parameters": {"Identity": "scan@contoso.com"}}
    }


def test_the_domains_are_named_and_more_of_them_than_an_answer_holds_are_no_secret(
    around: OptionalLookups, exchange: Stage
) -> None:
    rows = [
        {"DomainName": "Contoso.com", "Default": True, "InitialDomain": False},
        {"DomainName": "contoso.onmicrosoft.com", "InitialDomain": True},
    ]
    exchange.plays(
        answer(200, envelope(rows)),
        answer(200, envelope(rows[:1], **{"@odata.nextLink": "https://example.com"})),
    )
    assert around.accepted_domains() == AcceptedDomains(
        ("contoso.com", "contoso.onmicrosoft.com"), complete=True
    )
    assert around.accepted_domains() == AcceptedDomains(("contoso.com",), complete=False)
    assert len(exchange.requests) == 2


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (answer(403, b"\0" * 4096, {"Content-Encoding": "gzip"}), "forbidden"),
        (answer(401), "unauthorized"),
        (
            answer(
                400, error("|A.AmbiguousParameterSetException|Invalid cmdlet parameters specified. Identity")
            ),
            "refused",
        ),
        (answer(200, envelope([], **{"@adminapi.errors": ["No."]})), "failed"),
        (answer(429), "throttled"),
        (answer(503), "fault"),
        (reset, "no_answer"),
        (answer(200, envelope("text")), ""),
        (answer(200, envelope(["text"])), ""),
    ],
)
def test_each_read_says_why_it_has_no_answer(
    act: Act, code: str, around: OptionalLookups, exchange: Stage
) -> None:
    exchange.always(act)
    for ask in (
        lambda: around.mailbox_locks("a@contoso.com"),
        around.accepted_domains,
        lambda: around.who_changed(SINCE, UNTIL),
    ):
        with pytest.raises(Unavailable, match=r"\.$") as away:
            ask()
        assert away.value.code == code


def test_a_mailbox_that_exchange_does_not_know_is_none(around: OptionalLookups, exchange: Stage) -> None:
    exchange.plays(answer(404, error("Ex1|A.ManagementObjectNotFoundException|'x' couldn't be found.")))
    assert around.mailbox_locks("a@contoso.com") is None


def test_without_a_token_the_optional_reads_say_why(around: OptionalLookups, entra: Entra) -> None:
    entra.instead.append(refusal(7000222))
    with pytest.raises(Unavailable, match="secret has expired"):
        around.accepted_domains()


def test_no_mailbox_or_two_of_them_is_unreadable(around: OptionalLookups, exchange: Stage) -> None:
    exchange.plays(answer(200, envelope([])), answer(200, envelope([{}, {}])))
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be read"):
            around.mailbox_locks("a@contoso.com")


def test_the_audit_log_is_asked_for_the_one_command_in_utc(around: OptionalLookups, exchange: Stage) -> None:
    exchange.plays(answer(200, envelope([])))
    around.who_changed(SINCE.astimezone(timezone(timedelta(hours=2))), UNTIL)
    parameters = exchange.requests[0].json()["CmdletInput"]["Parameters"]  # type: ignore[index]
    assert parameters == {
        "StartDate": "2026-11-20T00:00:00.0000000Z",
        "EndDate": "2026-11-23T16:00:00.0000000Z",
        "RecordType": "ExchangeAdmin",
        "Operations": ["Set-TransportConfig"],
        "ResultSize": 1000,
    }


def test_a_recorded_change_tells_who_when_and_to_what(around: OptionalLookups, exchange: Stage) -> None:
    exchange.plays(answer(200, envelope([_record()])))
    at = datetime(2026, 11, 22, 9, 14, 3, tzinfo=UTC)
    change = Change(
        at, "alice@contoso.com", "fb78d390", "oid-1", SettingValue.OPTED_IN, succeeded=True, record_id="6d0f"
    )
    assert around.recorded(SINCE, UNTIL) == (change,)


def _only(around: OptionalLookups, exchange: Stage, row: Mapping[str, object]) -> Change:
    exchange.plays(answer(200, envelope([row])))
    (change,) = around.recorded(SINCE, UNTIL)
    return change


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("False", SettingValue.OPTED_OUT),
        ("$true", SettingValue.OPTED_IN),
        ("", SettingValue.NOT_SET),
        (None, SettingValue.NOT_SET),
        ("perhaps", None),
    ],
)
def test_the_recorded_value_is_read_as_powershell_writes_it(
    value: object, meant: SettingValue | None, around: OptionalLookups, exchange: Stage
) -> None:
    row = _record(
        Parameters=[{"Name": "Force", "Value": "True"}, {"Name": "AllowLegacyTLSClients", "Value": value}]
    )
    assert _only(around, exchange, row).value is meant


def test_what_a_record_lacks_is_none(around: OptionalLookups, exchange: Stage) -> None:
    missing = dict.fromkeys(("AppId", "ClientAppId", "TokenObjectId", "ResultStatus"), DROP)
    change = _only(around, exchange, _record(**missing))
    assert (change.app_id, change.object_id, change.succeeded) == (None, None, None)


def test_an_app_is_known_by_either_of_its_ids(around: OptionalLookups, exchange: Stage) -> None:
    assert _only(around, exchange, _record(AppId="", ClientAppId="own")).client_app_id == "own"


def test_changes_of_other_settings_and_broken_records_are_left_out(
    around: OptionalLookups, exchange: Stage
) -> None:
    other = _record(Parameters=[{"Name": "MaxRecipientEnvelopeLimit", "Value": "5"}])
    late, early = _record(UserId="bob"), _record(UserId="alice", CreationTime="2026-11-21T00:00:00")
    exchange.plays(
        answer(200, envelope([late, other, early])), answer(200, envelope([late, {"AuditData": "{"}, {}]))
    )
    whole, broken = around.recorded(SINCE, UNTIL), around.recorded(SINCE, UNTIL)
    assert [change.user for change in whole] == ["alice", "bob"]
    assert [change.user for change in broken] == ["bob"]
