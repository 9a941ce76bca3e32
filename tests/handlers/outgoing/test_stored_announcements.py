"""What lies in a database of version 0.1.0 is read and said as it was meant: every announcement, as that
version wrote it."""

from dataclasses import fields
from typing import get_args

import pytest

from handlers.outgoing.announcement import read
from handlers.outgoing.announcement_view import (
    BY_KIND,
    AnyAnnouncement,
    Offer,
    announcement_of,
    facts_of,
    offer_of,
)
from handlers.outgoing.device_news import DeviceDue
from handlers.outgoing.reminders import REMINDERS, Scheduled
from storage.messages.records import NoticeKind
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.saying import announcement

AT, END = "2026-11-23T10:00:00+00:00", "2026-12-28T23:00:00+00:00"

OFFERED = {"series": "weekly:x", "ends": END, "snooze": "14", "done": ""}

STORED = [
    {"what": "ending", "slot": "ending:x:7", "end": END, "days": "7", "request": "1", "tonight": ""},
    {"what": "ending", "slot": "ending:x:1", "end": END, "days": "1", "request": "", "tonight": "yes"},
    {"what": "weekly", "slot": "weekly:x:1", "since": AT, "end": END, "request": "1", **OFFERED},
    {"what": "weekly", "slot": "weekly:x:1", "since": AT, "end": "", "request": ""},
    {"what": "milestone", "slot": "milestone:a:2026-12:30", "display": "end of December 2026",
     "effect": "It ends.", "notice": "MC1", "near": "perhaps within a month", "series": "milestone:a:2026-12",
     "ends": END, "snooze": "3", "done": "yes"},
    {"what": "certificate", "slot": "c", "expires": END, "series": "certificate:x", "ends": END, "snooze": "",
        "done": ""},
    {"what": "secret", "slot": "s", "expires": END, "series": "secret:x", "ends": END, "snooze": "3",
        "done": ""},
    {"what": "freshness", "slot": "f", "warning": "Old.", "series": "f", "ends": "", "snooze": "7",
        "done": "yes"},
    {"what": "nudge", "slot": "nudge:1:3", "request": "1", "requester": ALICE, "lapses": END,
     "waiting_for": f"{BOB},S0MAIL", "others": "", "away": "yes"},
    {"what": "approvers", "slot": "a", "eligible": "1", "needed": "2", "series": "a", "ends": "",
        "snooze": "7", "done": ""},
    {"what": "approvers", "slot": "a", "unknown_since": AT, "series": "a", "ends": "", "snooze": "7",
        "done": ""},
    {"what": "head", "slot": "head:2026-11-23", "sequence": "42", "head": "ab" * 32},
    {"what": "rule", "digest": "cd" * 32},
    {"what": "unreadable", "problem": "Exchange did not answer.", "since": AT},
    {"what": "unreadable", "problem": "Exchange did not answer."},
    {"what": "readable", "since": AT},
    {"what": "readable"},
    {"what": "first_sight"},
    {"what": "extended", "request": "2", "requester": BOB, "end": END},
    {"what": "shortened", "request": "2", "requester": BOB, "end": END},
    {"what": "ended", "request": "3", "wish": "1", "requester": ""},
    {"what": "ended", "request": "3", "wish": "1", "requester": BOB},
    {"what": "overdue", "request": "1", "end": AT, "problem": "Throttled.", "next": END,
        "mention": f"{BOB},S0MAIL"},
    {"what": "overdue", "request": "", "end": AT, "problem": "Throttled.", "next": "", "mention": ""},
    {"what": "correction", "request": "1", "value": "opted in", "end": END},
    {"what": "correction", "request": "1", "value": "opted in", "end": "", "again": "4"},
    {"what": "estranged", "why": "restored", "detail": "event 7 is missing", "known": "7", "found": "5"},
    {"what": "estranged", "why": "not_kept", "detail": "no space left", "known": "", "found": "5"},
    {"what": "set_aside", "table": "notices", "count": "2", "row": "8", "why": "it has no authenticator"},
    {"what": "restore_accepted", "stale": "1,2"},
    {"what": "restore_accepted", "stale": ""},
    {"what": "disagreement", "subject": "window", "request": "", "places": "baselines 1: window_end",
        "more": "0", "end": END},
    {"what": "disagreement", "subject": "stopped", "request": "1", "places": "a; b", "more": "3", "end": ""},
    {"what": "probe", "useless": "yes", "target": "smtp-legacy.office365.com:587", "taken": "",
        "refused": "1.0, 1.1"},
    {"what": "stream_gone", "receiver": "https://siem.example.com", "operators": f"{BOB},{ALICE}"},
    {"what": "audit_gap", "change": "1", "at": END, "actor": "", "value": "", "why": "no row", "times": "",
        "operators": BOB},
    {"what": "audit_gap", "change": "", "at": END, "actor": "erin", "value": "", "why": "", "times": "3",
        "operators": ""},
    {"what": "guards", "missing": "a, b", "more": "0"},
    {"what": "guards", "missing": "", "more": "0"},
    {"what": "device_yours", "device": "12", "due": "2026-12-15", "by": ALICE},
    {"what": "devices_yours", "devices": "3,12", "more": "0", "by": ALICE},
    {"what": "device_due", "device": "12", "name": "Scanner", "due": "2026-12-15", "days": "7", "moves": "2"},
    {
        "what": "devices_weekly", "monday": "2026-11-23", "active": "3", "overdue": "1", "orphaned": "0",
        "pace": "4 → 3", "devices": "3,12", "more": "0",
    },
    {"what": "devices_unanswered", "devices": "3,12", "more": "0", "mention": f"{BOB},{ALICE}"},
    {"what": "devices_orphaned", "devices": "12", "more": "4", "mention": "", "owner": ALICE, "by": ""},
    {"what": "none_left", "request": "7", "device": "12", "wait": "24"},
    {"what": "none_left", "request": "7", "device": "12", "wait": ""},
]  # fmt: skip


def named(stored: dict[str, str]) -> str:
    return stored["what"]


def test_every_kind_is_here_and_has_one_class() -> None:
    assert {stored["what"] for stored in STORED} == set(BY_KIND)
    assert len(BY_KIND) == len(get_args(AnyAnnouncement))
    assert {each for each in BY_KIND.values() if issubclass(each, Scheduled)} == set(REMINDERS)


def test_no_announcement_keeps_what_the_offer_keeps() -> None:
    offered = set(Offer.__dataclass_fields__)
    for kind, each in BY_KIND.items():
        assert offered & {one.metadata.get("key", one.name) for one in fields(each)} == set(), kind


@pytest.mark.parametrize("stored", STORED, ids=named)
def test_nothing_is_lost_by_reading_and_keeping_it_again(stored: dict[str, str]) -> None:
    said = announcement_of(stored)
    assert said is not None
    again = facts_of(said, offer_of(stored))
    assert {name: text for name, text in again.items() if text} == {
        name: text for name, text in stored.items() if text
    }
    assert announcement_of(again) == said
    assert offer_of(again) == offer_of(stored)


@pytest.mark.parametrize("kind", [NoticeKind.CHANNEL, NoticeKind.PERSONAL])
@pytest.mark.parametrize("stored", STORED, ids=named)
def test_what_the_earlier_version_owed_is_delivered(house: House, stored: dict[str, str], kind: str) -> None:
    """What keeps to a schedule holds no more here, and is given up; a request that is not there yet has to be
    asked for."""
    house.ask(ALICE)
    house.deliver()
    house.board.announced.clear()
    house.clock.at = house.clock.at.replace(hour=10)
    with house.ledger.recording(house.clock.at) as entry:
        assert entry.outbox.owe(
            kind, "theirs", recipient=None if kind == NoticeKind.CHANNEL else ALICE, facts=stored
        )
    house.deliver()
    shown = [*house.board.announced, *(texts for _, texts in house.board.told)]
    assert stored["what"] in [texts["what"] for texts in shown] or issubclass(
        BY_KIND[stored["what"]], Scheduled | DeviceDue
    )
    assert house.owed() == []


@pytest.mark.parametrize("stored", STORED, ids=named)
def test_its_words_hold_what_it_was_about(house: House, stored: dict[str, str]) -> None:
    said = announcement(stored, house.context.zone).text
    for name in (
        "request",
        "wish",
        "days",
        "sequence",
        "head",
        "display",
        "target",
        "table",
        "row",
        "again",
        "problem",
    ):
        assert stored.get(name, "") in said, name


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"text": "An answer."},
        {"what": "of a later version"},
        {"what": "ending"},
        {"what": "ending", "end": "soon", "days": "7", "request": "1"},
        {"what": "head", "sequence": "many", "head": ""},
        {"what": "estranged", "why": "?", "detail": "", "known": "", "found": "1"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_no_announcement(stored: dict[str, str]) -> None:
    assert announcement_of(stored) is None


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(ValueError, match="'expires'"):
        read(BY_KIND["certificate"], {})
