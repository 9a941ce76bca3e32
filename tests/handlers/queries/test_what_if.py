"""What ``whatif`` foretells is what a vote then does: compared, for everybody in every state, with a vote
cast on a copy."""

import copy
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_bolt import Respond

from handlers.delivery.deliver import Delivery
from handlers.dispatch import Dispatch
from handlers.policy.rule import Reason
from handlers.queries.what_if import Foresight, Settled, WhatIfs
from handlers.slack.edge import Edge
from handlers.slack.edge_tenant import edge_tenant_of
from handlers.slack.listeners.commands import Commands
from handlers.slack.views import what_if as view
from handlers.slack.views.mrkdwn import sentence
from storage.engine import Database
from storage.inbox import Inbox
from storage.jobs.leases import Leases
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.records import Door, SettingValue, Vote
from tests.handlers.audit_log import AuditLog
from tests.handlers.changes.test_every_state_every_event import WAYS
from tests.handlers.driver import (
    ALICE,
    BOB,
    BOT_USER,
    CAROL,
    DAVE,
    ERIN,
    FRANK,
    MAIL,
    RULE,
    TENANT,
    TWO,
    House,
)
from tests.handlers.fakes import CHANNEL, UNREADABLE, member
from tests.sentences import says

EVERYBODY = (ALICE, BOB, CAROL, DAVE, ERIN, FRANK)

EVENTS: dict[str, Callable[[House, int], object]] = {
    "Bob approves by button": lambda house, number: house.approve(BOB, number),
    "Carol approves by reaction": lambda house, number: house.approve(CAROL, number, Door.REACTION),
    "Dave approves by button": lambda house, number: house.approve(DAVE, number),
    "Carol takes it back": lambda house, number: house.react(CAROL, number, removed=True),
    "Bob takes it back": lambda house, number: house.press("take_back", BOB, number),
    "Bob is deactivated": lambda house, number: house.workspace.change(BOB, deleted=True),
    "Carol becomes a guest": lambda house, number: house.workspace.change(CAROL, is_guest=True),
    "Dave leaves the group": lambda house, number: house.workspace.groups.update({MAIL: []}),
    "the group is silent": lambda house, number: house.workspace.silent.add(MAIL),
    "Bob cannot be looked up": lambda house, number: house.workspace.silent.add(BOB),
    "Alice and Dave are one person": lambda house, number: one_person(house, ALICE, DAVE),
    "Bob and Carol are one person": lambda house, number: one_person(house, BOB, CAROL),
    "three are needed, and the card shows it": lambda house, number: (
        house.start(replace(TWO, approvals_required=3)),
        house.deliver(),
    ),
    "one is needed, and the card does not show it yet": lambda house, number: house.start(RULE),
    "another copy runs with another rule": lambda house, number: another_rule(house),
    "a day passes": lambda house, number: house.clock.advance(hours=25),
    "an hour passes": lambda house, number: house.clock.advance(hours=1),
    "Carol rejects": lambda house, number: house.reject(CAROL, number),
    "Alice withdraws": lambda house, number: house.press("withdraw", ALICE, number),
}


def one_person(house: House, first: str, second: str) -> None:
    for person in (first, second):
        house.workspace.change(person, enterprise_user_id=f"W0{first}")


def another_rule(house: House) -> None:
    with house.ledger.recording(house.clock()) as entry:
        entry.holding.keep_rule(
            replace(RULE, approvals_required=9).digest, replace(RULE, approvals_required=9).body()
        )


@contextmanager
def twin_of(house: House, path: Path) -> Iterator[House]:
    """The same bot among the same people over a copy of its database."""
    path.unlink(missing_ok=True)
    source = sqlite3.connect(house.database.engine.url.database or "")
    with source:
        source.execute("VACUUM INTO ?", (str(path),))
    source.close()
    database = Database(f"sqlite:///{path}")
    twin = copy.copy(house)
    twin.database, twin.board = database, copy.deepcopy(house.board)
    twin.ledger, twin.outbox = Ledger(database, TENANT), Outbox(database, TENANT)
    twin.context = replace(house.context, ledger=twin.ledger, leases=Leases(database, "this process"))
    twin.dispatch = Dispatch(twin.context, Inbox(database, TENANT), AuditLog(), twin.board)
    twin.delivery = Delivery(twin.context, twin.outbox, twin.board)
    around = edge_tenant_of(twin.context)
    twin.edge = Edge(
        dispatch=twin.dispatch, executor=house.hands, client=house.windows, around=around, bot_user=BOT_USER
    )  # type: ignore[arg-type]
    try:
        yield twin
    finally:
        database.close()


def foretold(house: House, number: int) -> list[Foresight] | str:
    """What is foretold of everybody; a sentence where nobody can decide any more."""
    try:
        return house.dispatch.query(WhatIfs).would(number, EVERYBODY, ERIN)
    except Settled as settled:
        return str(settled)


def compare(house: House, number: int, room: Path) -> None:
    """Cast a vote of each person on a copy and see whether it does what was foretold."""
    before, seen = house.request(number), house.events()
    found = foretold(house, number)
    assert (house.events(), house.request(number)) == (seen, before)
    if isinstance(found, str):
        for person in EVERYBODY:
            with twin_of(house, room / "copy.db") as twin:
                twin.approve(person, number)
                assert twin.votes(number) == house.votes(number)
                assert twin.request(number).state in (before.state, State.EXPIRED)
        return
    for one in found:
        with twin_of(house, room / "copy.db") as twin:
            heard = len(twin.answers(one.person))
            twin.approve(one.person, number)
            cast = [
                vote for vote in twin.votes(number)[len(house.votes(number)) :] if vote.vote is Vote.APPROVE
            ]
            assert [vote.person_id for vote in cast] == [one.person] * one.counts
            assert twin.request(number).state is (State.APPROVED if one.completes else State.PENDING)
            told = twin.answers(one.person)[heard:]
            # the same refusal is told once a minute
            if one.verdict.reason is not Reason.NOT_CHECKED and told:
                assert told == [one.answer or one.verdict.sentence]
        with twin_of(house, room / "copy.db") as twin:
            twin.reject(one.person, number)
            assert (twin.request(number).state is State.REJECTED) is one.verdict.allowed


@pytest.mark.parametrize("state", State)
def test_for_every_state_it_says_what_a_vote_of_everybody_would_do(
    house: House, state: State, tmp_path: Path
) -> None:
    number = WAYS[state](house)
    house.workspace.people[FRANK] = member(FRANK, team_id="T0FABRIKAM", is_stranger=True)
    compare(house, number, tmp_path)
    assert (state is State.PENDING) is not isinstance(foretold(house, number), str)


@pytest.fixture
def empty(_migrated_sqlite: Path) -> bytes:
    return _migrated_sqlite.read_bytes()


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=5))
@settings(
    max_examples=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_whatever_happened_before_it_says_what_a_vote_of_everybody_would_do(
    empty: bytes, tmp_path: Path, names: list[str]
) -> None:
    path = tmp_path / "house.db"
    path.write_bytes(empty)
    for left in (tmp_path / "house.db-wal", tmp_path / "house.db-shm"):
        left.unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    try:
        house = House(database, rule=TWO)
        house.workspace.people[FRANK] = member(FRANK, team_id="T0FABRIKAM", is_stranger=True)
        number = house.ask(ALICE).id
        house.card_ts(number)
        for name in names:
            EVENTS[name](house, number)
        compare(house, number, tmp_path)
    finally:
        database.close()


# As people see it


def ask(house: House, person: str, text: str) -> str:
    """Type the command; returns all that was said."""
    body: dict[str, Any] = {"text": text, "user_id": person, "channel_id": CHANNEL, "trigger_id": "1.2.abc"}
    Commands(house.edge).listen(lambda *a, **k: None, body, Respond(response_url=None, proxy=None, ssl=None))  # type: ignore[arg-type]
    said = house.windows.said[-1]
    return "\n".join(
        [
            said["text"],
            *(block["text"]["text"] for block in said.get("blocks", []) if block["type"] == "section"),
        ]
    )


def test_it_names_who_could_decide_who_not_why_what_is_missing_and_until_when(house: House) -> None:
    house.start(TWO)
    number = house.ask(ALICE).id
    house.approve(CAROL, number)
    events = house.events()
    told = ask(house, ERIN, f"whatif #{number}")
    assert says("whatif_needs_1_more_2_could", number=number) in told
    assert says("the_last_one_needed_4", bob=BOB) in told
    assert says("the_last_one_needed_3", dave=DAVE) in told
    assert f"• <@{CAROL}>\n" in told
    assert says("whatif_own", person=ALICE, number=number) in re.sub(r"<[^@>|]*\|(#\d+)>", r"\1", told)
    assert "24 November 2026, 12:00 UTC" in told
    assert says("whatif_still_fits") in told
    assert house.events() == events


def test_the_button_beside_approve_says_the_same(house: House) -> None:
    number = house.ask(ALICE).id
    typed = ask(house, BOB, f"whatif {number}")
    house.press("what_if", BOB, number)
    assert house.windows.said[-1]["text"] == typed.splitlines()[0]
    house.deliver()


def test_a_live_value_that_has_moved_is_told(house: House) -> None:
    number = house.ask(ALICE).id
    house.tenant.value = SettingValue.OPTED_OUT
    assert says("whatif_would_be_stale") in ask(house, BOB, f"whatif {number}")


def test_a_live_value_that_cannot_be_read_is_unknown(house: House) -> None:
    number = house.ask(ALICE).id
    house.tenant.unreadable = UNREADABLE
    told = ask(house, BOB, f"whatif {number}")
    assert says("whatif_unknown", problem=sentence(f"{UNREADABLE.sentence} {UNREADABLE.mend}")) in told
    assert says("the_last_one_needed_2", bob=BOB) in told


def test_who_asks_too_often_is_told_what_is_not_known_any_more(house: House) -> None:
    number = house.ask(ALICE).id
    reads = house.tenant.reads
    for _ in range(25):
        told = ask(house, ERIN, f"whatif {number}")
    assert house.tenant.reads - reads == 20
    assert ":grey_question:" in told


@pytest.mark.parametrize(
    "text", ["whatif", "whatif twelve", "whatif 0", "whatif -1", "whatif 1 2", "whatif ٣"]
)
def test_without_a_number_it_asks_for_one_and_names_the_open_request(house: House, text: str) -> None:
    assert view.NONE_OPEN in ask(house, ERIN, "whatif")
    number = house.ask(ALICE).id
    assert f"`/legacytls whatif {number}`" in ask(house, ERIN, text)


def test_what_is_settled_needs_nobody_or_is_nobodys_is_told(house: House) -> None:
    number = house.ask(ALICE).id
    house.reject(CAROL, number)
    assert says("whatif_rejected", number=number, person=CAROL) in ask(house, ERIN, f"whatif {number}")
    out = house.opt_out(BOB).id
    assert says("whatif_needs_nobody", number=out) in ask(house, ERIN, f"whatif {out}")
    assert says("there_is_no_change_99") in ask(house, ERIN, "whatif 99")


def test_a_guest_is_told_nothing_by_the_command_or_the_button(house: House) -> None:
    number = house.ask(ALICE).id
    house.workspace.change(ERIN, is_guest=True)
    ask(house, ERIN, f"whatif {number}")
    house.clock.advance(minutes=2)
    house.press("what_if", ERIN, number)
    assert [event.payload["what"] for event in house.events("refused")] == ["whatif", "whatif"]
    assert all("could" not in said["text"] for said in house.windows.said)


def test_four_hundred_approvers_are_looked_up_as_far_as_slack_allows_and_fit(house: House) -> None:
    crowd = tuple(f"U{number:010}" for number in range(400))
    house.workspace.people.update({person: member(person) for person in crowd})
    house.start(replace(RULE, approvers=crowd))
    number = house.ask(ALICE).id
    house.workspace.asked.clear()
    told = ask(house, ERIN, f"whatif {number}")
    assert len(house.workspace.asked) <= 55
    assert says("whatif_350_more") in told
    assert len(house.windows.said[-1]["blocks"]) <= 50
    assert all(len(line) <= 3000 for line in told.split("*Could"))
