"""``legacytls verify`` and ``legacytls export``: the record for auditors, from the database alone.

Nothing is sent anywhere; for a table Slack is asked who the people are, where there is a token.
"""

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from bot.reports.names import bare_names_of
from bot.settings.load import WrongSettings
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from bot.stream.timestamp_tokens import WrongToken, read_token
from bot.terminal import progress
from handlers.changes.restored_database import Acceptance, accept
from handlers.policy.periods import WrongPeriod, judge_days
from handlers.queries.export import Form, change_lines
from storage.engine import Database
from storage.integrity.row_comparison import Difference
from storage.ledger import Ledger
from storage.migrate import is_current
from storage.record.evidence_queries import hashes_of
from storage.record.export import Event, events_of_kinds, length_of, lines, tenants
from storage.record.table_comparison import differences
from storage.record.verify import Authenticator, Verdict, verify

NAMED, FEW = 100, 5
"""Rows that are named, for memory does not grow with what is wrong; and tenants."""

WRONG_CALL = 2
"""The exit code of a call that nothing can be done about; nothing was written then."""

COMPARE = (
    "Compare the head with one posted in Slack: --witness SEQUENCE:HASH also finds a record cut short.\n"
)


class NoRecord(Exception):
    """There is nothing to check or to hand out; the text says what to look at."""


_NOT_CURRENT = (
    "the database holds no record of this version. Check DATABASE_URL; if it is the right one, `legacytls "
    "migrate` brings it up to date."
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


def export_record(settings: Settings, *, form: Form, since: date | None, until: date | None) -> int:
    """Write the events of these days (UTC, inclusive), or a table of the changes asked for in them.

    Returns 2, and writes nothing, where nothing can be on record of them.
    """
    try:
        judge_days(since, until, datetime.now(UTC).date())
    except WrongPeriod as wrong:
        sys.stderr.write(f"legacytls: {wrong}\n")
        return WRONG_CALL
    last = datetime.combine(until + timedelta(days=1), time.min, UTC) if until and until < date.max else None
    first = datetime.combine(since, time.min, UTC) if since else None
    with record_of(settings) as (database, tenant_id):
        if not length_of(database, tenant_id):
            raise nothing_on_record(database, tenant_id)
        if form == "csv":
            written = change_lines(database, tenant_id, bare_names_of(settings), since=first, until=last)
        else:
            written = lines(database, tenant_id, since=first, until=last)
        for line in written:
            sys.stdout.write(line)
    return 0


def checking(database: Database, tenant_id: str) -> AbstractContextManager[None]:
    """Tell whoever waits for a long record, on standard error, what is being done."""
    return progress(f"Checking the record of tenant {tenant_id}: {length_of(database, tenant_id):,} events…")


def tenant_of(settings: Settings) -> str:
    """Return the tenant whose record is meant. Raises ``WrongSettings``."""
    if settings.azure_tenant_id is None:
        raise WrongSettings(["AZURE_TENANT_ID: is not set; it names the tenant whose record is meant"])
    return settings.azure_tenant_id


def nothing_on_record(database: Database, tenant_id: str) -> NoRecord:
    """Nothing on record is not a sound record: most likely another tenant, or another database, was meant."""
    found = tenants(database)
    others = ", ".join(found[:FEW]) or "no tenant at all"
    others += f" and {len(found) - FEW} more" if len(found) > FEW else ""
    return NoRecord(
        f"nothing is on record of tenant {tenant_id}, so there is nothing to check; this database holds the "
        f"record of {others}. Check DATABASE_URL, and the tenant's id (AZURE_TENANT_ID, or in the file of "
        "LEGACYTLS_TENANTS)."
    )


@contextmanager
def record_of(
    settings: Settings, *, look_only: bool = True, live: bool = False
) -> Iterator[tuple[Database, str]]:
    """The database and the tenant. Where it is only looked at, a copy or a backup may be given.

    Raises ``NoRecord``.
    """
    tenant_id, url = tenant_of(settings), settings.database_url.get_secret_value()
    database = Database(url, look_only=look_only, live=live, keys=settings.keyring())
    try:
        if not is_current(database):
            raise NoRecord(_NOT_CURRENT)
        yield database, tenant_id
    finally:
        database.close()


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
