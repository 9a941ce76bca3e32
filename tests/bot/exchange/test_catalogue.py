"""Every answer of the catalogue, and bytes that are in none, over a real socket: a fate, a sentence, no
exception, no secret."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.exchange.client import ExchangeOnline
from bot.exchange.outcomes import Meaning
from handlers.ports import Reading, Unavailable
from storage.records import SettingValue, WriteOutcome
from tests.bot.exchange.bodies import envelope, error, reading
from tests.bot.exchange.entra_stub import token
from tests.bot.exchange.stage import Act, Stage, answer, raw
from tests.bot.exchange.test_answers import CASES, Case
from tests.sentences import says

Client = Callable[..., ExchangeOnline]
TOLD = {True: SettingValue.OPTED_IN, False: SettingValue.OPTED_OUT, None: SettingValue.NOT_SET}


def _act(case: Case) -> Act:
    """The case as it comes over the wire; one that breaks off claims to be longer than it is."""
    found = case.answer()
    return answer(
        found.status, found.body, found.headers, length=None if found.complete else len(found.body) + 100
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_write_gets_the_fate_that_the_catalogue_says(case: Case, client: Client, exchange: Stage) -> None:
    exchange.always(_act(case))
    written = client().write(True, client_request_id="1")
    assert written.outcome is case.outcome
    assert case.says in written.sentence or says("nothing_had_to_be_modified") in written.sentence
    assert (written.retry_after, len(exchange.requests)) == (
        pytest.approx(case.wait, abs=1) if case.wait else case.wait,
        1,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_reading_has_a_value_only_where_one_stands(case: Case, client: Client, exchange: Stage) -> None:
    exchange.always(_act(case))
    found = _read(client())
    if case.meaning is not Meaning.ANSWERED:
        assert isinstance(found, Unavailable)
    elif not isinstance(found, Unavailable):
        assert found.value is TOLD[json.loads(case.answer().body)["value"][0]["AllowLegacyTLSClients"]]


def _read(one: ExchangeOnline) -> Reading | Unavailable:
    try:
        return one.read(patience=5)
    except Unavailable as failure:
        return failure


def _whole(status: bytes, document: object) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


GENUINE, ACCEPTED = _whole(b"200 OK", reading(True)), _whole(b"200 OK", envelope([]))
REFUSED = _whole(b"400 Bad Request", error(f"Ex1|A.X|Refused Bearer {token()}"))
CUT = st.sampled_from([GENUINE, REFUSED, ACCEPTED]).flatmap(
    lambda whole: st.integers(0, len(whole) - 1).map(lambda end: whole[:end])
)
BYTES = st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest)
ONE_CLIENT = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.exchange.retries.PAUSES", ())


@pytest.fixture
def one(client: Client) -> ExchangeOnline:
    found = client()
    found.tokens.bearer()
    return found


@ONE_CLIENT
@given(content=BYTES | CUT)
@example(content=b"")
@example(content=b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\n{}")
@example(content=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
@example(content=b"HTTP/1.1 999 \xff\r\n\r\n")
def test_whatever_bytes_come_nothing_is_raised_claimed_or_given_away(
    content: bytes, one: ExchangeOnline, exchange: Stage
) -> None:
    exchange.always(raw(content))
    written = one.write(True, client_request_id="1")
    assert written.outcome is not WriteOutcome.ACCEPTED
    unread = _read(one)
    assert isinstance(unread, Unavailable)
    for told in (repr(written), unread.sentence, unread.mend):
        assert "canary" not in told
        assert token().split(".")[1][:40] not in told


@pytest.mark.parametrize("whole", [GENUINE, ACCEPTED], ids=["a reading", "a write"])
def test_a_cut_anywhere_in_a_success_is_unknown(whole: bytes, one: ExchangeOnline, exchange: Stage) -> None:
    for end in range(0, len(whole), 7):
        exchange.always(raw(whole[:end]))
        assert one.write(True, client_request_id="1").outcome is WriteOutcome.UNKNOWN, whole[:end]
