"""What an answer of Exchange's proves is a column: no sentence decides it, except for rows that had no such
column yet."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from storage.integrity import first_edition
from storage.integrity.row_comparison import request_differences
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.record.table_comparison import differences
from storage.records import SettingValue, WriteOutcome
from storage.schema.tables import attempts
from tests.storage.states import BOB, NOW, TENANT, asked

MAY_SHOW_UP = {
    WriteOutcome.ACCEPTED: True,
    WriteOutcome.UNKNOWN: True,
    WriteOutcome.REFUSED: False,
    WriteOutcome.NOT_PROCESSED: False,
    None: True,
}


def given_up(ledger: Ledger) -> int:
    """An opt-in that was sent, and given up as failed."""
    with ledger.recording(NOW) as entry:
        request = asked(entry)
        for state in (State.APPROVED, State.APPLYING, State.FAILED):
            sent = {"sent_at": NOW} if state is State.APPLYING else {}
            request = entry.move(request, state, actor=BOB, detail="", **sent)
    return request.id


def may_show_up(ledger: Ledger) -> bool:
    with ledger.reading() as reader:
        return reader.given_up(SettingValue.OPTED_IN, NOW - timedelta(hours=1)) is not None


@pytest.mark.parametrize("outcome", MAY_SHOW_UP)
@pytest.mark.parametrize("said", [*(f"{outcome}: said" for outcome in WriteOutcome), "", "Accepted."])
def test_the_column_decides_whatever_the_sentence_says(
    ledger: Ledger, outcome: WriteOutcome | None, said: str
) -> None:
    number = given_up(ledger)
    if outcome is not None:
        with ledger.recording(NOW) as entry:
            entry.attempt(entry.reader.request(number), "answered", detail=said, outcome=outcome)
    with ledger.reading() as reader:
        assert reader.last_outcome(number) is outcome
    assert may_show_up(ledger) is MAY_SHOW_UP[outcome]


@pytest.mark.parametrize("outcome", WriteOutcome)
def test_an_answer_of_the_first_edition_is_read_as_it_was_written(
    ledger: Ledger, outcome: WriteOutcome
) -> None:
    """Its bot inserts no outcome, and its events have none; it may do so beside this one."""
    number = given_up(ledger)
    values = {
        "step": "answered",
        "client_request_id": "c-1",
        "value": None,
        "detail": f"{outcome}: It said so.",
    }
    with ledger.recording(NOW) as entry:
        entry.connection.execute(
            insert(attempts).values(tenant_id=TENANT, request_id=number, at=NOW, **values)
        )
        entry.record("attempt", "bot", values, number)
    with ledger.reading() as reader:
        assert reader.last_outcome(number) is outcome
        assert request_differences(reader.connection, TENANT, number)[0] == []
    assert may_show_up(ledger) is MAY_SHOW_UP[outcome]
    assert list(differences(ledger.database, TENANT)) == []


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        ("sending", "accepted: x"),
        ("read_back", "unknown: x"),
        ("answered", "accepted"),
        ("answered", "Taken: x"),
        ("answered", ""),
    ],
)
def test_no_other_text_is_taken_for_an_outcome(step: str, detail: str) -> None:
    assert first_edition.outcome(step, detail) is None


def test_the_event_carries_it(ledger: Ledger) -> None:
    number = given_up(ledger)
    with ledger.recording(NOW) as entry:
        entry.attempt(entry.reader.request(number), "answered", detail="No.", outcome=WriteOutcome.REFUSED)
        entry.attempt(entry.reader.request(number), "read_back", value=SettingValue.OPTED_OUT)
    with ledger.reading() as reader:
        told = [event.payload["outcome"] for event in reader.events() if event.kind == "attempt"]
    assert told == ["refused", None]
