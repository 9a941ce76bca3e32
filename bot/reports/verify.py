"""``legacytls verify``: check the record against chain, keys, time stamps and rows, from the database alone.

Nothing is sent anywhere.
"""

import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from bot.reports.opened_record import checking, nothing_on_record, record_of
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from bot.stream.timestamp_tokens import WrongToken, read_token
from handlers.changes.restored_database import Acceptance, accept
from storage.engine import Database
from storage.integrity.row_comparison import Difference
from storage.ledger import Ledger
from storage.record.evidence_queries import hashes_of
from storage.record.export import Event, events_of_kinds
from storage.record.table_comparison import differences
from storage.record.verify import Authenticator, Verdict, verify

NAMED, FEW = 100, 5
"""Rows that are counted, for memory does not grow with what is wrong; and that are named."""


COMPARE = (
    "Compare the head with one posted in Slack: --witness SEQUENCE:HASH also finds a record cut short.\n"
)


def check_record(settings: Settings, *, witness: tuple[int, str] | None, as_json: bool) -> int:
    """Check the record against chain, authenticators and heads seen; returns 0 when sound, else 1.

    ``witness`` is a head that was posted in Slack; the newest one that this machine has seen is taken by
    itself.
    """
    with record_of(settings) as (database, tenant_id), checking(database, tenant_id):
        verdict = verify(database, tenant_id, witness=witness)
        if verdict.ok and not verdict.checked:
            raise nothing_on_record(database, tenant_id)
        untrusted = standing_of(settings, database).look() if verdict.ok else None
        found = list(islice(differences(database, tenant_id), NAMED + 1)) if verdict.ok else []
        stamps = checked_stamps(database, tenant_id) if verdict.ok else Stamps()
    if untrusted is not None:
        verdict = replace(verdict, ok=False, problem=untrusted.plainly)
    elif stamps.problem is not None:
        verdict = replace(verdict, ok=False, problem=stamps.problem)
    elif found:
        verdict = replace(verdict, ok=False, problem="Rows of the database do not agree with it.")
    sound = f"sound: {verdict.checked} events, head {verdict.head_seq}:{verdict.head_hash}\n"
    if as_json:
        shown = asdict(verdict) | {"differences": [asdict(each) for each in found]}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    elif found and untrusted is None and stamps.problem is None:
        sys.stdout.write(f"The record itself is {sound}{_disagreeing(found)}")
    elif verdict.ok:
        compare = COMPARE if witness is None else ""
        sys.stdout.write(f"The record is {sound}{_authentic(settings)}\n{stamps.told}{compare}")
    else:
        sys.stdout.write(f"The record is NOT sound: {verdict.problem}\n{_help(verdict)}")
    return 0 if verdict.ok else 1


def _disagreeing(found: Sequence[Difference]) -> str:
    """Each row that differs, a line each, and what to do."""
    lines = [f"  {difference}\n" for difference in found[:FEW]]
    more = f"  and more than these {NAMED}\n" if len(found) > NAMED else ""
    return (
        f"Rows of the database do NOT agree with it:\n{''.join(lines)}{more}"
        "Somebody changed them past the bot, or lost the events. What is on record counts; nothing is opted "
        "in by such rows.\n"
    )


def accept_record(settings: Settings) -> int:
    """Accept the database as it stands, whatever was seen before; returns 0 when accepted, else 1."""
    with record_of(settings, look_only=False) as (database, tenant_id):
        verdict = verify(database, tenant_id, chain_only=True)
        if not verdict.ok:
            sys.stdout.write(
                f"The record is NOT sound: {verdict.problem}\nNothing was accepted, and nothing was "
                "changed.\n"
            )
            return 1
        done = accept(Ledger(database, tenant_id), standing_of(settings, database), datetime.now(UTC))
    sys.stdout.write(
        _accepted(done)
        if done is not None
        else "There is nothing to accept: no head is missing. Nothing was changed.\n"
    )
    return 0


def _accepted(done: Acceptance) -> str:
    seen = (
        f"The newest head seen before was {done.known}."
        if done.known
        else "No head was kept by this machine before."
    )
    stale = ", ".join(f"#{number}" for number in done.stale)
    left = ", ".join(f"#{number}" for number in done.left)
    return "".join(
        [
            f"The database is accepted as it stands, with the head {done.found}. {seen}\n",
            f"Stale now, to be asked for again if still needed: {stale}.\n"
            if stale
            else "No request was open or approved.\n",
            f"Being sent when the copy was made, and settled by reading the live value: {left}.\n"
            if left
            else "",
            (
                "It is an event of the record, and every copy of the bot that runs on this database goes on "
                "by itself.\n"
            ),
        ]
    )


def _authentic(settings: Settings) -> str:
    keys = settings.keyring()
    if keys:
        return f"Every event is authenticated by a key of LEGACYTLS_RECORD_KEY ({', '.join(keys.ids)})."
    return (
        "It is not authenticated: without LEGACYTLS_RECORD_KEY, whoever owns the database can rebuild all "
        "of it."
    )


def _help(verdict: Verdict) -> str:
    """What to do where the chain is whole and only the key does not go with it."""
    if verdict.authenticator is Authenticator.UNKNOWN_KEY:
        return "Add the key that is missing to LEGACYTLS_RECORD_KEY, behind the newest one.\n"
    if verdict.authenticator is Authenticator.MISSING and not verdict.checked:
        return "If the key is new, the next start of the bot takes the record over with it.\n"
    return ""


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
