"""What is owed and was overtaken is told by what its notice says in facts and by its whole key, not by how a
key begins."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.outgoing.notices import (
    enqueue_outage,
    enqueue_recovery,
    enqueue_unposted,
    enqueue_word,
    is_unposted,
)
from handlers.ports import Unavailable
from storage.messages.records import Notice, NoticeKind
from tests.handlers.driver import ALICE, House

SINCE = datetime(2026, 11, 23, 10, tzinfo=UTC)


def told(house: House) -> list[str]:
    return [facts["what"] for facts in house.board.announced]


@pytest.mark.parametrize("first_edition", [True, False])
def test_the_end_of_an_outage_waits_for_the_word_on_its_beginning(
    house: House, *, first_edition: bool
) -> None:
    """A notice of the first edition does not say which outage is over: there it is the newest."""
    house.board.fail("announce", Unavailable("Slack is down.", retry_after=30))
    with house.ledger.recording(house.clock.at) as entry:
        enqueue_outage(entry, SINCE, "Exchange did not answer.")
    house.deliver()
    with house.ledger.recording(house.clock.at) as entry:
        if first_edition:
            entry.outbox.owe(NoticeKind.CHANNEL, f"readable:{SINCE.isoformat()}", facts={"what": "readable"})
        else:
            enqueue_recovery(entry, SINCE)
    house.deliver()
    assert told(house) == []
    for _ in range(4):
        house.clock.advance(seconds=31)
        house.deliver()
    assert told(house) == ["unreadable", "readable"]


def test_the_end_of_an_outage_waits_for_no_other_one(house: House) -> None:
    with house.ledger.recording(house.clock.at) as entry:
        entry.outbox.owe(
            NoticeKind.CHANNEL,
            "unreadable:another",
            facts={"what": "unreadable"},
            due_at=house.clock.at + timedelta(hours=1),
        )
        enqueue_recovery(entry, SINCE)
    house.deliver()
    assert told(house) == ["readable"]


def test_only_the_word_on_its_own_request_is_given_up_once_that_is_posted(house: House) -> None:
    request = house.ask(ALICE)
    house.deliver()
    with house.ledger.recording(house.clock.at) as entry:
        enqueue_unposted(entry, request, "It could not be posted.")
        enqueue_word(entry, f"unposted:{request.id}0", ALICE, "About another.", request.id)
    house.deliver()
    assert [said.text for said in house.board.said if "posted" in said.text or "another" in said.text] == [
        "About another."
    ]


@pytest.mark.parametrize(
    ("number", "key", "expected"),
    [
        (7, "answer:unposted:7", True),
        (7, "answer:unposted:70", False),
        (70, "answer:unposted:7", False),
        (None, "answer:x", False),
    ],
)
def test_its_whole_key_tells_it(house: House, number: int | None, key: str, *, expected: bool) -> None:
    notice = Notice(1, "t", NoticeKind.ANSWER, key, number, ALICE, None, {}, 0, house.clock.at)
    assert is_unposted(notice) is expected
