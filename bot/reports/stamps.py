"""Check each kept time stamp again against the head that it was made for."""

import base64
from dataclasses import dataclass

from bot.stream.tokens import WrongToken, read_token
from storage.engine import Database
from storage.record.export import Event, events_of_kinds
from storage.record.statements import hashes_of

STAMPED = "timestamped"


@dataclass(frozen=True, slots=True)
class Stamps:
    """What the time stamps say: how many there are, the newest of them, and the first that is wrong."""

    count: int = 0
    newest: str = ""
    problem: str | None = None

    @property
    def told(self) -> str:
        """A line for people; empty where there is none."""
        return (
            f"Time stamps: {self.count}, each of its head; the newest: {self.newest}.\n" if self.count else ""
        )


def checked_stamps(database: Database, tenant_id: str) -> Stamps:
    """Check every time stamp on record: its token is of the head it names, and the record has that head."""
    count, newest = 0, ""
    for event in events_of_kinds(database, tenant_id, 0, (STAMPED,)):
        said = event["payload"]
        if not isinstance(said, dict):
            return Stamps(count, newest, f"Event {event['seq']} holds no time stamp.")
        seq, digest = said.get("seq"), str(said.get("hash"))
        problem = _problem(event, said)
        if problem is None and hashes_of(database, tenant_id, [seq] if isinstance(seq, int) else []) != {
            seq: digest
        }:
            problem = (
                f"Event {seq} is not the one that was stamped: the record was rewritten at or before it."
            )
        if problem is not None:
            return Stamps(count, newest, problem)
        count, newest = count + 1, f"event {seq} at {said.get('at')} by {said.get('authority')}"
    return Stamps(count, newest)


def _problem(event: Event, said: dict[str, object]) -> str | None:
    try:
        token = base64.b64decode(str(said.get("token")), validate=True)
        read_token(token, f"{said.get('seq')}:{said.get('hash')}".encode("ascii", "replace"))
    except (WrongToken, ValueError) as wrong:
        return f"The time stamp in event {event['seq']} proves nothing: {wrong}."
    return None
