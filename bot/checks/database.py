"""Check the database: reachable, migrated, writable, durable, owned by another; key, head, stream.

Nothing is sent to the stream's receiver: how far it has got stands in the database.
"""

from collections.abc import Iterator, Sequence

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from bot.stream.sending import receiver_name
from handlers.context.web_addresses import taken_apart
from handlers.policy.days import spelled_instant
from storage.engine import Database, Durability, Misfit, Unreachable, durability
from storage.migrate import is_current, is_newer
from storage.privileges import Role, prove_write, role_of
from storage.record.key_adoption import Adopted, would_adopt
from storage.records import Mistrust
from storage.schema.guards import missing
from storage.streams import Backlog, Streams

ANOTHER = "Check DATABASE_URL: give the bot a database of its own, or put a backup in its place."
GRANT = (
    "As the owner of the tables, run the GRANT lines of docs/operate.md: each upgrade needs them once more."
)
CHMOD = "As the account that owns them: chmod 600, and give them to the account that the bot runs as."
PUT_BACK = (
    "As the owner of the tables: `legacytls migrate` puts them back; then `legacytls verify` names every "
    "row changed meanwhile."
)
DISOWN = (
    "Give the tables to another role (docs/operate.md) that this one is no member of: whoever may do as "
    "their owner, or is a superuser, can drop the guards of the record."
)


def database_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Yield each check of the database; the later ones need it to be reachable and readable."""
    database = Database(settings.database_url.get_secret_value())
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    reached = False
    try:
        role, promised = role_of(database), durability(database)
        exposed = database.open_to_others()
        yield passed("Database", f"{kind}, reachable")
        reached = True
        if not role.lacks:
            yield _schema(database)
            yield from _guards(database)
            prove_write(database)
            yield passed("Database writes", "a row was written, and taken back")
    except Unreachable as unreachable:
        yield failed("Database writes" if reached else "Database", str(unreachable), unreachable.trouble.mend)
        return
    except Misfit:
        yield failed(
            "Database schema", "the database holds something else than this version expects", ANOTHER
        )
        return
    finally:
        database.close()
    yield from _kept(database, promised, exposed)
    yield from _rights(role)


def _kept(database: Database, promised: Durability, exposed: Sequence[str]) -> Iterator[Verdict]:
    """Judge whether what is recorded survives, and who may read its files."""
    if promised.durable:
        yield passed("Database durability", promised.finding)
    else:
        yield failed(
            "Database durability",
            promised.finding,
            "Switch it on: a recorded decision has to survive a power cut.",
        )
    if exposed:
        yield warned(
            "Database file", f"other accounts of this machine have rights on {', '.join(exposed)}", CHMOD
        )
    elif database.is_sqlite:
        yield passed("Database file", "it and its journals are for the bot's account alone")


def _rights(role: Role) -> Iterator[Verdict]:
    """Judge what the role of the bot may do; nothing is said where there are no roles."""
    if role.lacks:
        yield failed("Database role", f"lacks {'; '.join(role.lacks)}", GRANT)
    elif role.owns_tables:
        yield warned("Database role", "the bot's role may do as the owner of the tables", DISOWN)
    elif role.owns_tables is not None:
        yield passed("Database role", "may do all it needs, and does not own the tables")


def _guards(database: Database) -> Iterator[Verdict]:
    """Check the triggers that refuse to alter the record, where the schema is this version's."""
    if not is_current(database):
        return
    with database.read() as connection:
        gone = missing(connection)
    if gone:
        yield failed(
            "Database guards",
            f"missing or changed: {', '.join(gone)}; nothing is opted in or extended",
            PUT_BACK,
        )
    else:
        yield passed("Database guards", "the triggers stand that refuse to alter the record")


def _schema(database: Database) -> Verdict:
    if is_current(database):
        return passed("Database schema", "current")
    if is_newer(database):
        return failed(
            "Database schema", "written by a newer version", "Start that version here, or restore a backup."
        )
    return warned(
        "Database schema", "not current", "`legacytls migrate` or the next start brings it up to date."
    )


KEY, HEAD = "Record key", "Restored backups"
UNPROTECTED = (
    "not set: whoever can write to the database can have the bot act on a vote, a message or a record of "
    "their own making, and `verify` cannot tell a record that was rebuilt"
)
SET_KEY = (
    "Set LEGACYTLS_RECORD_KEY, for example to what `openssl rand -hex 32` prints; keep it outside the "
    "database."
)
UNRECOGNISED = (
    "off: a backup of the database that is put back can spend an approval twice, and nobody would be told"
)
SET_DIR = "Set LEGACYTLS_STATE_DIR to a folder of this machine's own that outlives the process."
LOOK = "Find out who put it there; if it is the one to go on with: `legacytls verify --accept-restore`."
ADD_KEY = (
    "If a key was dropped, add it to LEGACYTLS_RECORD_KEY behind the newest one; if the record is the one to "
    "go on with all the same: `legacytls verify --accept-restore`."
)


def believing_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Tell whether the record would be believed; yields nothing for a database that cannot be read."""
    database = Database(settings.database_url.get_secret_value(), look_only=True, keys=settings.keyring())
    try:
        if is_current(database):
            yield from _verdicts(settings, database)
        elif not settings.keyring():
            yield _key(settings, Adopted.NO_KEY, None)
    except (Misfit, Unreachable):
        return  # the checks of the database say so
    finally:
        database.close()


def _verdicts(settings: Settings, database: Database) -> Iterator[Verdict]:
    standing = standing_of(settings, database)
    with database.read() as connection:
        adopted = would_adopt(
            connection, settings.azure_tenant_id or "", database.authenticity.keys,
            seen_authenticated=standing.seen_authenticated,
        )  # fmt: skip
    untrusted = standing.look()
    restored = untrusted is not None and untrusted.why is Mistrust.RESTORED
    if adopted is Adopted.NOW and not restored:
        untrusted = None
    yield _key(settings, adopted, untrusted.plainly if untrusted is not None and not restored else None)
    if untrusted is not None and restored:
        yield failed(HEAD, untrusted.plainly, LOOK)
    elif standing.problem is not None:
        yield (failed if settings.state_dir else warned)(HEAD, standing.problem, SET_DIR)
    elif settings.state_dir is None and not database.is_sqlite:
        yield warned(HEAD, UNRECOGNISED, SET_DIR)
    else:
        where = (
            "LEGACYTLS_STATE_DIR"
            if settings.state_dir
            else "beside the database's file (LEGACYTLS_STATE_DIR names another)"
        )
        yield passed(HEAD, f"recognised by the newest head, which is kept in {where}")


def _key(settings: Settings, adopted: Adopted, wrong: str | None) -> Verdict:
    keys = settings.keyring()
    if not keys:
        return warned(KEY, UNPROTECTED, SET_KEY)
    if wrong is not None or adopted is Adopted.REFUSED:
        return failed(KEY, wrong or f"the record is not authentic: {adopted}.", ADD_KEY)
    if adopted is Adopted.NOW:
        return passed(KEY, f"{keys.newest}; the next start takes the record over with it")
    more = f", and {len(keys.ids) - 1} older that still verify" if len(keys.ids) > 1 else ""
    return passed(KEY, f"{keys.newest} authenticates the record{more}")


STREAM = "Event stream"
MEND = (
    "Look at the receiver; the bot keeps what it has not taken, and goes on in the record's order as soon "
    "as it takes it."
)


def stream_verdicts(settings: Settings) -> Iterator[Verdict]:
    """Yield one verdict where a receiver is set and the database can be read."""
    if settings.events_url is None:
        return
    url = settings.events_url.get_secret_value()
    database = Database(settings.database_url.get_secret_value(), look_only=True)
    try:
        if is_current(database):
            backlog = Streams(database, settings.azure_tenant_id or "", receiver_name(url)).backlog()
            yield _verdict(taken_apart(url).origin, backlog)
    except (Misfit, Unreachable):
        return  # the checks of the database say so
    finally:
        database.close()


def _verdict(origin: str, backlog: Backlog) -> Verdict:
    position = backlog.position
    if not backlog.events:
        return passed(STREAM, f"{origin} has taken every event up to {position.seq}")
    waits = f"{origin} has not taken {backlog.events} of the record's events yet"
    since = f", the oldest of {spelled_instant(backlog.since)}" if backlog.since else ""
    if position.problem is None:
        return passed(STREAM, f"{waits}{since}; nothing has failed")
    return warned(STREAM, f"{waits}{since}: {position.problem} (tries: {position.tries})", MEND)
