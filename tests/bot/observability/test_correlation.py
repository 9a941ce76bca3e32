"""One id leads from a click through the decision and the worker to the cmdlet, even when the process died in
between."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.slack import cast
from tests.bot.observability.test_metrics import ALICE, BOB, request
from tests.bot.test_process import Running


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    process = Running(tmp_path)
    with process.sandbox:
        process.wait(lambda: process.ready() == 200 and process.slack.connections == 2 and process.reads())
        yield process


def logged(running: Running, event: str) -> list[dict[str, Any]]:
    """The lines that begin with ``event``, whole ones only."""
    lines = running.log().rpartition("\n")[0].split("\n")
    return [line for line in map(json.loads, lines) if line["event"].startswith(event)]


def test_one_id_leads_from_the_click_to_the_cmdlet(running: Running) -> None:
    ts = request(running)
    running.slack.press(BOB, cast.CHANGES, ts, "approve")
    (sent,) = running.wait(
        lambda: [call for call in running.tenant.calls if call.cmdlet == "Set-TransportConfig"]
    )
    running.wait(lambda: logged(running, "apply.answered"))
    (click,) = (line for line in logged(running, "slack.acknowledged") if line["kind"] == "block_actions")
    (form,) = (line for line in logged(running, "slack.acknowledged") if line["kind"] == "view_submission")
    asked, decided = logged(running, "act.handled")
    assert (asked["kind"], asked["correlation_id"]) == ("opt_in", form["correlation_id"])
    assert (decided["kind"], decided["vote"], decided["correlation_id"]) == (
        "vote",
        "approve",
        click["correlation_id"],
    )
    (sending,), (cmdlet,) = logged(running, "apply.sending"), logged(running, "Set-TransportConfig")
    assert sending["client_request_id"] == sent.client_request_id
    assert sent.client_request_id in cmdlet["event"]
    assert (
        sending["correlation_id"]
        == cmdlet["correlation_id"]
        == click["correlation_id"]
        != form["correlation_id"]
    )


def test_the_id_outlives_the_process(running: Running) -> None:
    ts = request(running)
    running.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig", count=1000)
    running.slack.press(BOB, cast.CHANGES, ts, "approve")
    running.wait(lambda: [line for line in logged(running, "act.handled") if line["kind"] == "vote"])
    assert running.sandbox.bot is not None
    running.sandbox.bot.kill()
    running.tenant.clear_faults()
    running.sandbox.bot.start()
    (sending,) = running.wait(lambda: logged(running, "apply.sending"), within=40)
    (click,) = (line for line in logged(running, "slack.acknowledged") if line["kind"] == "block_actions")
    assert sending["correlation_id"] == click["correlation_id"]


def test_an_opt_out_is_followed_as_well(running: Running) -> None:
    running.slack.command(ALICE, "/legacytls disable")
    view = running.wait(lambda: next(iter(running.slack.views(ALICE)), None))
    running.slack.submit(ALICE, view["id"], {"reason": ""})
    (sending,) = running.wait(lambda: logged(running, "apply.sending"))
    (asked,) = logged(running, "act.handled")
    assert sending["correlation_id"] == asked["correlation_id"]
