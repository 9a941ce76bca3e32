"""Who may do as the owner of the record's tables: the owner, whoever is a member of that role, a superuser;
nobody else."""

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from storage.engine import Database
from storage.privileges import role_of

Role = Callable[..., str]
PASSWORD = "only-on-loopback"


@pytest.fixture
def administrator(migrated_postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(migrated_postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture
def role(administrator: psycopg.Connection) -> Iterator[Role]:
    """Makes a role with attributes, perhaps a member of others; the roles end with the test."""
    made: list[str] = []

    def make(attributes: str = "", *, member_of: str = "") -> str:
        name = f"role_{uuid.uuid4().hex[:12]}"
        administrator.execute(f"CREATE ROLE {name} LOGIN {attributes} PASSWORD '{PASSWORD}'".encode())
        made.append(name)
        if member_of:
            administrator.execute(f"GRANT {member_of} TO {name}".encode())
        return name

    yield make
    for name in reversed(made):
        administrator.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER".encode())
        administrator.execute(f"DROP OWNED BY {name}".encode())
        administrator.execute(f"DROP ROLE {name}".encode())


@pytest.fixture
def owner(administrator: psycopg.Connection, role: Role) -> str:
    """A role of its own that owns the tables."""
    name = role()
    tables = administrator.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (table,) in tables:
        administrator.execute(f'ALTER TABLE "{table}" OWNER TO {name}'.encode())
    return name


def _owns(url: str, name: str) -> bool | None:
    database = Database(make_url(url).set(username=name, password=PASSWORD))
    try:
        return role_of(database).owns_tables
    finally:
        database.close()


def test_a_role_that_is_merely_granted_reading_and_writing_does_not_own(
    migrated_postgres_url: str, administrator: psycopg.Connection, owner: str, role: Role
) -> None:
    name = role()
    administrator.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {name}".encode())
    assert not _owns(migrated_postgres_url, name)
    assert _owns(migrated_postgres_url, owner)


def test_a_member_of_the_owner_owns_even_without_inheriting(
    migrated_postgres_url: str, owner: str, role: Role
) -> None:
    assert _owns(migrated_postgres_url, role(member_of=owner))
    assert _owns(migrated_postgres_url, role("NOINHERIT", member_of=owner))


@pytest.mark.usefixtures("owner")
def test_a_superuser_owns_everything(migrated_postgres_url: str, role: Role) -> None:
    assert _owns(migrated_postgres_url, role("SUPERUSER"))


def test_before_there_are_tables_only_a_superuser_could_drop_them(
    migrated_postgres_url: str, administrator: psycopg.Connection, role: Role
) -> None:
    administrator.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert not _owns(migrated_postgres_url, role())
    assert _owns(migrated_postgres_url, role("SUPERUSER"))
