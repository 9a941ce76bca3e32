"""Where this process keeps what it knows of the database outside of it.

Reads no settings by itself, and writes nothing yet.
"""

from bot.settings.model import Settings
from storage.engine import Database
from storage.record.database_trust import Standing
from storage.record.head_file import head_file


def standing_of(settings: Settings, database: Database) -> Standing:
    """What this process knows of the database, from the file outside it. The database has to be migrated."""
    tenant_id = settings.azure_tenant_id or ""
    file = head_file(settings.state_dir, tenant_id, database.file)
    return Standing(database, tenant_id, file, must_keep=settings.state_dir is not None)
