"""``legacytls probe`` as an admin types it: a process of its own, its words, its exit code, and what a
machine reads."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bot import terminal
from bot.exchange.clouds import CLOUDS
from bot.probe.targets import Opening, of_cloud, opening_of, target, targets
from handlers.probe_ports import ProbeTarget, TlsVersion
from tests.bot.machine import ROOT, command
from tests.bot.probe import servers
from tests.bot.probe.servers import Server, context
from tests.sentences import says

TLS10, TLS11, TLS12, TLS13 = TlsVersion


def test_json_has_a_row_for_each_endpoint_and_version_in_the_order_asked_for(
    pair: Path, tmp_path: Path
) -> None:
    with (
        Server(servers.smtp(context(pair, TLS10, TLS12))) as old,
        Server(servers.smtp(context(pair, TLS12, TLS13))) as new,
    ):
        done = command(
            "probe", str(old.target), str(new.target), str(old.target), "--json", settings={}, folder=tmp_path
        )
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert [list(row) for row in rows] == [["host", "port", "tls", "outcome", "detail"]] * 8
    assert [(row["port"], row["tls"], row["outcome"]) for row in rows] == [
        (old.target.port, "1.0", "accepted"),
        (old.target.port, "1.1", "accepted"),
        (old.target.port, "1.2", "accepted"),
        (old.target.port, "1.3", "refused"),
        (new.target.port, "1.0", "refused"),
        (new.target.port, "1.1", "refused"),
        (new.target.port, "1.2", "accepted"),
        (new.target.port, "1.3", "accepted"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_plain_lines_say_what_it_proves_and_the_code_that_something_could_not_be_told(tmp_path: Path) -> None:
    with Server(servers.replying(b"220 old.example\r\n", b"250 old.example\r\n")) as server:
        done = command("probe", str(server.target), settings={}, folder=tmp_path)
    assert (done.code, done.err) == (1, "")
    first, *_, last = done.out.splitlines()
    assert first.startswith(f"{server.target}  TLS 1.0  unknown: it offers no STARTTLS")
    assert says("never_whether_the_tenant_is_opted_in") in last


def test_what_is_probed_can_be_set(pair: Path, tmp_path: Path) -> None:
    with Server(servers.smtp(context(pair, TLS12))) as server:
        named = {"LEGACYTLS_PROBE_ENDPOINTS": str(server.target)}
        done = command("probe", "--json", settings=named, folder=tmp_path)
    assert done.code == 0
    assert {row["port"] for row in json.loads(done.out)} == {server.target.port}


def test_wrong_settings_stop_it_before_anything_is_connected(tmp_path: Path) -> None:
    with Server(servers.silent) as server:
        wrong = {"LEGACYTLS_TIMEZONE": "Nowhere", "LEGACYTLS_PROBE_ENDPOINTS": "smtp://pasted.example"}
        done = command("probe", str(server.target), settings=wrong, folder=tmp_path)
    assert (done.code, done.out, server.connections) == (2, "", 0)
    assert "LEGACYTLS_TIMEZONE: " in done.err
    assert "LEGACYTLS_PROBE_ENDPOINTS: write HOST:PORT" in done.err
    assert "pasted" not in done.err


@pytest.mark.parametrize(
    "text",
    [
        "relay", "relay:", ":25", "relay:0", "relay:65536", "relay:smtp", "smtp://relay:25",
        "user:word@relay:25", "re lay:25", "2001:db8::1:25", "[2001:db8::1]", "[relay]:25", "relay:25:25",
        f"{'x' * 64}:25", "-", "relay%eth0:25", "re\x00lay:25",
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_told_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write HOST:PORT, such as"):
        target(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("Relay.Contoso.com.:587", "relay.contoso.com", 587),
        ("10.0.0.5:465", "10.0.0.5", 465),
        ("[2001:0DB8::0025]:25", "2001:db8::25", 25),
        ("münchen.example:25", "xn--mnchen-3ya.example", 25),
        ("scan_relay:2525", "scan_relay", 2525),
    ],
)
def test_endpoints_as_people_write_them(text: str, host: str, port: int) -> None:
    found = target(text)
    assert found == ProbeTarget(host, port)
    assert target(str(found)) == found


def test_several_are_separated_by_commas_and_each_is_probed_once() -> None:
    assert targets("a:1, b:2,,A:1") == (ProbeTarget("a", 1), ProbeTarget("b", 2))


def test_each_cloud_is_probed_at_its_legacy_hosts_and_its_standard_host() -> None:
    assert [str(one) for one in of_cloud("worldwide")] == [
        "smtp-legacy.office365.com:587",
        "pop-legacy.office365.com:995",
        "imap-legacy.office365.com:993",
        "smtp.office365.com:587",
    ]
    assert [str(one) for one in of_cloud("gcc-high")] == ["smtp.office365.us:587"]
    for name in CLOUDS:
        openings = [opening_of(one) for one in of_cloud(name)]
        assert openings in ([Opening.SMTP, Opening.TLS, Opening.TLS, Opening.SMTP], [Opening.SMTP])


# At a terminal


def test_a_table_at_a_terminal(pair: Path, tmp_path: Path) -> None:
    with Server(servers.smtp(context(pair, TLS10, TLS13))) as server:
        shown = _at_a_terminal(tmp_path, "probe", str(server.target))
    assert "Endpoint" in shown
    assert "Outcome" in shown
    assert shown.count("accepted") == 4
    assert "Probing" not in shown  # it took no two seconds


def test_what_takes_over_two_seconds_says_so_on_standard_error_at_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    said = threading.Event()
    monkeypatch.setattr(terminal, "PATIENCE", 0.01)
    monkeypatch.setattr(terminal.sys.stderr, "flush", said.set)
    with terminal.progress("Nobody looks"):
        assert not said.wait(0.1)
    monkeypatch.setattr(terminal.sys.stderr, "isatty", lambda: True)
    with terminal.progress("Probing \x1b[2Ja:1"):
        assert said.wait(10)
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err == "Probing \ufffd[2Ja:1\n"


def _at_a_terminal(folder: Path, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "160", "TERM": "xterm"}
    program = [sys.executable, "-m", "bot", *arguments]
    with subprocess.Popen(
        program, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:  # the other end is closed: all is read
            pass
        os.close(ours)
    assert running.returncode == 0
    return shown.decode()
