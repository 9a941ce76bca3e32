"""Gather one change from its events: what was asked for, who voted, what was sent, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.evidence.proof.cells import text_of
from handlers.evidence.proof.hash_chain import Event
from handlers.evidence.proof.readable_events import is_readable

NEEDS_OTHERS = ("opt_in", "extension")
"""The kinds that need the approval of other people."""


@dataclass
class Vote:
    """One recorded vote, and whether it counted."""

    seq: int
    person: str
    vote: str
    via: str
    digest: str
    at: str
    """When it was cast, by the event's own time."""
    recorded_at: str
    why_not: str = ""
    """Why it did not count; empty: it did."""


@dataclass
class Change:
    """One change request, or a change made outside the bot; ``take`` its events in their order."""

    number: int
    opened: dict[str, Any] = field(default_factory=dict)
    state: str = ""
    settled_at: str = ""
    approved: tuple[int, str] | None = None
    """Number and time of the newest event by which it became approved."""
    decided_seq: int | None = None
    """Number of the event by which it was first on its way to Exchange: no later vote counts."""
    corrected_at: str = ""
    devices: list[str] = field(default_factory=list)
    """The entries of the register that it names, as people read their numbers."""
    votes: list[Vote] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    first_at: str = ""
    last_at: str = ""
    times: list[str] = field(default_factory=list)
    """When each of its events was recorded."""
    unreadable: list[int] = field(default_factory=list)
    """The numbers of its events that the bot did not write so."""
    _counted: list[Vote] | None = None
    """The votes that count, once they were judged."""

    def take(self, event: Event) -> None:
        """Add what one more of its events says."""
        self.times.append(text_of(event["at"]))
        self._counted = None
        if not is_readable(event):
            self.unreadable.append(event["seq"])
            return
        said, kind = event["payload"], event["kind"]
        if kind == "request_opened":
            self.opened, self.state = said, text_of(said.get("state"))
            self.devices = _numbers(said)
        elif kind == "devices_changed":
            self.devices = _numbers(said)
        elif kind == "moved":
            self._moved(event, said)
        elif kind == "voted":
            self.votes.append(_vote(event, said))
        elif kind == "attempt":
            self.attempts.append({**said, "at": event["at"]})
        elif kind == "correction":
            self.corrected_at = text_of(event["at"])

    def _moved(self, event: Event, said: dict[str, Any]) -> None:
        self.state, self.settled_at = text_of(said.get("to")), text_of(event["at"])
        if self.state == "approved" and said.get("from") == "pending":
            self.approved = (event["seq"], text_of(event["at"]))
        if self.state == "applying" and self.decided_seq is None:
            self.decided_seq = event["seq"]

    @property
    def kind(self) -> str:
        """The kind of the change, as it is recorded."""
        return text_of(self.opened.get("kind"))

    @property
    def outside(self) -> bool:
        """Whether it was made outside the bot."""
        return self.state == "observed"

    @property
    def made(self) -> bool:
        """Whether it took effect."""
        return self.state in ("applied", "observed") or bool(self.corrected_at)

    @property
    def sent_at(self) -> list[str]:
        """When it was on record that it was about to be sent."""
        return [text_of(step["at"]) for step in self.attempts if step.get("step") == "sending"]

    def within(self, first: str, end: str) -> bool:
        """Tell whether anything about it was recorded from ``first`` up to, not including, ``end``."""
        return any(first <= at < end for at in self.times)

    def judge(self) -> list[Vote]:
        """Say of every vote why it did not count; return each person's approval that stood at the end."""
        if self._counted is not None:
            return self._counted
        standing: dict[str, Vote] = {}
        for vote in self.votes:
            vote.why_not = self._why_not(vote)
            earlier = standing.get(vote.person)
            if vote.vote == "approve" and not vote.why_not:
                if earlier is not None:
                    earlier.why_not = "the same person approved again later"
                standing[vote.person] = vote
        self._counted = list(standing.values())
        return self._counted

    def _why_not(self, vote: Vote) -> str:
        if vote.vote == "taken_back":
            return "it takes a vote back"
        if vote.vote != "approve":
            return ""
        if self.decided_seq is not None and vote.seq > self.decided_seq:
            return "it came after the decision"
        if vote.person == self.opened.get("requester_id"):
            return "nobody approves their own request"
        if any(
            _undoes(other, vote)
            for other in self.votes
            if self.decided_seq is None or other.seq < self.decided_seq
        ):
            return "it was taken back"
        return ""


def _numbers(said: dict[str, Any]) -> list[str]:
    return [f"D{named[0]}" for named in said.get("devices") or []]


def _vote(event: Event, said: dict[str, Any]) -> Vote:
    return Vote(
        seq=event["seq"],
        person=text_of(said.get("person_id", event["actor"])),
        vote=text_of(said.get("vote")),
        via=text_of(said.get("door")),
        digest=text_of(said.get("digest")),
        at=text_of(said.get("voted_at")),
        recorded_at=text_of(event["at"]),
    )


def _undoes(other: Vote, vote: Vote) -> bool:
    """Apply a withdrawal: by reaction only to reaction votes, by button to any, by the bot as recorded."""
    if other.vote != "taken_back" or other.person != vote.person:
        return False
    if other.via == "bot":
        return other.seq > vote.seq
    return other.at >= vote.at and (other.via != "reaction" or vote.via == "reaction")
