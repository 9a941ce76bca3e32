"""Why there is no connection: each reason is told apart by the server's code, whatever language its sentences
are in."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, make_url, text

from storage.database.troubles import Trouble
from storage.engine import Database, Unreachable
from tests.postgres import Server
from tests.sentences import says

SECRET = "hush-hush"


def refusal(url: URL) -> Unreachable:
    """How the connection fails; the sentence names no address, role, password or database."""
    database = Database(url)
    try:
        with pytest.raises(Unreachable) as raised, database.read() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        database.close()
    said = str(raised.value)
    for hidden in (url.password, url.username, url.host, str(url.port or ""), url.database):
        assert not hidden or hidden not in said
    return raised.value


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that answers every connection with these bytes, one after each thing it is sent; its port."""

    def serve(one: socket.socket) -> None:
        with one:
            one.settimeout(5)
            for answer in answers:
                try:
                    one.recv(4096)
                    one.sendall(answer)
                except OSError:
                    return

    def accept() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(one,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def error(sqlstate: str, said: str = "le rôle ou le mot de passe ne convient pas") -> bytes:
    """PostgreSQL's ErrorResponse, in another language than English (protocol 3.0, message formats)."""
    fields = (
        b"".join(b"%c%s\0" % (kind, value) for kind, value in ((0x53, b"FATAL"), (0x43, sqlstate.encode())))
        + b"M"
    )
    body = fields + said.encode() + b"\0\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


def at(port: int) -> URL:
    return URL.create("postgresql+psycopg", "bot_role", SECRET, "127.0.0.1", port, "the_ledger")


@pytest.mark.parametrize(
    ("sqlstate", "trouble"),
    [
        ("28P01", Trouble.LOGIN),
        ("28000", Trouble.LOGIN),
        ("3D000", Trouble.NO_DATABASE),
        ("42501", Trouble.NOT_LET_IN),
        ("53300", Trouble.FULL_HOUSE),
        ("55000", Trouble.CLOSED),
        ("57P03", Trouble.STARTING),
        ("42704", Trouble.OPTION),
        ("08P01", Trouble.POOLER),
        ("XX000", Trouble.REFUSED),
    ],
)
def test_a_refusal_is_known_by_its_code_in_any_language(sqlstate: str, trouble: Trouble) -> None:
    with answering(b"N", error(sqlstate)) as port:
        refused = refusal(at(port))
    assert refused.trouble is trouble
    assert str(refused) == says(
        "the_database_could_not_be_reached_2", finding=trouble.finding, sqlstate=sqlstate
    )


def test_a_server_that_talks_of_passwords_in_another_code_is_not_taken_at_its_word() -> None:
    with answering(b"N", error("57P03", 'password authentication failed C "28P01"')) as port:
        assert refusal(at(port)).trouble is Trouble.STARTING


def test_what_speaks_another_protocol_is_no_postgresql() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert refusal(at(port)).trouble is Trouble.STRANGER


def test_without_tls_at_the_server_or_with_a_broken_one_that_is_said() -> None:
    with answering(b"N") as port:
        assert refusal(at(port).update_query_dict({"sslmode": "require"})).trouble is Trouble.NO_TLS
    with answering(b"S", b"no handshake") as port:
        assert refusal(at(port).update_query_dict({"sslmode": "require"})).trouble is Trouble.TLS


@pytest.mark.parametrize(
    ("prepare", "trouble"),
    [
        ('REVOKE CONNECT ON DATABASE "{name}" FROM public', Trouble.NOT_LET_IN),
        ('ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false', Trouble.CLOSED),
        ('ALTER DATABASE "{name}" WITH CONNECTION LIMIT 0', Trouble.FULL_HOUSE),
        ("ALTER ROLE plain_role NOLOGIN", Trouble.LOGIN),
        ("ALTER ROLE plain_role VALID UNTIL '2001-01-01'", Trouble.LOGIN),
        ("ALTER ROLE plain_role CONNECTION LIMIT 0", Trouble.FULL_HOUSE),
    ],
)
def test_a_real_server_refuses_in_the_same_words(
    prepare: str, trouble: Trouble, postgres_server: Server
) -> None:
    with postgres_server.database() as url:
        postgres_server.execute(f"CREATE ROLE plain_role LOGIN PASSWORD '{SECRET}'")
        try:
            postgres_server.execute(prepare.format(name=url.database))
            assert refusal(url.set(username="plain_role", password=SECRET)).trouble is trouble
        finally:
            postgres_server.execute("DROP ROLE plain_role")


@pytest.mark.parametrize(
    ("options", "trouble"),
    [
        ({"options": "-cno_such_parameter=1"}, Trouble.OPTION),
        ({"options": "-cwork_mem=much"}, Trouble.OPTION),
        ({"sslmode": "bogus"}, Trouble.OPTION),
        ({"service": "nowhere"}, Trouble.OPTION),
        ({"no_such_option": "1"}, Trouble.OPTION),
        ({"sslmode": "require"}, Trouble.NO_TLS),
        ({"target_session_attrs": "standby"}, Trouble.READ_ONLY),
    ],
)
def test_an_option_that_cannot_be_used_is_told_as_one(
    options: dict[str, str], trouble: Trouble, postgres_url: str
) -> None:
    assert refusal(make_url(postgres_url).update_query_dict(options)).trouble is trouble


@pytest.mark.parametrize(
    "name", ["PGSSLMODE", "PGSERVICE", "PGCHANNELBINDING", "PGTARGETSESSIONATTRS", "PGGSSENCMODE"]
)
def test_what_the_surroundings_tell_libpq_is_an_option_too(
    name: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "bogus")
    assert refusal(make_url(postgres_url)).trouble is Trouble.OPTION


def test_a_missing_password_is_a_login_that_is_refused(postgres_url: str) -> None:
    url = make_url(postgres_url)
    bare = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    assert refusal(bare).trouble is Trouble.LOGIN


def test_every_reason_has_a_sentence_without_a_stop_and_a_next_step() -> None:
    for trouble in Trouble:
        assert trouble.finding
        assert not trouble.finding.endswith(".")
        assert trouble.mend.endswith(".")
