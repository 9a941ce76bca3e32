"""What the events of one request say its rows have to be, purely: a fold over the record, oldest event first.

Every value is spelled as text, as ``storage.integrity.row_comparison`` reads the rows: an instant as
``canonical.stamp`` writes it. What the events do not determine is left out: ``version``, ``detail``,
``waiting``, ``retry_at`` and ``correlation_id`` change without an event, and nothing about the setting is
decided by them. Events of earlier versions, which carried less, determine less.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from storage.integrity.believed_events import Told
from storage.integrity.canonical import canonical
from storage.lifecycle import SETTLED, State

Row = Mapping[str, Any]
"""The columns of one row that are determined."""

CONTENT = (
    *("kind", "requester_id", "door", "reason", "clients", "protocols", "from_value", "to_value"),
    *("window_end", "rule_digest", "created_at", "expires_at"),
)
"""The columns of a request that are fixed at birth; each is in its first event."""


@dataclass(slots=True)
class Replay:
    """One request as the record has it so far."""

    opened: bool = False
    """Whether an event says that it was opened: without one its row came from nowhere."""
    request: dict[str, Any] = field(default_factory=dict)
    decisions: list[Row] = field(default_factory=list)
    """In the order of recording, as the rows by their numbers."""
    attempts: list[Row] = field(default_factory=list)
    reasons: list[Row] = field(default_factory=list)

    def take(self, event: Told) -> None:
        """Add what one event of this request says; kinds that change no row of its own are passed over."""
        said = event.payload
        if event.kind == "request_opened":
            self.opened, self.request = True, born(event)
        elif event.kind == "moved":
            self._moved(event)
        elif event.kind == "devices_changed":
            self.request["devices"] = named(said)
        elif event.kind == "voted":
            self.decisions.append(decision(event))
        elif event.kind == "attempt":
            self.attempts.append(attempt(event))
        elif event.kind == "reason_given":
            self.reasons.append(
                {"person_id": event.actor, "reason": said.get("reason"), "given_at": event.at}
            )

    def _moved(self, event: Told) -> None:
        said = event.payload
        to, before = said.get("to"), said.get("from")
        self.request["state"] = to
        self.request["settled_at"] = event.at if to in SETTLED else None
        if "sent_at" in said:
            self.request["sent_at"] = said["sent_at"]
        elif State.APPLYING in (to, before) and to in (State.APPLYING, State.APPROVED):
            # an earlier version recorded that it was sent, not the instant of the row
            self.request.pop("sent_at", None)


def replay(events: Iterable[Told], request_id: int) -> Replay:
    """Fold the events of one request; others among them are passed over."""
    told = Replay()
    for event in events:
        if event.request_id == request_id:
            told.take(event)
    return told


def born(event: Told) -> dict[str, Any]:
    """Return the row that an opened request begins with."""
    said = event.payload
    row = {name: said[name] for name in (*CONTENT, "state") if name in said}
    # earlier versions knew of none, and kept none
    row["requester_enterprise_id"] = said.get("requester_enterprise_id")
    row["devices"], row["ticket"] = named(said), said.get("ticket")
    settled = event.at if row.get("state") in SETTLED else None
    return row | {"sent_at": None, "settled_at": settled}


def named(said: Mapping[str, Any]) -> str | None:
    """Return the register entries a request names, by its column; empty in earlier versions."""
    return canonical(said["devices"]) if said.get("devices") else None


def decision(event: Told) -> Row:
    """Return the row of ``decisions`` a vote leaves; the bot's withdrawals name whose it was."""
    said = event.payload
    row = {name: said[name] for name in ("vote", "door", "digest", "voted_at") if name in said}
    return row | {"person_id": said.get("person_id", event.actor), "recorded_at": event.at}


def attempt(event: Told) -> Row:
    """Return the row of ``attempts`` that a step of the talk with Exchange leaves."""
    said = event.payload
    row = {name: said[name] for name in ("step", "client_request_id", "value", "detail") if name in said}
    # earlier versions had no column for it, and left it empty
    return row | {"at": event.at, "outcome": said.get("outcome")}


def baseline(event: Told) -> Row:
    """Return the row of ``baselines`` a change leaves; earlier versions lack since when."""
    said = event.payload
    return {name: said[name] for name in ("value", "window_end", "since") if name in said} | {
        "request_id": event.request_id
    }


def rule(event: Told) -> Row:
    """Return the row of ``rules`` that a recorded rule leaves, its body as the parsed JSON."""
    return {"digest": event.payload.get("digest"), "body": event.payload.get("body"), "since": event.at}


def reminder_answer(event: Told) -> Row:
    """Return the row of ``reminder_answers`` that an answer leaves."""
    said = event.payload
    row = {name: said[name] for name in ("series", "key", "reply", "until") if name in said}
    return row | {"person_id": event.actor, "answered_at": event.at}


def grouped(events: Iterable[Told]) -> Iterator[tuple[int, Replay]]:
    """Yield each request as its events say, ordered by request; one is kept at a time."""
    about = (event for event in events if event.request_id is not None)
    for number, mine in groupby(about, key=lambda event: event.request_id or 0):
        yield number, replay(mine, number)
