"""The stream that tells the page of changes: a line at once and per change, many changes in one, an end with
the server."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bot.sandbox.console import server
from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import quick_slack


def _lines(slack: Slack) -> Iterator[str]:
    answer = requests.get(f"{slack.url}/console/events", stream=True, timeout=10)
    assert answer.headers["Content-Type"] == "text/event-stream"
    return (line for line in answer.iter_lines(chunk_size=1, decode_unicode=True) if line)


def _revision(line: str) -> Any:
    assert line.startswith("data: ")
    return json.loads(line.removeprefix("data: "))["revision"]


def test_the_first_line_says_where_things_stand_and_each_change_follows(slack: Slack) -> None:
    lines = _lines(slack)
    assert _revision(next(lines)) == slack.workspace.revision
    slack.say("U0ALICE", "hello")
    assert _revision(next(lines)) == slack.workspace.revision
    slack.workspace.touch()
    assert _revision(next(lines)) == slack.workspace.revision


def test_many_changes_are_one_line(slack: Slack) -> None:
    lines = _lines(slack)
    first = _revision(next(lines))
    for _ in range(100):
        slack.say("U0ALICE", "hello")
    told = 0
    while _revision(next(lines)) < first + 100:
        told += 1
    assert told < 50


def test_every_open_page_is_told(slack: Slack) -> None:
    streams = [_lines(slack) for _ in range(3)]
    for stream in streams:
        next(stream)
    slack.say("U0ALICE", "hello")
    assert {_revision(next(stream)) for stream in streams} == {slack.workspace.revision}


def test_silence_is_filled_with_a_heartbeat(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEARTBEAT_SECONDS", 0.01)
    lines = _lines(slack)
    next(lines)
    assert next(lines) == ": still here"


def test_the_stream_ends_with_the_server() -> None:
    slack = quick_slack()
    lines = _lines(slack)
    next(lines)
    stopping = threading.Thread(target=slack.stop)
    stopping.start()
    assert [line for line in lines if not line.startswith(("data: ", ":"))] == []
    stopping.join(timeout=20)
    assert not stopping.is_alive()
