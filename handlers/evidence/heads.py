"""Keep where each head of the record was posted in Slack, and have each day's stamped by an outside service.

So the witness can be found, and the past cannot be rewritten. A stamp is kept as an event: it is in every
export, and in the stream. A head that could not be stamped stays a named gap.
"""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.missing import instant_of
from handlers.evidence.recorded_facts import known_facts
from handlers.outgoing.announcement_view import announcement_of
from handlers.outgoing.reminders import Head
from handlers.ports import Place, TimeStamps
from storage.integrity.canonical import stamp
from storage.ledger import BOT, Ledger

LOOKED_AT = 5
"""The newest heads that are looked at; one is posted a day at most."""

GIVEN_UP = timedelta(days=1)
"""For so long Slack is asked where a head stands; then it is kept without."""

Permalink = Callable[[Place], str | None]
"""Slack's own link to a message; ``None`` where it does not tell."""


class Heads:
    """Records the heads that arrived in Slack."""

    _kept: frozenset[int] = frozenset()

    def __init__(self, ledger: Ledger, permalink: Permalink) -> None:
        self._ledger = ledger
        self._permalink = permalink

    def keep(self, now: datetime) -> int:
        """Record every head that arrived and is not on record as posted; returns how many.

        Raises ``Unreachable``.
        """
        with self._ledger.reading() as reader:
            arrived = reader.messages.delivered_announcements(Head.kind, LOOKED_AT)
        told = (
            (announcement_of(notice.facts), notice.created_at, Place(channel, ts))
            for notice, channel, ts in reversed(arrived)
        )
        heads = [(said, owed_at, place) for said, owed_at, place in told if isinstance(said, Head)]
        if all(said.sequence in self._kept for said, _, _ in heads):
            return 0
        self._kept |= {head["seq"] for head in known_facts(self._ledger).heads}
        waiting = [head for head in heads if head[0].sequence not in self._kept]
        return sum(
            self._keep(said.sequence, said.head, place, owed_at, now) for said, owed_at, place in waiting
        )

    def _keep(self, seq: int, digest: str, place: Place, owed_at: datetime, now: datetime) -> int:
        link = self._permalink(place)
        if link is None and now < owed_at + GIVEN_UP:
            return 0
        with self._ledger.recording(now) as entry:
            said = {"seq": seq, "hash": digest, "permalink": link, "channel": place.channel, "ts": place.ts}
            entry.record("head_posted", BOT, said)
        self._kept |= {seq}
        return 1


TRIED_FOR = timedelta(days=7)
"""For so long a head is offered to be stamped; a late stamp is better than none, and says so."""


class Stamping:
    """Has the heads of one tenant's days stamped, the newest first."""

    def __init__(self, ledger: Ledger, service: TimeStamps) -> None:
        self._ledger = ledger
        self._service = service

    def keep(self, now: datetime) -> int:
        """Have every head stamped that is not; returns how many.

        Raises ``Unavailable`` and ``Unreachable``.
        """
        waiting = _unstamped(known_facts(self._ledger), now)
        for seq, digest in waiting:
            made = self._service.stamp(f"{seq}:{digest}".encode("ascii"))
            said = {
                "seq": seq, "hash": digest, "at": stamp(made.at), "authority": made.authority,
                "verified": made.verified, "token": base64.b64encode(made.token).decode("ascii"),
            }  # fmt: skip
            with self._ledger.recording(now) as entry:
                entry.record("timestamped", BOT, said)
        return len(waiting)


def _unstamped(facts: Facts, now: datetime) -> list[tuple[int, str]]:
    """Number and hash of the heads that are to be stamped, the newest first."""
    known = sorted(facts.day_heads.values(), reverse=True)
    return [
        (seq, digest)
        for seq, digest, at in known
        if seq not in facts.stamps and instant_of(at) > now - TRIED_FOR
    ]
