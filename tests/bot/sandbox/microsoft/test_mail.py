"""The sandbox's mail hosts, probed by the real probe: old TLS at the legacy ones alone, whatever the tenant's
setting is."""

from pathlib import Path

import pytest

from bot.probe.run import probe
from bot.probe.targets import targets
from bot.sandbox.microsoft.certificates import Root, write_private
from bot.sandbox.microsoft.mail import Mail
from handlers.probe_ports import ProbeOutcome


def test_the_legacy_hosts_take_old_tls_and_the_standard_one_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_private(tmp_path / "server.pem", Root().server().pem())
    mail = Mail(tmp_path / "server.pem")
    mail.start()
    try:
        rows = probe(targets(mail.endpoints))
    finally:
        mail.stop()
    # what asyncio warns of would stand in the terminal of whoever runs the sandbox
    assert caplog.records == []
    assert {row.outcome for row in rows} == {ProbeOutcome.ACCEPTED, ProbeOutcome.REFUSED}, rows
    refused = [(row.target.host, row.tls) for row in rows if row.outcome is ProbeOutcome.REFUSED]
    assert refused == [("smtp.localhost", "1.0"), ("smtp.localhost", "1.1")]
