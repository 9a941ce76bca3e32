"""The real process streams its record, is killed in the middle, goes on, and is held up by no receiver."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.sandbox.slack import cast
from tests.bot.stream.receiving import SECRET, Act, Receiving
from tests.bot.test_process import Running
from tests.patience import patience

ALICE = "U0ALICE"
Begin = Callable[[Receiving], Running]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    began: list[Running] = []

    def start(receiver: Receiving) -> Running:
        process = Running(tmp_path, LEGACYTLS_EVENTS_URL=receiver.url, LEGACYTLS_EVENTS_SECRET=SECRET)
        process.sandbox.__enter__()
        began.append(process)
        process.wait(lambda: process.ready() == 200 and process.slack.connections == 2 and process.reads())
        return process

    yield start
    for process in began:
        process.sandbox.__exit__(None, None, None)


def opt_out(running: Running) -> None:
    """Change something: an opt-out needs nobody else."""
    running.slack.command(ALICE, "/legacytls disable")
    view = running.wait(lambda: next(iter(running.slack.views(ALICE)), None))
    running.slack.submit(ALICE, view["id"], {"reason": ""})
    running.wait(
        lambda: [said for said in running.slack.messages(cast.CHANGES) if "Applied:" in said["text"]]
    )


def test_a_kill_between_sending_and_keeping_loses_nothing_and_doubles_only_what_has_the_same_id(
    begin: Begin,
) -> None:
    with Receiving(Act(), otherwise=Act(seconds=30)) as receiver:
        running = begin(receiver)
        running.wait(lambda: len(receiver.posted) >= 2)
        assert running.sandbox.bot is not None
        pid = running.sandbox.bot.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        receiver.otherwise = Act()
        running.sandbox.bot.kill()
        running.sandbox.bot.start()
        running.wait(lambda: running.ready() == 200)
        opt_out(running)
        running.wait(lambda: running.number("legacytls_stream_events_waiting") == 0)
        last = max(receiver.taken)
        assert sorted(set(receiver.taken)) == list(range(1, last + 1))
        first_seen = list(dict.fromkeys(receiver.taken))
        assert first_seen == sorted(first_seen), "an event came before one that was recorded earlier"
        bodies: dict[str, set[bytes]] = {}
        for post in receiver.posted:
            bodies.setdefault(post.headers["webhook-id"], set()).add(post.body)
        assert all(len(each) == 1 for each in bodies.values())


def test_a_receiver_that_hangs_holds_up_neither_a_change_nor_the_end_of_the_process(begin: Begin) -> None:
    with Receiving(otherwise=Act(seconds=60)) as receiver:
        running = begin(receiver)
        running.wait(lambda: receiver.posted)
        began = time.monotonic()
        opt_out(running)
        assert time.monotonic() - began < patience(10)
        assert running.ready() == 200
        running.wait(lambda: (running.number("legacytls_stream_events_waiting") or 0) > 0)
        code, seconds = running.stop()
        assert code == 0
        assert seconds < patience(6)


def test_a_receiver_that_refuses_stands_in_readyz_and_in_the_numbers_and_never_with_its_address(
    begin: Begin,
) -> None:
    with Receiving(otherwise=Act(500)) as receiver:
        running = begin(receiver)
        said = running.wait(lambda: running.trouble().get("stream"))
        assert "status 500" in said
        assert running.ready() == 200
        assert (running.number("legacytls_stream_oldest_seconds") or 0) > 0
        assert "canary" not in said + running.log()
        receiver.otherwise = Act()
        running.wait(lambda: running.number("legacytls_stream_events_waiting") == 0, within=30)
        running.wait(lambda: "stream" not in running.trouble())
