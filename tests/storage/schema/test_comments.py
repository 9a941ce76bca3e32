"""The database explains itself: every table and column has a comment, and every foreign key an index to be
followed by."""

from sqlalchemy import inspect

from storage.engine import Database
from storage.schema.comments import TABLES
from storage.schema.tables import metadata


def test_every_table_and_column_has_a_sentence() -> None:
    missing = [table.name for table in metadata.tables.values() if not table.comment]
    missing += [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if not column.comment
    ]
    assert missing == [], "storage/schema/comments.py, and a migration that adds the comment"


def test_no_sentence_is_about_what_is_not_there() -> None:
    described = {f"{table}.{column}" for table, (_, columns) in TABLES.items() for column in columns}
    assert described <= {
        f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns
    }
    assert TABLES.keys() == metadata.tables.keys()


def test_postgresql_shows_them(migrated_postgres_url: str) -> None:
    database = Database(migrated_postgres_url)
    try:
        seen = inspect(database.engine)
        for table in metadata.tables.values():
            assert seen.get_table_comment(table.name)["text"] == table.comment
            told = {column["name"]: column["comment"] for column in seen.get_columns(table.name)}
            assert told == {column.name: column.comment for column in table.columns}
    finally:
        database.close()


def test_every_foreign_key_leads_an_index(database: Database) -> None:
    seen = inspect(database.engine)
    bare = []
    for table in metadata.tables:
        leading = {index["column_names"][0] for index in seen.get_indexes(table)}
        leading |= set(seen.get_pk_constraint(table)["constrained_columns"][:1])
        keys = [key["constrained_columns"][0] for key in seen.get_foreign_keys(table)]
        bare += [f"{table}.{column}" for column in keys if column not in leading]
    assert bare == []
