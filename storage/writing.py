"""Prove that the database takes a write: standbys and full disks still answer readers."""

from uuid import uuid4

from sqlalchemy import insert, inspect

from storage.engine import Database
from storage.schema.tables import leases


class _TakenBack(Exception):
    """Ends the transaction without a commit."""


def prove_write(database: Database) -> None:
    """Write one row, or a table where there is none yet, and roll it back.

    Raises ``Unreachable``, whose trouble says why not.
    """
    try:
        with database.write() as connection:
            if inspect(connection).has_table(leases.name):
                row = {"name": f"check:{uuid4()}", "holder": "check", "epoch": 0, "until": 0}
                connection.execute(insert(leases).values(row))
            else:
                connection.exec_driver_sql(f"CREATE TABLE check_{uuid4().hex} (id INTEGER)")
            raise _TakenBack
    except _TakenBack:
        return
