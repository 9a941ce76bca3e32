"""What a probe finds at servers of every TLS version, behind whichever greeting, and what it says to them."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.probe import connection, handshake
from bot.probe.run import probe
from bot.probe.targets import Opening
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from tests.bot.probe import servers
from tests.bot.probe.servers import Server, Talk, context
from tests.sentences import says

ACCEPTED, REFUSED, UNKNOWN = ProbeOutcome.ACCEPTED, ProbeOutcome.REFUSED, ProbeOutcome.UNKNOWN
UNREACHABLE, NOT_TESTABLE = ProbeOutcome.UNREACHABLE, ProbeOutcome.NOT_TESTABLE
TLS10, TLS11, TLS12, TLS13 = TlsVersion


def outcomes(rows: list[ProbeRow]) -> list[ProbeOutcome]:
    assert [row.tls for row in rows] == list(TlsVersion)
    return [row.outcome for row in rows]


def probed(server: Server, seconds: float = 5.0) -> list[ProbeRow]:
    return probe([server.target], seconds=seconds)


def details(rows: list[ProbeRow]) -> str:
    (said,) = {row.detail for row in rows}
    return said


@pytest.fixture
def implicit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the ports of implicit TLS: no greeting is waited for."""
    monkeypatch.setattr("bot.probe.run.opening_of", lambda target: Opening.TLS)


@pytest.mark.parametrize("only", list(TlsVersion))
@pytest.mark.usefixtures("implicit")
def test_implicit_tls_of_one_version_accepts_it_and_refuses_the_others(only: TlsVersion, pair: Path) -> None:
    with Server(servers.tls(context(pair, only))) as server:
        rows = probed(server)
    assert outcomes(rows) == [ACCEPTED if version is only else REFUSED for version in TlsVersion], rows
    assert server.connections == len(TlsVersion)


def test_a_port_of_unknown_use_that_greets_nobody_is_taken_for_implicit_tls(pair: Path) -> None:
    with Server(servers.tls(context(pair, TLS11, TLS12))) as server:
        assert outcomes(probed(server)) == [REFUSED, ACCEPTED, ACCEPTED, REFUSED]
    assert server.connections == len(TlsVersion)


@pytest.mark.parametrize("only", list(TlsVersion))
@pytest.mark.parametrize("door", [servers.smtp, servers.pop3, servers.imap])
def test_the_one_version_that_a_server_takes_is_accepted_and_the_others_refused(
    only: TlsVersion, door: Callable[..., Talk], pair: Path
) -> None:
    with Server(door(context(pair, only))) as server:
        rows = probed(server)
    assert outcomes(rows) == [ACCEPTED if version is only else REFUSED for version in TlsVersion], rows
    assert server.connections == len(TlsVersion)


@pytest.mark.parametrize(
    ("lowest", "highest"), [(TLS10, TLS12), (TLS11, TLS13), (TLS12, TLS13), (TLS10, TLS13)]
)  # fmt: skip
def test_a_range_of_versions_is_told_apart(lowest: TlsVersion, highest: TlsVersion, pair: Path) -> None:
    with Server(servers.smtp(context(pair, lowest, highest))) as server:
        assert outcomes(probed(server)) == [
            ACCEPTED if lowest <= one <= highest else REFUSED for one in TlsVersion
        ]


def test_no_credential_and_no_mail_is_sent_only_ehlo_and_starttls(pair: Path) -> None:
    with Server(servers.smtp(context(pair, TLS10, TLS13))) as server:
        assert set(outcomes(probed(server))) == {ACCEPTED}
    assert sorted(set(server.lines)) == [b"EHLO [127.0.0.1]\r\n", b"STARTTLS\r\n"]
    assert server.inside == [b""] * 4


@pytest.mark.usefixtures("implicit")
def test_one_that_wants_a_certificate_of_its_clients_gets_none_and_proves_nothing_before_tls_1_3(
    pair: Path,
) -> None:
    with Server(servers.tls(context(pair, TLS10, TLS12, ask_client=True))) as server:
        rows = probed(server)
    assert outcomes(rows) == [UNKNOWN, UNKNOWN, UNKNOWN, REFUSED]
    assert says("certificate_of_its_clients") in rows[0].detail


# An end that does not say why


def taking(made_for: Path, *, ends: Callable[[socket.socket], None]) -> Talk:
    """Takes TLS 1.2, and ends every other connection in some way once it has read what the client offers."""
    takes = context(made_for, TLS12)

    def talk(connection: socket.socket, server: Server) -> None:
        head = connection.recv(11, socket.MSG_PEEK | socket.MSG_WAITALL)
        offered = head[9:11]
        hello = connection.recv(4096, socket.MSG_PEEK)
        if offered == b"\x03\x03" and b"\x00\x2b\x00\x03\x02\x03\x04" not in hello:
            server.encrypt(connection, takes)
        else:
            servers.hello_of(connection)
            ends(connection)

    return talk


@pytest.mark.usefixtures("implicit")
def test_an_end_without_an_alert_is_a_refusal_where_tls_1_2_succeeds(pair: Path) -> None:
    with Server(taking(pair, ends=lambda connection: connection.shutdown(socket.SHUT_RDWR))) as server:
        rows = probed(server)
    assert outcomes(rows) == [REFUSED, REFUSED, ACCEPTED, REFUSED]
    assert says("tls_1_2_is_accepted") in rows[0].detail


@pytest.mark.usefixtures("implicit")
def test_an_end_without_an_alert_is_unknown_where_nothing_succeeds() -> None:
    def talk(connection: socket.socket, server: Server) -> None:
        servers.hello_of(connection)

    with Server(talk) as server:
        assert outcomes(probed(server)) == [UNKNOWN] * 4


@pytest.mark.usefixtures("implicit")
def test_a_reset_is_unknown_even_where_tls_1_2_succeeds(pair: Path) -> None:
    with Server(taking(pair, ends=servers.reset)) as server:
        assert outcomes(probed(server)) == [UNKNOWN, UNKNOWN, ACCEPTED, UNKNOWN]


@pytest.mark.usefixtures("implicit")
def test_silence_is_unknown_even_where_tls_1_2_succeeds(pair: Path) -> None:
    with Server(taking(pair, ends=lambda connection: connection.recv(1) and None)) as server:
        assert outcomes(probed(server, seconds=0.8)) == [UNKNOWN, UNKNOWN, ACCEPTED, UNKNOWN]


# Those that speak no TLS


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (servers.replying(b"220 old.example\r\n", b"250 old.example\r\n"), "offers no STARTTLS"),
        (servers.replying(b"220 old.example\r\n", b"502 no such command\r\n"), "answer to EHLO is 502"),
        (
            servers.replying(b"220 x\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"),
            "answer to STARTTLS is 454",
        ),
        (servers.replying(b"554 go away\r\n"), "neither SMTP, POP3 nor IMAP"),
        (servers.replying(b"220 x\r\n", b"250-x\r\n" * 200), "does not end"),
        (servers.replying(b"220 " + b"x" * 100_000), "without an end"),
        (servers.replying(b"+OK\r\n", b"-ERR\r\n"), "answer to STLS"),
        (servers.replying(b"* OK\r\n", b"a1 BAD\r\n"), "answer to STARTTLS"),
        (servers.replying(b"SSH-2.0-OpenSSH_9.2\r\n"), "neither SMTP, POP3 nor IMAP"),
        (servers.replying(), "without a word"),
        (lambda connection, server: servers.reset(connection), "reset before TLS could begin"),
    ],
)
def test_what_cannot_come_to_tls_is_unknown_for_every_version_and_asked_once(talk: Talk, told: str) -> None:
    with Server(talk) as server:
        rows = probed(server)
    assert outcomes(rows) == [UNKNOWN] * 4
    assert told in details(rows)
    assert server.connections == 1


@pytest.mark.usefixtures("implicit")
def test_a_server_that_answers_in_plain_text_once_it_is_spoken_to_is_unknown() -> None:
    def talk(connection: socket.socket, server: Server) -> None:
        servers.hello_of(connection)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Server(talk) as server:
        rows = probed(server)
    assert outcomes(rows) == [UNKNOWN] * 4
    assert says("not_in_tls") in details(rows)


@pytest.mark.usefixtures("implicit")
def test_one_that_never_answers_is_unknown_in_the_time_it_is_given() -> None:
    with Server(servers.silent) as server:
        assert outcomes(probed(server, seconds=0.5)) == [UNKNOWN] * 4


# Those that are not reached


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = ProbeTarget("127.0.0.1", taken.getsockname()[1])
    rows = probe([free])
    assert outcomes(rows) == [UNREACHABLE] * 4
    assert "refused" in details(rows)


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label too long")]
)
def test_a_name_that_does_not_resolve_is_unreachable(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(connection.socket, "getaddrinfo", getaddrinfo)
    rows = probe([ProbeTarget("nowhere.invalid", 587)])
    assert outcomes(rows) == [UNREACHABLE] * 4
    assert says("cannot_be_looked_up") in details(rows)


def test_a_resolver_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(connection.socket, "getaddrinfo", lambda *_, **__: answered.wait(20) and [])
    try:
        rows = probe([ProbeTarget("slow.example", 587)], seconds=0.2)
    finally:
        answered.set()
    assert outcomes(rows) == [UNREACHABLE] * 4
    assert says("not_looked_up_in_time") in details(rows)


@pytest.mark.usefixtures("implicit")
def test_the_other_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, pair: Path) -> None:
    with Server(servers.tls(context(pair, TLS12, TLS13))) as server:
        port = server.target.port
        stream = (socket.SOCK_STREAM, 6, "")
        addresses = [
            (socket.AF_INET6, *stream, ("::1", port, 0, 0)),
            (socket.AF_INET, *stream, ("127.0.0.1", port)),
        ]
        monkeypatch.setattr(connection.socket, "getaddrinfo", lambda *_, **__: addresses)
        assert outcomes(probe([ProbeTarget("two.example", port)])) == [REFUSED, REFUSED, ACCEPTED, ACCEPTED]


def test_endpoints_do_not_wait_for_each_other_and_keep_their_order(pair: Path) -> None:
    takes, reached = servers.smtp(context(pair, TLS10, TLS13)), threading.Event()

    def second(connection: socket.socket, server: Server) -> None:
        reached.set()
        takes(connection, server)

    with Server(lambda *_: reached.wait(10) and None) as first, Server(second) as server:
        rows = probe([first.target, server.target])
    assert [row.target for row in rows] == [first.target] * 4 + [server.target] * 4
    assert "without a word" in details(rows[:4])
    assert outcomes(rows[4:]) == [ACCEPTED] * 4


# What this machine cannot speak


def test_this_machine_speaks_every_version_with_what_a_probe_offers() -> None:
    assert {version: handshake.why_not(version) for version in TlsVersion} == dict.fromkeys(TlsVersion, "")


@pytest.mark.parametrize("version", [TLS10, TLS11])
def test_without_the_lowered_security_level_the_self_test_says_so(version: TlsVersion) -> None:
    assert handshake.why_not(version, "DEFAULT:@SECLEVEL=2") != ""


def test_a_version_that_is_not_built_in_is_not_testable(monkeypatch: pytest.MonkeyPatch) -> None:
    def only(*_: object) -> None:
        raise ValueError("Unsupported protocol version 0x301")

    monkeypatch.setattr(handshake, "_only", only)
    assert handshake.why_not.__wrapped__(TLS10) == "VERSION_NOT_BUILT_IN"


@pytest.mark.usefixtures("implicit")
def test_what_is_not_testable_here_is_never_called_refused_and_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, pair: Path
) -> None:
    monkeypatch.setattr(
        "bot.probe.run.why_not", lambda version: "NO_CIPHERS_AVAILABLE" if version < TLS12 else ""
    )
    with Server(servers.tls(context(pair, TLS12, TLS13))) as server:
        rows = probed(server)
    assert outcomes(rows) == [NOT_TESTABLE, NOT_TESTABLE, ACCEPTED, ACCEPTED]
    assert "NO_CIPHERS_AVAILABLE" in rows[0].detail
    assert server.connections == 2


@pytest.mark.usefixtures("implicit")
def test_a_local_failure_in_the_middle_is_not_taken_for_a_refusal(
    monkeypatch: pytest.MonkeyPatch, pair: Path
) -> None:
    offered = handshake.client
    monkeypatch.setattr("bot.probe.run.client", lambda version: offered(version, "DEFAULT:@SECLEVEL=2"))
    with Server(servers.tls(context(pair, TLS10, TLS13))) as server:
        rows = probed(server)
    assert outcomes(rows) == [NOT_TESTABLE, NOT_TESTABLE, ACCEPTED, ACCEPTED], rows
