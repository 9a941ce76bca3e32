"""The documented way to two roles, line by line, on a real PostgreSQL: the bot's own role can do its work and
nothing beyond."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException
from sqlalchemy import make_url

from storage.engine import Database, Unreachable
from storage.inbox import Inbox
from storage.jobs.leases import Leases
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import Card, ReminderReply
from storage.migrate import NotTheOwner, upgrade
from storage.privileges import Role, role_of
from storage.record.verify import verify
from storage.records import Baseline, Observation, SettingValue
from storage.reminder_answers import keep_answer
from storage.retention import prune
from storage.schema.tables import metadata
from tests.postgres import Server, _libpq, _text
from tests.storage.states import BOB, NOW, TENANT, approve, asked

OPERATE = (Path(__file__).parents[3] / "docs" / "operate.md").read_text(encoding="utf-8")
GRANTS = re.findall(r"^ *(GRANT .+);$", OPERATE, re.MULTILINE)
PASSWORD = "only-on-loopback"
EVERYTHING = set(metadata.tables)
LATER = NOW + timedelta(days=500)

Login = Callable[[int | None], str]


@pytest.fixture
def login(postgres_server: Server) -> Iterator[Login]:
    """Sets up a database as docs/operate.md says, perhaps without one of its GRANT lines; yields the URL of
    the bot's role."""
    owner, bot = (f"{name}_{uuid.uuid4().hex[:12]}" for name in ("owner", "bot"))
    with postgres_server.database() as url:
        for role in (owner, bot):
            postgres_server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        postgres_server.execute(f'ALTER DATABASE "{url.database}" OWNER TO {owner}')

        def set_up(without: int | None = None) -> str:
            owners = url.set(username=owner, password=PASSWORD)
            upgrade(owners)
            with psycopg.connect(_libpq(owners), autocommit=True) as connection:
                for number, line in enumerate(GRANTS):
                    if number != without:
                        connection.execute(line.replace(" TO legacytls", f" TO {bot}").encode())
            return _text(url.set(username=bot, password=PASSWORD))

        yield set_up
    for role in (bot, owner):
        postgres_server.execute(f"DROP ROLE {role}")


def whatever_the_bot_does(url: str) -> None:
    """A statement of every kind on every table: start, record, deliver, hold a duty, remove what is old."""
    upgrade(url)
    database = Database(url)
    try:
        _ask_and_send(Ledger(database, TENANT))
        outbox, box = Outbox(database, TENANT), Inbox(database, TENANT)
        for notice in outbox.claim(NOW, kinds=["card"]):
            outbox.delivered(notice, now=NOW, channel="C0CHANGES", ts="1.0")
        outbox.keep_card(Card(request_id=1, channel="C0CHANGES", ts="1.0", drawn_version=1))
        outbox.forget_card("C0CHANGES", "1.0")
        for link in ("https://contoso.slack.com/1", "https://contoso.slack.com/2"):
            outbox.keep_permalink(1, link)
        item = box.put("key", "vote", {}, now=NOW, patience=5)
        assert item
        with Ledger(database, TENANT).recording(NOW) as entry:
            entry.finish_inbox(item.key)
        leases = Leases(database, "alice")
        lease = leases.take("apply:1")
        assert lease
        leases.release(lease)
        assert prune(database, TENANT, before=LATER, kinds=["card"])
        assert verify(database, TENANT).ok
    finally:
        database.close()


def _ask_and_send(ledger: Ledger) -> None:
    with ledger.recording(NOW) as entry:
        request = approve(entry, asked(entry), BOB)
        entry.attempt(request, "sending", client_request_id="x")
        entry.give_reason(request.id, person_id=BOB, reason="Forty scanners")
        entry.holding.keep_rule("r" * 64, {"approvers": [BOB]})
        entry.holding.keep_organization("contoso.onmicrosoft.com")
        entry.holding.set_baseline(Baseline(SettingValue.OPTED_IN, NOW, request.id, None), why="applied")
        for _ in range(20):
            entry.holding.observe(Observation(NOW, SettingValue.OPTED_IN, None, None, None))
        keep_answer(
            entry, series="weekly:1", key="weekly", reply=ReminderReply.SNOOZED, person_id=BOB, until=NOW
        )
        entry.outbox.owe("card", "card:1")


def test_the_printed_grants_suffice_for_whatever_the_bot_does(login: Login) -> None:
    url = login(None)
    whatever_the_bot_does(url)
    assert _role(url) == Role(owns_tables=False, lacks=())


@pytest.mark.parametrize(
    ("number", "lacks"),
    [
        (0, {"SELECT": EVERYTHING | {"alembic_version"}, "INSERT": EVERYTHING, "UPDATE": EVERYTHING}),
        (1, {"DELETE": {"cards", "inbox", "notices", "observations"}}),
        (2, {"USAGE": {f"{name}_id_seq" for name in EVERYTHING if "id" in metadata.tables[name].c}}),
    ],
)
def test_each_of_the_three_is_needed_and_missed_by_name(
    login: Login, number: int, lacks: dict[str, set[str]]
) -> None:
    assert len(GRANTS) == 3
    url = login(number)
    with pytest.raises(Unreachable, match="lacks a privilege: `legacytls check` names it"):
        whatever_the_bot_does(url)
    assert {
        privilege: set(names.split(", "))
        for privilege, names in (each.split(" on ") for each in _role(url).lacks)
    } == lacks


def test_what_is_not_there_yet_is_nobodys_and_lacks_nothing(login: Login, postgres_server: Server) -> None:
    url = make_url(login(None))
    with postgres_server.database() as empty:
        assert _role(_text(url.set(database=empty.database))) == Role(owns_tables=None, lacks=())


def _role(url: str) -> Role:
    database = Database(url)
    try:
        return role_of(database)
    finally:
        database.close()


def test_the_role_alters_no_record_and_makes_or_drops_nothing(login: Login) -> None:
    url = login(None)
    whatever_the_bot_does(url)
    refused = [
        f"DELETE FROM {table}"
        for table in set(metadata.tables) - {"cards", "inbox", "notices", "observations"}
    ]
    refused += [f"DROP TRIGGER {name} ON audit_events" for name in _triggers(url)]
    refused += [
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "TRUNCATE decisions",
        "DROP TABLE attempts",
        "CREATE TABLE x (y int)",
    ]
    with psycopg.connect(_libpq(make_url(url)), autocommit=True) as connection:
        for statement in refused:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
        with pytest.raises(RaiseException, match="never altered"):
            connection.execute("UPDATE audit_events SET actor = 'nobody'")


def _triggers(url: str) -> list[str]:
    query = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'audit_events'::regclass AND NOT tgisinternal"
    with psycopg.connect(_libpq(make_url(url))) as connection:
        found = [str(name) for (name,) in connection.execute(query)]
    assert found
    return found


def test_the_role_cannot_migrate(login: Login, postgres_server: Server) -> None:
    """So an upgrade begins with the owner."""
    url = make_url(login(None))
    with postgres_server.database() as empty, pytest.raises(NotTheOwner, match="legacytls migrate"):
        upgrade(_text(url.set(database=empty.database)))
