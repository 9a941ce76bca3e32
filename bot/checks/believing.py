"""Check what guards the record from outside the database: its key, and the newest head seen here."""

from collections.abc import Iterator

from bot.checks.verdict import Verdict, failed, passed, warned
from bot.settings.model import Settings
from bot.settings.state_dir import standing_of
from storage.engine import Database, Misfit, Unreachable
from storage.migrate import is_current
from storage.record.key_adoption import Adopted, would_adopt
from storage.records import Mistrust

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
