"""A real process changes the setting at the simulated Exchange; its evidence is compared with what that has
on record."""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.slack import cast
from tests.bot.machine import Outcome, command
from tests.bot.test_process import Running

ALICE = "U0ALICE"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "sandbox").mkdir()
    process = Running(tmp_path / "sandbox")
    process.tenant.audit_latency_seconds = 0.0
    with process.sandbox:
        process.wait(lambda: process.ready() == 200 and process.slack.connections == 2 and process.reads())
        yield process


def opt_out(running: Running) -> None:
    running.slack.command(ALICE, "/legacytls disable")
    view = running.wait(lambda: next(iter(running.slack.views(ALICE)), None))
    running.slack.submit(ALICE, view["id"], {"reason": ""})
    running.wait(
        lambda: [said for said in running.slack.messages(cast.CHANGES) if "Applied:" in said["text"]]
    )


def evidence(running: Running, output: Path, **changed: str) -> Outcome:
    sandbox, today = running.sandbox, datetime.now(UTC).date()
    settings = sandbox.slack.environment | sandbox.microsoft.environment | sandbox._bot_settings() | changed
    days = ("--from", str(today - timedelta(days=1)), "--to", str(today))
    return command("evidence", *days, "--output", str(output), settings=settings, folder=output.parent)


def manifest(output: Path) -> dict[str, Any]:
    with zipfile.ZipFile(output) as pack:
        found: dict[str, Any] = json.loads(pack.read("manifest.json"))
        return found


def misses(output: Path, part: str) -> bool:
    """Whether the pack says that something is missing, in these words among others."""
    return part in " ".join(manifest(output)["missing"])


def test_a_change_that_exchange_has_on_record_is_proven_and_the_pack_comes_out_the_same(
    running: Running, tmp_path: Path
) -> None:
    opt_out(running)
    outcome = evidence(running, tmp_path / "one.zip")
    assert outcome.code == 0, outcome.said
    assert manifest(tmp_path / "one.zip")["proven"] is True
    assert evidence(running, tmp_path / "two.zip").code == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as pack:
        pairs = pack.read("reconciliation.csv").decode().splitlines()
        days = pack.read("days.csv").decode().splitlines()
    assert len(pairs) == 2
    assert pairs[1].split(",")[4:6] == ['"yes"', '"1"']
    assert days[-1].startswith(f'"{datetime.now(UTC).date()}","opted out"')


def test_a_row_that_has_not_come_is_awaited_with_exit_code_3_and_proven_once_it_has(
    running: Running, tmp_path: Path
) -> None:
    running.tenant.audit_latency_seconds = 3600.0
    opt_out(running)
    outcome = evidence(running, tmp_path / "early.zip")
    assert outcome.code == 3
    assert misses(tmp_path / "early.zip", "#1: its row in Exchange's audit log is awaited until")
    running.tenant.audit_latency_seconds = 0.0
    assert evidence(running, tmp_path / "late.zip").code == 0


def test_a_search_that_fails_is_not_proven(running: Running, tmp_path: Path) -> None:
    opt_out(running)
    running.tenant.queue_fault("unavailable", cmdlet="Search-UnifiedAuditLog", count=20)
    outcome = evidence(running, tmp_path / "pack.zip")
    assert outcome.code == 3, outcome.said
    assert misses(tmp_path / "pack.zip", "could not be searched")


def test_a_log_that_is_switched_off_is_not_proven(running: Running, tmp_path: Path) -> None:
    running.tenant.audit_ingestion = False
    opt_out(running)
    assert evidence(running, tmp_path / "pack.zip").code == 3
    assert misses(tmp_path / "pack.zip", "switched off")


def test_a_change_behind_the_bot_s_back_is_named(running: Running, tmp_path: Path) -> None:
    opt_out(running)
    for value in (True, False):
        running.tenant.change_outside(value)
    outcome = evidence(running, tmp_path / "pack.zip")
    assert outcome.code == 3
    assert misses(tmp_path / "pack.zip", "carol@contoso.com")


def test_a_record_with_a_key_is_not_added_to_without_it(running: Running, tmp_path: Path) -> None:
    opt_out(running)
    before = evidence(running, tmp_path / "one.zip", LEGACYTLS_RECORD_KEY="ab" * 32)
    assert before.code == 3
    assert misses(tmp_path / "one.zip", "not one that these settings may add to")
