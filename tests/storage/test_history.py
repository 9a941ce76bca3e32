"""History pages by number: nothing twice, nothing left out, whatever is added meanwhile, and by an index."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from storage.engine import Database
from storage.errors import Conflict, NoSuchRequest
from storage.ledger import Ledger
from storage.lifecycle import Kind, State
from storage.records import Observation, SettingValue
from tests.storage.states import ALICE, BOB, CAROL, NOW, TENANT, approve, asked, brought_to, opened


@pytest.fixture
def twelve(ledger: Ledger) -> list[int]:
    """Twelve changes of ours, each followed by one of a neighbour."""
    numbers = []
    for _ in range(12):
        numbers.append(opened(ledger, Kind.OUTSIDE).id)
        opened(Ledger(ledger.database, "another"), Kind.OUTSIDE)
    return numbers


def pages(ledger: Ledger, limit: int) -> list[list[int]]:
    found: list[list[int]] = []
    with ledger.reading() as reader:
        while page := reader.page(before=found[-1][-1] if found else None, limit=limit):
            found.append([request.id for request in page])
    return found


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_pages_put_together_are_the_whole_newest_first(limit: int, ledger: Ledger, twelve: list[int]) -> None:
    found = pages(ledger, limit)
    assert [number for page in found for number in page] == twelve[::-1]
    assert {len(page) for page in found[:-1]} <= {limit}


def test_what_is_added_meanwhile_moves_no_page(ledger: Ledger, twelve: list[int]) -> None:
    with ledger.reading() as reader:
        first = [request.id for request in reader.page(limit=5)]
        opened(ledger, Kind.OUTSIDE)
        second = [request.id for request in reader.page(before=first[-1], limit=5)]
    assert first + second == twelve[::-1][:10]


def test_a_page_before_the_first_is_empty(ledger: Ledger, twelve: list[int]) -> None:
    with ledger.reading() as reader:
        assert reader.page(before=twelve[0]) == []


def test_another_tenants_changes_are_neither_paged_nor_found(ledger: Ledger, twelve: list[int]) -> None:
    with Ledger(ledger.database, "a third").reading() as reader:
        assert reader.page() == []
        with pytest.raises(NoSuchRequest):
            reader.request(twelve[0])


def test_a_page_is_found_along_an_index_without_sorting(ledger: Ledger, twelve: list[int]) -> None:
    def look() -> None:
        with ledger.reading() as reader:
            assert len(reader.history.numbers(limit=5)) == 5
            assert reader.history.numbers(before=twelve[0], limit=5) == []

    statements = _statements(ledger.database.engine, look)
    assert len(statements) == 2
    for statement, parameters in statements:
        plan = _plan(ledger.database, statement, parameters)
        assert "sort" not in plan.lower(), plan
        assert "temp b-tree" not in plan.lower(), plan
        assert "ix_change_requests_page" in plan, plan
        # which SQLAlchemy spells out for SQLite
        assert "offset" not in statement.lower() or parameters[-1] == 0


def test_what_is_to_be_looked_up_is_found_by_its_index(ledger: Ledger) -> None:
    def look() -> None:
        with ledger.reading() as reader:
            reader.attributable(NOW)

    ((statement, parameters),) = _statements(ledger.database.engine, look)
    assert "ix_change_requests_attributable" in _plan(ledger.database, statement, parameters)


def _statements(engine: Engine, deed: object) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert callable(deed)
        deed()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [(statement, parameters) for statement, parameters in seen if "FROM change_requests" in statement]


def _plan(database: Database, statement: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.read() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET enable_seqscan = off"))  # a table of a page is read whole otherwise
            connection.execute(text("SET enable_bitmapscan = off"))
        return "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))


def test_votes_attempts_and_the_reason_are_told_in_the_order_of_recording(ledger: Ledger) -> None:
    request = opened(ledger)
    with ledger.recording(NOW) as entry:
        for person in (BOB, CAROL):
            request = approve(entry, request, person_id=person)
        for step, value in (("sending", None), ("answered", None), ("read_back", SettingValue.OPTED_IN)):
            entry.attempt(request, step, value=value, client_request_id="c-1", detail=f"{step}!")
    with ledger.reading() as reader:
        assert [vote.person_id for vote in reader.decisions([request.id])] == [BOB, CAROL]
        told = [(attempt.step, attempt.value, attempt.detail) for attempt in reader.attempts([request.id])]
        assert reader.decisions([]) == reader.attempts([]) == []
        assert reader.reason_given(request.id) is None
    assert told == [
        ("sending", None, "sending!"),
        ("answered", None, "answered!"),
        ("read_back", SettingValue.OPTED_IN, "read_back!"),
    ]


def test_a_rejection_is_given_its_reason_once(ledger: Ledger) -> None:
    rejected = brought_to(ledger, State.REJECTED)
    with ledger.recording(NOW) as entry:
        entry.give_reason(rejected.id, person_id=BOB, reason="Too long")
    with pytest.raises(Conflict, match="already"), ledger.recording(NOW) as entry:
        entry.give_reason(rejected.id, person_id=CAROL, reason="Another")
    with ledger.reading() as reader:
        assert reader.reason_given(rejected.id) == (BOB, "Too long")
        assert reader.request(rejected.id).version == rejected.version + 1
        assert [event.kind for event in reader.events()][-1] == "reason_given"


def test_a_request_says_who_asked_for_what_exactly(ledger: Ledger) -> None:
    born = opened(ledger, reason="Zürich 🖨 <!channel>\n\u202e", clients="'; DROP TABLE decisions; --")
    with ledger.reading() as reader:
        assert reader.request(born.id) == born
    assert (born.requester_id, born.reason, born.tenant_id) == (ALICE, "Zürich 🖨 <!channel>\n\u202e", TENANT)
    assert born.clients == "'; DROP TABLE decisions; --"


def test_the_safe_direction_is_ready_first(ledger: Ledger) -> None:
    opting_in = brought_to(ledger, State.APPROVED)
    opting_out = opened(ledger, Kind.OPT_OUT)
    with ledger.reading() as reader:
        assert [request.id for request in reader.ready(NOW)] == [opting_out.id, opting_in.id]


def test_readings_tell_the_newest_the_newest_value_and_how_often_it_failed(ledger: Ledger) -> None:
    failed = Observation(NOW, None, None, None, "timed out")
    good = Observation(NOW, SettingValue.NOT_SET, True, "contoso.onmicrosoft.com", None)
    refused = Observation(NOW, None, None, None, "access denied")
    with ledger.recording(NOW) as entry:
        for seen in (failed, good, failed, refused, refused):
            entry.holding.observe(seen)
    twice = replace(refused, first_at=NOW, count=2)
    with ledger.reading() as reader:
        assert reader.readings.newest_observation() == twice
        assert reader.readings.newest_observation(readable=True) == good
        assert reader.readings.failed_observations(10) == [twice, failed]
        assert reader.readings.failed_observations(1) == [twice]


def test_the_organisation_and_the_rule_are_kept(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        for name in ("contoso.onmicrosoft.com", "another.onmicrosoft.com"):
            entry.holding.keep_organization(name)
        for digest in ("a" * 64, "b" * 64):
            entry.holding.keep_rule(digest, {"approvers": [BOB]})
    with ledger.reading() as reader:
        assert reader.holding.organization() == "contoso.onmicrosoft.com"
        rule = reader.holding.rule()
        assert rule is not None
        assert (rule.digest, rule.since, rule.is_first) == ("b" * 64, NOW, False)
        assert [event.kind for event in reader.events()] == ["organization", "rule", "rule"]


def test_the_place_of_an_open_wish_is_told(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        assert entry.reader.open_request() is None
        wished = asked(entry)
        asked(entry, Kind.OPT_OUT)
        assert entry.reader.open_request() == wished
