"""Check the database: reachable, migrated, writable, durable, and used by a role that owns nothing."""

from collections.abc import Iterator, Sequence

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.settings.model import Settings
from storage.engine import Database, Durability, Misfit, Unreachable, durability
from storage.migrate import is_current, is_newer
from storage.privileges import Role, prove_write, role_of
from storage.schema.guards import missing

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
