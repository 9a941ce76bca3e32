"""Whatever arrives: judging never fails, never shows a stack trace, never reports a value that did not stand
there."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.exchange.answer_details import clean
from bot.exchange.answers import judge
from bot.exchange.client import reading_of
from bot.exchange.http.transport import Answer
from bot.exchange.optional_lookups import changes_in
from bot.exchange.outcomes import Meaning, Outcome, instant, rows_of
from handlers.ports import Unavailable
from storage.records import SettingValue, WriteOutcome
from tests.bot.exchange.bodies import error, reading

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = st.sampled_from(
    ["value", "error", "details", "message", "innererror", "internalexception", "type", "@adminapi.errors",
     "@adminapi.warnings", "AllowLegacyTLSClients", "OrganizationalUnitRoot", "WhenChangedUTC", "code",
     "stacktrace", "Message", "TypeName"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["a|b|c", "True", "{", "|||"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=5)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "WWW-Authenticate", "x-ExceptionType", "Location"]),
    st.text()
    | st.integers().map(str)
    | st.floats().map(str)
    | st.text().map(lambda text: f'Bearer claims="{text}"'),
)
STATUSES = st.sampled_from(
    [200, 204, 302, 400, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504]
) | st.integers(100, 599)
GENUINE = json.dumps(reading(True)).encode()


def _judged(status: int, headers: dict[str, str], body: bytes, *, complete: bool = True) -> Outcome:
    outcome = judge(Answer(status, headers, body, complete), cmdlet="Get-TransportConfig", now=NOON)
    assert outcome.sentence.endswith(".")
    assert outcome.retry_after is None or 0 <= outcome.retry_after <= 3600
    if outcome.outcome is WriteOutcome.ACCEPTED:
        assert 200 <= status < 300
    return outcome


def _value(outcome: Outcome) -> SettingValue | None:
    if outcome.meaning is not Meaning.ANSWERED:
        return None
    try:
        return reading_of(outcome, read_at=NOON, client_request_id="1").value
    except Unavailable:
        return None


@given(STATUSES, HEADERS, st.binary(max_size=300), st.booleans())
def test_any_bytes_are_judged_and_give_no_value(
    status: int, headers: dict[str, str], body: bytes, complete: bool
) -> None:
    assert _value(_judged(status, headers, body, complete=complete)) is None


@given(STATUSES, HEADERS, JSON)
@example(200, {}, {"value": [{"AllowLegacyTLSClients": "True"}]})
def test_any_json_is_judged_and_a_value_stands_in_its_only_row(
    status: int, headers: dict[str, str], document: Any
) -> None:
    value = _value(_judged(status, headers, json.dumps(document).encode()))
    if value is not None:
        (row,) = document["value"]
        expected = {SettingValue.OPTED_IN: True, SettingValue.OPTED_OUT: False, SettingValue.NOT_SET: None}[
            value
        ]
        assert row["AllowLegacyTLSClients"] is expected


@given(st.integers(0, len(GENUINE) - 1))
def test_a_reading_cut_anywhere_is_no_reading(length: int) -> None:
    assert _value(_judged(200, {}, GENUINE[:length])) is None


@given(st.integers(0, len(GENUINE) - 1), st.integers(0, 255))
def test_a_reading_with_one_spoilt_byte_never_turns_into_another_value(place: int, byte: int) -> None:
    spoilt = bytearray(GENUINE)
    spoilt[place] = byte
    assert _value(_judged(200, {}, bytes(spoilt))) in {SettingValue.OPTED_IN, None}


@given(st.text(), st.integers(400, 599))
def test_no_stack_trace_comes_out_of_any_error(text: str, status: int) -> None:
    outcome = _judged(status, {}, json.dumps(error(text)).encode())
    assert "InvokeCommand(" not in outcome.sentence
    assert "IEdmEntityObject" not in outcome.sentence


@given(st.text())
def test_cleaned_text_is_clean_already(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(JSON)
def test_any_value_is_an_instant_or_none(value: Any) -> None:
    found = instant(value)
    assert found is None or found.tzinfo is UTC


@given(st.lists(st.dictionaries(st.just("AuditData"), JSON | JSON.map(json.dumps)), max_size=4))
def test_any_audit_rows_give_changes_or_are_left_out(rows: list[dict[str, Any]]) -> None:
    assert len(changes_in(rows)) <= len(rows)


@given(JSON)
def test_rows_are_always_objects(document: Any) -> None:
    rows = rows_of(_judged(200, {}, json.dumps(document).encode()))
    assert rows is None or all(isinstance(row, dict) for row in rows)
