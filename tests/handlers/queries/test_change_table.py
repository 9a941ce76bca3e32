"""The table of changes: one row each, whoever is in it with a name beside the id, and the same however often
it is read."""

import csv
import io
import tracemalloc
from dataclasses import replace
from datetime import timedelta

import pytest
from slack_bolt import Respond
from sqlalchemy import event, text

from handlers.ports import Unavailable
from handlers.queries.export import FIELDS, Exports, change_lines, nameless
from handlers.slack.client.directory import Names
from handlers.slack.listeners.commands import Commands
from storage.records import Door, SettingValue
from tests.handlers.changes.test_drift import look
from tests.handlers.driver import ALICE, BOB, CAROL, RULE, House
from tests.handlers.slack.shapes import command

KNOWN = {ALICE: "Alice", BOB: "Bob", CAROL: "Carol"}


def rows(written: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written, newline="")))


def table(house: House, **bounds: object) -> list[dict[str, str]]:
    return rows("".join(change_lines(house.ledger.database, house.ledger.tenant_id, KNOWN.get, **bounds)))  # type: ignore[arg-type]


def changed(house: House) -> None:
    """An opt-in that is applied, an opt-out, a rejected request with its reason, and one that waits."""
    number = house.ask(ALICE, reason="=HYPERLINK(1)", clients="@scanner\nof Bob").id
    house.approve(BOB, number)
    house.run()
    house.opt_out(CAROL, reason="The scanner is gone")
    house.run()
    rejected = house.ask(ALICE).id
    house.reject(BOB, rejected)
    house.submit("rejection", BOB, str(rejected), reason="+Not now")
    house.ask(ALICE)


def test_there_is_one_row_a_change_with_names_beside_ids(house: House) -> None:
    changed(house)
    found = table(house)
    assert [(row["number"], row["kind"], row["outcome"]) for row in found] == [
        ("1", "opt_in", "applied"),
        ("2", "opt_out", "applied"),
        ("3", "opt_in", "rejected"),
        ("4", "opt_in", "pending"),
    ]
    opted_in, opted_out, rejected, pending = found
    assert list(opted_in) == list(FIELDS)
    assert (opted_in["requester"], opted_in["requester_name"]) == (ALICE, "Alice")
    assert (opted_in["approvers"], opted_in["approver_names"]) == (BOB, "Bob")
    assert (opted_in["from"], opted_in["to"], opted_in["read_back"]) == ("not set", "opted in", "opted in")
    assert all(
        opted_in[name].endswith("Z") for name in ("requested_at", "approved_at", "window_end", "applied_at")
    )
    assert len(opted_in["digest"]) == 64
    assert (opted_out["requester_name"], opted_out["approvers"], opted_out["window_end"]) == ("Carol", "", "")
    assert (rejected["rejected_by"], rejected["rejected_by_name"], rejected["approvers"]) == (BOB, "Bob", "")
    given = rejected["reason_given_by"], rejected["reason_given_by_name"], rejected["reason_given"]
    assert given == (BOB, "Bob", "'+Not now")
    assert (rejected["applied_at"], rejected["settled_at"] != "") == ("", True)
    assert (pending["settled_at"], pending["applied_at"], pending["read_back"]) == ("", "", "")


def test_no_cell_is_run_whatever_people_typed_or_are_called(house: House) -> None:
    changed(house)
    written = "".join(
        change_lines(house.ledger.database, house.ledger.tenant_id, lambda person: f"\t={person}")
    )
    assert not [
        cell
        for row in rows(written)
        for cell in row.values()
        if cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    first = rows(written)[0]
    assert (first["reason"], first["devices"]) == ("'=HYPERLINK(1)", "'@scanner\nof Bob")


def test_two_votes_stand_in_one_cell_and_one_that_was_taken_back_does_not(both: House) -> None:
    both.start(replace(RULE, approvals_required=3))
    number = both.ask(ALICE).id
    both.approve(BOB, number)
    both.approve(CAROL, number, Door.REACTION)
    (found,) = table(both)
    assert (found["approvers"], found["approver_names"], found["approved_at"]) == (
        f"{BOB}; {CAROL}",
        "Bob; Carol",
        "",
    )
    both.clock.advance(seconds=1)
    both.react(CAROL, number, "white_check_mark", removed=True)
    (found,) = table(both)
    assert (found["approvers"], found["approver_names"]) == (BOB, "Bob")


def test_what_was_made_outside_is_a_row_as_well(both: House) -> None:
    look(both)
    both.tenant.value = SettingValue.OPTED_IN
    for _ in range(3):
        look(both)
    assert [(row["outcome"], row["requester"], row["requester_name"]) for row in table(both)] == [
        ("observed", "", "")
    ]


def test_days_bound_what_was_asked_for_in_them(house: House) -> None:
    changed(house)
    at = house.clock.at
    assert len(table(house, since=at - timedelta(days=1), until=at + timedelta(days=1))) == 4
    assert table(house, until=at - timedelta(days=1)) == table(house, since=at + timedelta(days=1)) == []


def test_what_happens_between_two_passes_changes_neither(both: House) -> None:
    number = both.ask(ALICE).id
    with both.dispatch.query(Exports).file(ALICE, "csv", KNOWN.__getitem__) as file:
        first = b"".join(file.pieces())
        both.approve(BOB, number)
        both.run()
        both.opt_out(CAROL)
        assert b"".join(file.pieces()) == first
        assert len(first) == file.length
    assert rows(first.decode())[0]["outcome"] == "pending"


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_the_pieces_in_which_it_is_read_do_not_show(
    both: House, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(both)
    whole = table(both)
    monkeypatch.setattr("storage.record.evidence_queries._BATCH", batch)
    assert table(both) == whole


def test_a_longer_record_takes_no_more_memory_and_each_batch_begins_where_the_last_one_ended(
    house: House,
) -> None:
    number = house.ask(ALICE).id
    with house.ledger.recording(house.clock()) as entry:
        for step in range(4000):
            entry.record("refused", ALICE, {"number": step, "because": "forty scanners " * 60}, number)
    plans: list[str] = []

    def planned(
        connection: object, cursor: object, statement: str, parameters: object, *rest: object
    ) -> None:
        if "FROM audit_events" in statement and "LIMIT" in statement:
            plans.append(statement)

    event.listen(house.ledger.database.engine, "before_cursor_execute", planned)
    tracemalloc.start()
    written = sum(len(line) for line in change_lines(house.ledger.database, house.ledger.tenant_id, nameless))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    event.remove(house.ledger.database.engine, "before_cursor_execute", planned)
    assert written < 2000
    assert most < 3_000_000  # the events are 4 MB
    plan = f"EXPLAIN QUERY PLAN {plans[-1]}".replace("?", "1")
    with house.ledger.database.read() as connection:
        assert "USING INDEX ix_audit_events_request" in str(connection.execute(text(plan)).all())


def test_what_was_tampered_with_is_handed_out_and_ends_nothing(house: House) -> None:
    changed(house)
    with house.ledger.database.engine.begin() as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE audit_events SET payload = '{' WHERE kind = 'voted'"))
        connection.execute(
            text("UPDATE audit_events SET payload = '[7]' WHERE kind = 'request_opened' AND request_id = 2")
        )
    assert [row["number"] for row in table(house)] == ["1", "2", "3", "4"]


def say(house: House, said: str) -> None:
    respond = Respond(response_url=None, proxy=None, ssl=None)
    Commands(house.edge).listen(lambda *a, **k: None, command(ALICE, said), respond)  # type: ignore[arg-type]


def test_in_slack_each_person_is_asked_for_once_for_the_whole_file(house: House) -> None:
    changed(house)
    say(house, "export csv")
    file = next(said for said in house.windows.said if "content" in said)
    assert len(file["content"]) == file["length"]
    assert rows(file["content"].decode())[0]["requester_name"] == "'=Alice"
    assert sorted(house.windows.looked_up) == sorted([ALICE, BOB, CAROL])
    house.windows.looked_up.clear()
    say(house, "export")
    assert house.windows.looked_up == []


class Away:
    """A client of a Slack that answers about nobody."""

    def __init__(self, trouble: Unavailable) -> None:
        self.trouble, self.asked = trouble, 0

    def users_info(self, *, user: str) -> None:
        self.asked += 1
        raise self.trouble


@pytest.mark.parametrize(
    ("trouble", "times"),
    [
        (Unavailable("Slack asks the bot to slow down.", code="ratelimited"), 1),
        (Unavailable("The token lacks a scope.", retryable=False, code="missing_scope"), 1),
        (Unavailable("Slack does not know this person.", retryable=False, code="user_not_found"), 3),
    ],
)
def test_where_slack_cannot_be_asked_names_are_empty_and_nobody_else_is_asked_for(
    house: House, trouble: Unavailable, times: int
) -> None:
    changed(house)
    away = Away(trouble)
    names = Names(away)  # type: ignore[arg-type]
    for _ in range(2):
        found = rows("".join(change_lines(house.ledger.database, house.ledger.tenant_id, names)))
        assert {row["requester_name"] + row["approver_names"] + row["rejected_by_name"] for row in found} == {
            ""
        }
        assert found[0]["requester"] == ALICE
    assert away.asked == times
