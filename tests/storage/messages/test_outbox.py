"""A message owed is owed once, taken by one sender at a time, and owed until it is delivered or given up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from freezegun import freeze_time
from sqlalchemy import text

from storage.engine import Database
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import Card, Notice
from tests.storage.racer import racers
from tests.storage.states import BOB, NOW, TENANT, opened

CARD, RESULT = "card", "outcome"


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database, TENANT)


def owe(ledger: Ledger, *keys: str, kind: str = CARD, minutes: int = 0) -> list[bool]:
    with ledger.recording(NOW) as entry:
        return [entry.outbox.owe(kind, key, due_at=NOW + timedelta(minutes=minutes)) for key in keys]


def claim(outbox: Outbox, minutes: int = 0, *, limit: int = 16) -> list[Notice]:
    return outbox.claim(NOW + timedelta(minutes=minutes), kinds=[CARD], limit=limit)


def forget_claims(database: Database) -> None:
    """As if the time that a sender may keep a notice had passed, by the database's own clock."""
    with database.write() as connection:
        connection.execute(text("UPDATE notices SET claimed_until = claimed_until - 31000"))


def test_the_same_key_is_owed_once_for_ever(ledger: Ledger, outbox: Outbox) -> None:
    assert owe(ledger, "card:1", "card:1", "card:2") == [True, False, True]
    assert owe(ledger, "card:1") == [False]
    for notice in claim(outbox):
        outbox.delivered(notice, now=NOW)
    assert owe(ledger, "card:1") == [False]
    assert claim(outbox) == []


def test_two_tenants_owe_the_same_key_each(ledger: Ledger) -> None:
    assert owe(ledger, "card:1") == [True]
    assert owe(Ledger(ledger.database, "another"), "card:1") == [True]
    assert len(claim(Outbox(ledger.database, "another"))) == 1


def test_a_notice_comes_back_as_it_was_owed(ledger: Ledger, outbox: Outbox) -> None:
    facts = {"text": "Zürich <&> 🖨", "value": "opted in"}
    with ledger.recording(NOW) as entry:
        entry.outbox.owe(CARD, "k", request_id=1, recipient=BOB, channel="C0TLS", facts=facts)
    (notice,) = claim(outbox)
    assert notice == Notice(notice.id, TENANT, CARD, "k", 1, BOB, "C0TLS", facts, 0, NOW)


def test_what_is_taken_is_nobody_elses(ledger: Ledger, outbox: Outbox, database: Database) -> None:
    owe(ledger, "a", "b")
    assert [notice.key for notice in claim(outbox)] == ["a", "b"]
    assert claim(outbox) == []
    assert claim(Outbox(database, TENANT)) == []


def test_a_sender_that_died_gives_its_notices_back_when_its_time_is_over(
    ledger: Ledger, outbox: Outbox
) -> None:
    owe(ledger, "a")
    (first,) = claim(outbox)
    forget_claims(ledger.database)
    assert claim(outbox) == [first]


def test_what_was_taken_before_the_databases_clock_was_set_back_is_taken_up_too(
    ledger: Ledger, outbox: Outbox
) -> None:
    owe(ledger, "a")
    (first,) = claim(outbox)
    with ledger.database.write() as connection:
        connection.execute(text("UPDATE notices SET claimed_until = claimed_until + 3600000"))
    assert claim(outbox) == [first]
    assert claim(outbox) == []


def test_a_process_whose_clock_is_wrong_takes_nothing_from_others(ledger: Ledger, outbox: Outbox) -> None:
    owe(ledger, "a")
    claim(outbox)
    with freeze_time("2036-01-01"):
        assert claim(outbox, minutes=5_000_000) == []


def test_many_senders_at_once_share_without_overlap(ledger: Ledger, migrated_database_url: str) -> None:
    owe(ledger, *(f"k{number}" for number in range(60)))

    def send(_: int) -> list[int]:
        own = Database(migrated_database_url)
        try:
            return [notice.id for _ in range(4) for notice in claim(Outbox(own, TENANT), limit=5)]
        finally:
            own.close()

    with ThreadPoolExecutor(6) as pool:
        taken = [number for found in pool.map(send, range(6)) for number in found]
    taken += [notice.id for _ in range(12) for notice in claim(Outbox(ledger.database, TENANT), limit=5)]
    assert len(taken) == len(set(taken)) == 60


def test_many_processes_at_once_share_without_overlap(ledger: Ledger, migrated_database_url: str) -> None:
    with racers(migrated_database_url, 3) as senders:
        for number in range(5):
            owe(ledger, *(f"{number}:{key}" for key in range(10)))
            answers = senders.all("claim", TENANT)
            taken = [word for answer in answers for word in answer.split()[1:]]
            assert len(taken) == len(set(taken)) == 10


def test_what_is_not_due_waits_and_the_earliest_due_goes_first(ledger: Ledger, outbox: Outbox) -> None:
    owe(ledger, "late", minutes=10)
    owe(ledger, "early", minutes=5)
    assert claim(outbox, minutes=4) == []
    assert [notice.key for notice in claim(outbox, minutes=5)] == ["early"]
    forget_claims(ledger.database)
    assert [notice.key for notice in claim(outbox, minutes=10, limit=1)] == ["early"]


def test_only_the_kinds_asked_for_are_taken(ledger: Ledger, outbox: Outbox) -> None:
    owe(ledger, "card:1")
    owe(ledger, "of the outcome", kind=RESULT)
    assert [notice.key for notice in outbox.claim(NOW, kinds=[RESULT])] == ["of the outcome"]
    assert outbox.claim(NOW, kinds=[]) == []


def test_a_postponed_notice_is_due_again_then_and_counts_its_tries(ledger: Ledger, outbox: Outbox) -> None:
    owe(ledger, "a")
    for tries in range(3):
        (notice,) = claim(outbox, minutes=tries * 5)
        assert notice.tries == tries
        outbox.postponed(notice, due_at=NOW + timedelta(minutes=tries * 5 + 5), problem="channel_not_found")
        assert claim(outbox, minutes=tries * 5 + 4) == []


def test_an_abandoned_notice_is_owed_no_more_and_keeps_why(ledger: Ledger, outbox: Outbox) -> None:
    owe(ledger, "a")
    (notice,) = claim(outbox)
    outbox.abandoned(notice, now=NOW, problem="user_not_found")
    forget_claims(ledger.database)
    assert claim(outbox, minutes=60) == []
    assert outbox.oldest_owed(NOW) is None
    with ledger.database.read() as connection:
        assert connection.execute(text("SELECT problem FROM notices")).scalar() == "user_not_found"


def test_a_delivered_notice_stays_delivered_whatever_a_slow_sender_says_later(
    ledger: Ledger, outbox: Outbox
) -> None:
    owe(ledger, "a")
    (slow,) = claim(outbox)
    forget_claims(ledger.database)
    (quick,) = claim(outbox)
    outbox.delivered(quick, now=NOW, channel="C0TLS", ts="1.1")
    outbox.postponed(slow, due_at=NOW, problem="timed out")
    assert claim(outbox, minutes=60) == []


def test_the_oldest_owed_is_told_until_it_is_delivered(ledger: Ledger, outbox: Outbox) -> None:
    assert outbox.oldest_owed(NOW) is None
    owe(ledger, "a")
    owe(ledger, "later", minutes=10)
    assert outbox.oldest_owed(NOW) == NOW
    for notice in claim(outbox):
        outbox.delivered(notice, now=NOW)
    assert outbox.oldest_owed(NOW) is None
    assert outbox.oldest_owed(NOW + timedelta(minutes=10)) == NOW


def test_where_a_message_arrived_is_told_for_its_request_and_kind(ledger: Ledger, outbox: Outbox) -> None:
    with ledger.recording(NOW) as entry:
        for kind, request_id in ((CARD, 1), (CARD, 2), (RESULT, 1)):
            entry.outbox.owe(kind, f"{kind}:{request_id}", request_id=request_id)
    for notice in outbox.claim(NOW, kinds=[CARD, RESULT]):
        outbox.delivered(notice, now=NOW, channel="C0TLS", ts=f"{notice.key}.0")
    assert outbox.posted(1, CARD, None) == [("C0TLS", "card:1.0")]
    assert outbox.posted(1, CARD, "U0ALICE") == []
    assert Outbox(ledger.database, "another").posted(1, CARD, None) == []


def test_a_card_remembers_the_newest_version_it_was_drawn_from(ledger: Ledger, outbox: Outbox) -> None:
    request = opened(ledger)
    for version in (2, 5, 3):
        outbox.keep_card(Card(request.id, "C0TLS", "1.1", version))
    outbox.keep_card(Card(request.id, "C0TLS", "2.2", 4))
    with ledger.reading() as reader:
        assert sorted((card.ts, card.drawn_version) for card in reader.messages.cards(request.id)) == [
            ("1.1", 5),
            ("2.2", 4),
        ]
        assert reader.messages.card_at("C0TLS", "1.1") == Card(request.id, "C0TLS", "1.1", 5)
        assert reader.messages.card_at("C0TLS", "3.3") is None
    with Ledger(ledger.database, "another").reading() as reader:
        assert reader.messages.card_at("C0TLS", "1.1") is None


def test_whoever_draws_a_card_that_another_drew_meanwhile_is_told(ledger: Ledger, outbox: Outbox) -> None:
    request = opened(ledger)

    def drawn(version: int, seen: int | None) -> tuple[bool, int]:
        alone = outbox.keep_card(Card(request.id, "C0TLS", "1.1", version), seen=seen)
        with ledger.reading() as reader:
            return alone, reader.messages.cards(request.id)[0].drawn_version

    assert drawn(1, None) == (True, 1)
    assert drawn(2, None) == (False, 2), "there was a copy already"
    assert drawn(5, 2) == (True, 5)
    assert drawn(5, 5) == (True, 5), "the same drawing again"
    assert drawn(3, 2) == (False, 5), "an older one that came late"
    assert drawn(7, 2) == (False, 7), "a newer one, but another came between"


def enqueue_to(ledger: Ledger, *people: str) -> None:
    with ledger.recording(NOW) as entry:
        for number, person in enumerate(people):
            entry.outbox.owe(CARD, f"{person}:{number}", recipient=person)


def test_everybody_owed_something_has_a_turn(ledger: Ledger, outbox: Outbox) -> None:
    enqueue_to(ledger, *["U0FLOOD"] * 50, BOB, "U0CAROL")
    assert {notice.recipient for notice in claim(outbox, limit=3)} == {"U0FLOOD", BOB, "U0CAROL"}
    assert [notice.key for notice in claim(outbox, limit=3)] == ["U0FLOOD:1", "U0FLOOD:2", "U0FLOOD:3"]


def test_one_of_two_senders_gets_to_what_is_new_however_many_others_are_owed(
    ledger: Ledger, outbox: Outbox
) -> None:
    enqueue_to(ledger, *(f"U0OTHER{number}" for number in range(300)), BOB)
    assert BOB in {notice.recipient for notice in outbox.claim(NOW, kinds=[CARD], limit=6, newest_first=True)}
    assert {notice.recipient for notice in claim(outbox, limit=2)} == {"U0OTHER0", "U0OTHER1"}


def test_one_of_two_senders_gets_to_what_is_new_however_much_the_same_person_is_owed(
    ledger: Ledger, outbox: Outbox
) -> None:
    enqueue_to(ledger, *[BOB] * 300)
    newest = outbox.claim(NOW, kinds=[CARD], limit=6, newest_first=True)
    assert [notice.key for notice in newest] == [f"{BOB}:{number}" for number in range(294, 300)], (
        "in the order of events"
    )
    assert [notice.key for notice in claim(outbox, limit=2)] == [f"{BOB}:0", f"{BOB}:1"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_what_waited_for_the_same_moment_nothing_is_tried_for_ever_before_the_rest(
    ledger: Ledger, outbox: Outbox, newest_first: bool
) -> None:
    owe(ledger, "a", "b", "c")
    tried, now = [], NOW
    for _ in range(6):
        first, *others = outbox.claim(now, kinds=[CARD], newest_first=newest_first)
        tried.append(first.key)
        now += timedelta(seconds=30)  # for so long Slack wants the channel to be left alone
        outbox.postponed(first, due_at=now, problem="limited")
        for other in others:
            outbox.put_off(other, until=now)
    assert tried == list("abcabc")


def test_what_waits_already_is_told_apart_from_what_is_in_hand(ledger: Ledger, outbox: Outbox) -> None:
    number, place = opened(ledger).id, {"channel": "C0TLS", "ts": "1.1"}
    other = {**place, "ts": "1.2"}
    with ledger.recording(NOW) as entry:
        assert not entry.outbox.awaits(CARD, number, place)
        entry.outbox.owe(CARD, "touched:1", request_id=number, facts=place)
        waits = [
            entry.outbox.awaits(*said)
            for said in ((CARD, number, place), (CARD, number, other), (CARD, number + 1, place))
        ]
    assert waits == [True, False, False]
    (taken,) = claim(outbox)
    with ledger.recording(NOW) as entry:
        assert not entry.outbox.awaits(CARD, number, place)
    outbox.postponed(taken, due_at=NOW, problem="busy")
    with ledger.recording(NOW) as entry:
        assert entry.outbox.awaits(CARD, number, place)
