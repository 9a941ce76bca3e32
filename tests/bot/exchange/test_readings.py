"""From the answer of Get-TransportConfig to a value: only what stands there counts."""

import json
from datetime import UTC, datetime

import pytest

from bot.exchange.answers import judge
from bot.exchange.client import reading_of
from bot.exchange.http.transport import Answer
from bot.exchange.outcomes import instant, rows_of
from handlers.ports import Reading, Unavailable
from storage.records import SettingValue
from tests.bot.exchange.bodies import ORGANIZATION, config, envelope, reading

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _read(body: object) -> Reading:
    outcome = judge(Answer(200, {}, json.dumps(body).encode()), cmdlet="Get-TransportConfig", now=NOON)
    return reading_of(outcome, read_at=NOON, client_request_id="id-1")


@pytest.mark.parametrize(
    ("setting", "value"),
    [(None, SettingValue.NOT_SET), (True, SettingValue.OPTED_IN), (False, SettingValue.OPTED_OUT)],
)
def test_the_three_values_are_told_apart(setting: bool | None, value: SettingValue) -> None:
    assert _read(reading(setting)) == Reading(
        value=value,
        smtp_auth_disabled=True,
        organization=ORGANIZATION,
        server="BY1PR09A06DC005.NAMPR09A006.PROD.OUTLOOK.COM",
        changed_at=datetime(2026, 5, 4, 7, 39, 21, tzinfo=UTC),
        read_at=NOON,
        client_request_id="id-1",
    )


def _without_key() -> dict[str, object]:
    return {key: value for key, value in config().items() if key != "AllowLegacyTLSClients"}


def test_a_missing_key_is_unreadable_and_never_opted_out() -> None:
    with pytest.raises(Unavailable, match="does not contain AllowLegacyTLSClients") as caught:
        _read(envelope([_without_key()]))
    assert not caught.value.retryable


def test_neither_an_annotation_nor_another_spelling_stands_in_for_the_key() -> None:
    row = {
        **_without_key(),
        "allowlegacytlsclients": True,
        "AllowLegacyTLSClients@data.type": "System.Boolean",
    }
    with pytest.raises(Unavailable, match="does not contain"):
        _read(envelope([row]))


@pytest.mark.parametrize("wrong", ["True", "true", "", 1, 0, 1.0, [], {}, [True], {"value": True}])
def test_only_a_boolean_or_null_is_a_value(wrong: object) -> None:
    with pytest.raises(Unavailable, match="something other than true, false or null"):
        _read(reading(wrong))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (envelope(None), "holds no value"),
        ({key: value for key, value in envelope([]).items() if key != "value"}, "holds no value"),
        (envelope({}), "holds no value"),
        (envelope("text"), "holds no value"),
        ({}, "holds no value"),
        (envelope([]), "holds nothing"),
        (envelope([config(True), config(True)]), "2 objects instead of one"),
        (envelope([None]), "not an object"),
        (envelope(["row"]), "not an object"),
        (envelope([[True]]), "not an object"),
        (envelope([{"_clixml": "<Objs/>"}]), "PowerShell's own format"),
    ],
)
def test_an_answer_of_another_shape_says_which(body: object, why: str) -> None:
    with pytest.raises(Unavailable, match=why) as caught:
        _read(body)
    assert not caught.value.retryable


def test_an_answer_without_a_body_is_no_reading() -> None:
    outcome = judge(Answer(204, {}, b""), cmdlet="Get-TransportConfig", now=NOON)
    with pytest.raises(Unavailable, match="holds no value"):
        reading_of(outcome, read_at=NOON, client_request_id="id-1")


def test_what_only_accompanies_the_value_may_be_missing_or_odd() -> None:
    bare = _read(envelope([{"AllowLegacyTLSClients": False}]))
    odd = _read(
        reading(
            False,
            OrganizationalUnitRoot=7,
            OriginatingServer=None,
            WhenChangedUTC="yesterday",
            SmtpClientAuthenticationDisabled="True",
        )
    )
    for found in (bare, odd):
        assert found.value is SettingValue.OPTED_OUT
        assert (found.organization, found.server, found.changed_at, found.smtp_auth_disabled) == (
            None,
            None,
            None,
            None,
        )


HOSTED = (
    "X.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com - "
    "X.PROD.OUTLOOK.COM/Configuration"
)


@pytest.mark.parametrize(
    ("unit_root", "organization_id", "name"),
    [
        (ORGANIZATION, HOSTED.replace("contoso", "fabrikam"), ORGANIZATION),
        (None, HOSTED, ORGANIZATION),
        ("", HOSTED, ORGANIZATION),
        (None, "contoso.onmicrosoft.com", None),
        (None, HOSTED.replace("Hosted", "Other"), None),
        (None, 7, None),
        (None, None, None),
    ],
)
def test_the_tenant_is_named_by_either_key(
    unit_root: object, organization_id: object, name: str | None
) -> None:
    assert (
        _read(reading(True, OrganizationalUnitRoot=unit_root, OrganizationId=organization_id)).organization
        == name
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-05-04T07:39:21.0000000Z", datetime(2026, 5, 4, 7, 39, 21, tzinfo=UTC)),
        ("2026-05-04T09:39:21.1234567+02:00", datetime(2026, 5, 4, 7, 39, 21, 123456, tzinfo=UTC)),
        ("2026-11-22T09:14:03", datetime(2026, 11, 22, 9, 14, 3, tzinfo=UTC)),
        ("0001-01-01T00:00:00.0000000+05:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("", None),
        (None, None),
        (1779000000, None),
    ],
)
def test_instants_are_read_as_exchange_writes_them(text: object, found: datetime | None) -> None:
    assert instant(text) == found


def test_rows_are_objects_or_there_are_none() -> None:
    def rows(body: object) -> object:
        return rows_of(
            judge(Answer(200, {}, json.dumps(body).encode()), cmdlet="Get-AcceptedDomain", now=NOON)
        )

    assert rows(envelope([{"a": 1}, None])) == [{"a": 1}]
    assert rows(envelope([])) == []
    assert rows(envelope(None)) is None
    assert rows(envelope([{"a": 1}, "b"])) is None
    assert rows(envelope([{"_clixml": "<Objs/>"}])) is None
