"""What the database says and the record does not is not acted on, is told once, and stops nothing else, least
an opt-out."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.changes.disagreement_watch import Watch
from handlers.changes.record_disagreements import Subject
from handlers.policy.votes import content_digest
from storage.lifecycle import State
from storage.records import SettingValue
from storage.schema import guards
from tests.handlers.attacks import stored, tamper, unguard
from tests.handlers.driver import ALICE, BOB, NOW, RULE, TENANT, House
from tests.sentences import says
from tests.storage.states import asked

IN, OUT = SettingValue.OPTED_IN, SettingValue.OPTED_OUT
FAR = "2076-01-01 00:00:00.000000"


def watch(house: House) -> str | None:
    """One look of the watch over the record; returns what ``/readyz`` says of it."""
    said: list[str | None] = []
    Watch(house.context, house.dispatch.optouts, said.append).look()
    return said[-1]


def alarms(house: House, subject: Subject | None = None) -> list[dict[str, str]]:
    """What the channel was told of disagreements."""
    house.deliver()
    told = [facts for facts in house.board.announced if facts["what"] == "disagreement"]
    return [dict(facts) for facts in told if subject in (None, Subject(facts["subject"]))]


def approved(house: House, kind: str = "opt_in", **filled: Any) -> int:
    number = house.ask(ALICE, kind=kind, **filled).id
    house.approve(BOB, number)
    return number


def opted_in(house: House) -> int:
    """A tenant whose opt-in was asked for, approved, made and seen."""
    house.observe()
    number = approved(house)
    house.run()
    house.observe()
    assert house.request(number).state is State.APPLIED
    return number


def written(house: House) -> list[SettingValue]:
    return [write.value for write in house.tenant.writes]


def still_opts_out(house: House) -> None:
    """Whatever was found, an opt-out goes through, by the person who asks for it."""
    opt_out = house.opt_out(ALICE)
    house.work()
    assert (house.request(opt_out.id).state, written(house)[-1:]) == (State.APPLIED, [OUT])


OF_A_REQUEST = {
    "requester_id": "'U0MALLORY'", "requester_enterprise_id": "'E0MALLORY'", "door": "'bot'",
    "reason": "'another'", "clients": "'another'", "protocols": "'imap4'", "from_value": "'opted out'",
    "window_end": f"'{FAR}'", "rule_digest": "'another'", "created_at": "'2026-11-23 11:59:00.000000'",
    "expires_at": f"'{FAR}'", "sent_at": "'2026-11-23 11:59:00.000000'",
    "settled_at": "'2026-11-23 11:59:00.000000'", "kind": "'extension'",
}  # fmt: skip
OF_A_DECISION = {
    "person_id": "'U0CAROL'", "door": "'reaction'", "voted_at": "'2026-11-23 11:59:00.000000'",
    "recorded_at": "'2026-11-23 11:59:00.000000'", "tenant_id": "'another'",
}  # fmt: skip


@pytest.mark.parametrize("column", OF_A_REQUEST)
def test_an_altered_request_is_never_made(house: House, column: str) -> None:
    house.observe()
    number = approved(house)
    tamper(
        house.database, f"UPDATE change_requests SET {column} = {OF_A_REQUEST[column]} WHERE id = {number}"
    )
    house.run()
    house.work()
    assert (written(house), house.request(number).state is State.APPLIED) == ([], False)
    house.clock.advance(minutes=5)
    still_opts_out(house)


@pytest.mark.parametrize("column", OF_A_DECISION)
def test_an_altered_vote_makes_nothing(house: House, column: str) -> None:
    number = approved(house)
    tamper(
        house.database, f"UPDATE decisions SET {column} = {OF_A_DECISION[column]} WHERE request_id = {number}"
    )
    house.run()
    assert (written(house), house.request(number).state) == ([], State.STALE)
    (told,) = alarms(house)
    assert (told["subject"], told["request"]) == (Subject.STOPPED, str(number))
    assert f"decisions 1: {column}" in told["places"]
    still_opts_out(house)


ELSEWHERE = {
    "baselines": {"value": "'opted out'", "window_end": f"'{FAR}'", "since": "'2026-01-01 00:00:00.000000'"},
    "rules": {"since": "'2026-01-01 00:00:00.000000'", "body": "'{}'"},
}


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, columns in ELSEWHERE.items() for column in columns]
)
def test_what_an_opt_in_is_judged_by_has_to_agree(house: House, table: str, column: str) -> None:
    house.observe()
    before = stored(house.database, table, column, f"tenant_id = '{TENANT}'")
    number = approved(house)
    tamper(house.database, f"UPDATE {table} SET {column} = {ELSEWHERE[table][column]}")
    house.run()
    assert (written(house), house.request(number).state) == ([], State.APPROVED)
    assert says("does_not_agree_with_the_record") in house.request(number).detail
    house.run()
    house.deliver()
    assert len(alarms(house)) == 1
    assert f"{table} " in str(watch(house))
    tamper(house.database, f"UPDATE {table} SET {column} = {before}")
    house.clock.advance(minutes=3)
    house.run()
    assert written(house) == [IN]


def test_an_opt_out_sets_a_baseline_right_that_did_not_agree(house: House) -> None:
    house.observe()
    tamper(house.database, f"UPDATE baselines SET window_end = '{FAR}', value = 'opted in'")
    assert watch(house)
    still_opts_out(house)
    house.clock.advance(days=2)
    assert watch(house) is None


def test_a_restart_records_a_rule_anew_whose_row_did_not_agree(house: House) -> None:
    tamper(house.database, "UPDATE rules SET since = '2026-01-01 00:00:00.000000'")
    house.start(RULE)
    approved(house)
    house.run()
    assert written(house) == [IN]


PLANTED = """INSERT INTO change_requests (tenant_id, kind, requester_id, door, reason, clients, protocols, \
from_value, to_value,
    window_end, rule_digest, created_at, expires_at, state, version, detail)
    VALUES ('{tenant}', '{kind}', 'U0ALICE', 'command', 'x', 'y', 'smtp-auth', 'not set', '{to}', '{end}', \
'{rule}', '{now}',
    '{end}', '{state}', 1, '')"""
VOTE = """INSERT INTO decisions (tenant_id, request_id, person_id, vote, door, digest, voted_at, recorded_at)
    VALUES ('{tenant}', {number}, '{person}', 'approve', 'button', '{digest}', '{now}', '{now}')"""
AT = f"{NOW:%Y-%m-%d %H:%M:%S.%f}"


def plant(house: House, state: str, kind: str = "opt_in", to: str = "opted in") -> int:
    """A request from nowhere, with the guards in force: they refuse no new row."""
    row = {
        "tenant": TENANT,
        "kind": kind,
        "to": to,
        "end": FAR,
        "rule": house.context.rule.digest,
        "now": AT,
        "state": state,
    }
    with house.database.write() as connection:
        connection.exec_driver_sql(PLANTED.format(**row))
    return house.newest().id


def vote_for(house: House, number: int, person: str) -> None:
    """A vote from nowhere, on exactly the content there is."""
    digest = content_digest(house.request(number), house.context.rule.digest)
    with house.database.write() as connection:
        connection.exec_driver_sql(
            VOTE.format(tenant=TENANT, number=number, person=person, digest=digest, now=AT)
        )


@pytest.mark.parametrize("state", ["approved", "applying", "uncertain", "pending", "applied"])
@pytest.mark.parametrize("kind", ["opt_in", "extension"])
def test_a_request_from_nowhere_is_never_made_and_sets_no_window(house: House, kind: str, state: str) -> None:
    house.tenant.value = IN if kind == "extension" else SettingValue.NOT_SET
    house.observe()
    number = plant(house, state, kind)
    vote_for(house, number, BOB)
    for _ in range(3):
        house.run()
        watch(house)
        house.clock.advance(minutes=3)
        house.observe()
    assert written(house) == []
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.window_end is None
    house.tenant.value = IN  # by hand, as whoever planted it would: no window is there to be believed
    house.observe()
    house.run()
    baseline = house.baseline()
    assert baseline is not None
    assert baseline.window_end is None
    still_opts_out(house)


def test_a_pending_request_from_nowhere_keeps_nobody_from_asking(house: House) -> None:
    number = plant(house, "pending")
    assert "change_requests" in str(watch(house))
    watch(house)
    assert house.request(number).state is State.STALE
    assert len(alarms(house)) == 1
    assert house.ask(ALICE).state is State.PENDING


@pytest.mark.parametrize("column", ["kind", "door", "to_value", "state"])
def test_a_damaged_request_keeps_nobody_from_asking(house: House, column: str) -> None:
    number = house.ask(ALICE).id
    tamper(house.database, f"UPDATE change_requests SET {column} = 'nonsense' WHERE id = {number}")
    assert watch(house)
    assert [told["subject"] for told in alarms(house)] == [Subject.SET_ASIDE]
    assert house.ask(ALICE).state is State.PENDING


def test_an_opt_out_that_would_opt_in_is_not_made(house: House) -> None:
    with house.database.write() as connection:
        row = {
            "tenant": TENANT,
            "kind": "opt_out",
            "to": "opted in",
            "end": FAR,
            "rule": "x",
            "now": AT,
            "state": "approved",
        }
        connection.exec_driver_sql(PLANTED.format(**row))
    for _ in range(2):
        house.run()
        watch(house)
    assert written(house) == []
    still_opts_out(house)


DAMAGE = (
    "UPDATE decisions SET vote = 'aye'",
    "UPDATE change_requests SET door = 'window' WHERE kind = 'opt_in'",
    "UPDATE attempts SET value = 'on'",
    "UPDATE observations SET value = 'on', at = 'never'",
    "UPDATE notices SET facts = '{', delivered_at = NULL",
    "UPDATE baselines SET value = 'on'",
    "UPDATE cards SET drawn_version = 'x'",
    "UPDATE rules SET since = 'then'",
    "UPDATE inbox SET payload = '{', done_at = NULL, claimed_until = 0",
    "UPDATE inbox SET payload = '{}', done_at = NULL, claimed_until = 0",
    "UPDATE inbox SET kind = 'nonsense', done_at = NULL, claimed_until = 0",
)


@pytest.mark.parametrize("damage", [*DAMAGE, ""])
def test_a_window_ends_beside_rows_that_cannot_be_read(house: House, damage: str) -> None:
    number = opted_in(house)
    end = house.request(number).window_end
    assert end is not None
    house.deliver()
    tamper(
        house.database,
        *([damage] if damage else [one for one in DAMAGE if "{}" not in one and "kind" not in one]),
    )
    house.clock.at = end
    for _ in range(3):
        watch(house)
        house.dispatch.optouts.end_window()
        house.run()
        house.observe()
        house.dispatch.take_up_leftovers()
    house.delivery.send_public()
    house.delivery.send_private()
    house.dispatch.history.page()
    assert written(house) == [IN, OUT]
    assert watch(house)


def test_what_cannot_be_read_is_said_once_and_settled(house: House) -> None:
    house.ask(ALICE)
    house.deliver()
    house.opt_out(ALICE)
    tamper(house.database, "UPDATE notices SET facts = '{' WHERE delivered_at IS NULL AND kind = 'answer'")
    for _ in range(3):
        assert "notices" in str(watch(house))
        house.deliver()
    assert len(alarms(house, Subject.UNREADABLE)) == 1
    house.clock.advance(days=2)
    assert watch(house) is None


def test_a_window_longer_than_the_rule_allows_is_not_opened_even_where_the_record_says_so(
    house: House,
) -> None:
    """Whoever can forge the record as well finds the rule in the way."""
    house.observe()
    with house.ledger.recording(house.clock()) as entry:
        rule = house.context.rule
        request = asked(entry, window_end=house.clock() + timedelta(days=300), rule_digest=rule.digest)
        assert request.state is State.PENDING
    house.approve(BOB, request.id)
    house.run()
    assert (written(house), house.request(request.id).state) == ([], State.STALE)
    assert says("later_than_the_rule_allows") in house.request(request.id).detail


def test_without_a_guard_nothing_is_opted_in_and_every_opt_out_goes_on(both: House) -> None:
    both.observe()
    number = approved(both)
    unguard(both.database)
    for _ in range(2):
        assert says("guards_of_the_record_are_missing_2") in str(watch(both))
        both.run()
        both.clock.advance(minutes=3)
    assert (written(both), both.request(number).state) == ([], State.APPROVED)
    assert says("guards_of_the_record_are_missing") in both.request(number).detail
    both.deliver()
    assert len([facts for facts in both.board.announced if facts["what"] == "guards"]) == 1
    with both.database.write() as connection:
        guards.put_back(connection)
    assert watch(both) is None
    both.run()
    assert written(both) == [IN]
    both.deliver()
    assert [facts["missing"] for facts in both.board.announced if facts["what"] == "guards"][1:] == [""]
    unguard(both.database)
    still_opts_out(both)


def test_an_extension_is_not_made_without_guards_nor_where_rows_disagree(house: House) -> None:
    opted_in(house)
    before = house.baseline()
    day = house.clock.at.date() + timedelta(days=50)
    number = approved(house, "extension", day=day)
    tamper(house.database, f"UPDATE change_requests SET window_end = '{FAR}' WHERE id = {number}")
    house.run()  # the vote was for other content
    watch(house)
    assert (house.baseline(), house.request(number).state) == (before, State.STALE)


def test_nothing_is_said_where_nothing_is_wrong(house: House) -> None:
    assert watch(house) is None
    opted_in(house)
    number = house.ask(ALICE, kind="extension", day=house.clock.at.date() + timedelta(days=50)).id
    house.reject(BOB, number)
    house.deliver()
    assert watch(house) is None
    house.opt_out(ALICE)
    assert watch(house) is None
    house.work()
    assert watch(house) is None
    assert alarms(house) == []
