"""``DATABASE_URL``: each option has a meaning or is refused by name, and no part of what was written is
repeated."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.database.address import parse
from storage.database.troubles import ESCAPES
from tests.sentences import says

AT = "postgresql://bot:hush@db.example.com/legacytls"


def refusal(text: str) -> str:
    """Why it is refused; nothing that could be a secret is in it."""
    with pytest.raises(ValueError, match=r"\w") as raised:
        parse(text)
    said = str(raised.value)
    assert "hush" not in said
    assert "ecret" not in said
    return said


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pgbouncer=true", {}),
        ("prepare_threshold=0", {}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=false", {"sslmode": "disable"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("sslmode=verify-full&sslrootcert=system", {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("application_name=a@b&connect_timeout=3", {"application_name": "a@b", "connect_timeout": "3"}),
        ("options=-csearch_path%3Dx", {"options": "-csearch_path=x"}),
        ("sslmode=", {}),
        ("client_encoding=UTF8", {"client_encoding": "UTF8"}),
    ],
)
def test_an_option_with_a_meaning_is_taken(written: str, meant: dict[str, str]) -> None:
    url = make_url(parse(f"{AT}?{written}"))
    assert dict(url.query) == meant
    assert (url.drivername, url.username, url.password, url.host) == (
        "postgresql+psycopg",
        "bot",
        "hush",
        "db.example.com",
    )


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("schema=x", "schema is no option of PostgreSQL's client; set it at the role: ALTER ROLE"),
        ("currentSchema=x", "currentSchema is no option"),
        ("connection_limit=5", "connection_limit is no option of PostgreSQL's client; take it out"),
        ("pool_timeout=5", "pool_timeout is no option"),
        ("autocommit=true", "autocommit is no option"),
        ("row_factory=x", "row_factory is no option"),
        ("replication=database", "replication is no option"),
        ("password=hush", "password is no option of PostgreSQL's client; write it before the @"),
        ("ssl=maybe", "the option sslmode takes one of disable, "),
        ("sslmode=on", "the option sslmode takes one of disable, "),
        ("ssl=true&sslmode=disable", "ssl is no option"),
        ("sslmode=require&sslmode=disable", "the option sslmode is there twice"),
        ("target_session_attrs=master", "the option target_session_attrs takes one of any, "),
        ("client_encoding=latin1", "the option client_encoding takes one of utf8, "),
        ("connect_timeout=soon", "the option connect_timeout takes a whole number"),
        ("keepalives_idle=-1", "the option keepalives_idle takes a whole number"),
        ("sslrootcert=/no/such/file.pem", "the option sslrootcert names no file"),
        ("sslkey=.", "the option sslkey names no file"),
        ("%20=x", "what follows the ? is no option"),
    ],
)
def test_an_option_without_one_is_named_with_what_to_write(written: str, named: str) -> None:
    assert refusal(f"{AT}?{written}").startswith(named)


@pytest.mark.parametrize(
    "rest",
    [
        "bot:s@ecret@db/x",
        "bot:s@ec:ret@db/x",
        "bot:s@ec/ret@db/x",
        "bot:s@ec?ret@db/x",
        "bot:s@?ecret&x@db/x",
        "b@t:s@ecret@db/x",
    ],
)
def test_a_raw_at_sign_is_said_to_be_one(rest: str) -> None:
    assert ESCAPES in refusal(f"postgresql://{rest}")


@pytest.mark.parametrize("password", ["s@e/c:r?e%t#", "%40", "100%", "ä ö"])
def test_a_password_that_is_escaped_arrives_whole(password: str) -> None:
    from urllib.parse import quote

    assert make_url(parse(f"postgresql://b%40t:{quote(password, safe='')}@db/x")).password == password


def test_what_needs_no_escape_is_taken_raw() -> None:
    assert make_url(parse("postgresql://bot:a/b?c#d%zz@db/x")).password == "a/b?c#d%zz"
    assert make_url(parse("postgresql://bot@server:hush@db/x")).username == "bot@server"


def test_hosts_separated_by_commas_are_several() -> None:
    url = make_url(parse("postgresql://bot:hush@db1:5432,db2:5433/x?sslmode=require"))
    assert dict(url.query) == {"host": ("db1:5432", "db2:5433"), "sslmode": "require"}
    assert (url.host, url.database) == (None, "x")
    already = "postgresql+psycopg://bot:hush@/x?host=db1%3A5432&host=db2%3A5433"
    assert parse(already) == already


@pytest.mark.parametrize("rest", ["db:99999/x", "db:0/x", "db:port/x", "u:p@host:port/x", "a b/x", "d b:1/x"])
def test_a_host_or_port_that_cannot_be_one_is_refused(rest: str) -> None:
    assert refusal(f"postgresql://{rest}").startswith("write sqlite:///file.db or postgresql+psycopg://")


def test_files_and_their_options(tmp_path: Path) -> None:
    for taken in (
        "sqlite:///x.db",
        f"sqlite:///{tmp_path}/a@b.db",
        "sqlite:///file:x.db?mode=ro&uri=true",
        "sqlite:///x?timeout=5",
    ):
        assert parse(taken) == taken
    assert refusal("sqlite:///x.db?journal_mode=wal").startswith("journal_mode is no option of SQLite's")
    assert refusal("sqlite:///x.db?check_same_thread=false").startswith(
        "check_same_thread is no option of SQLite's"
    )
    assert refusal("sqlite:///x.db?timeout=long") == says("the_option_timeout_takes_a_whole_number")
    for lost in (
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///x?mode=memory",
    ):
        assert refusal(lost) == says("write_sqlite_file_db_the_record_has")
