"""A process that is told to stop hears it, whichever thread the kernel hands the signal to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ON_ANOTHER_THREAD = """
import signal, threading, time
from bot.stop_signals import Stopping

stopping = Stopping()

def hit():
    time.sleep(0.2)  # long enough for the main thread to be waiting
    signal.pthread_kill(threading.get_ident(), signal.{name})
    threading.Event().wait()

threading.Thread(target=hit, daemon=True).start()
print(stopping.wait({limit}), stopping.is_set())
"""

NOBODY = """
from bot.stop_signals import Stopping

stopping = Stopping()
print(stopping.wait(0.05), stopping.is_set())
"""

MANY_TIMES = """
import os, signal
from bot.stop_signals import Stopping

stopping = Stopping()
for _ in range(5000):
    os.kill(os.getpid(), signal.SIGTERM)
print(stopping.wait(), stopping.wait())
"""


def said(program: str) -> str:
    """What a process of its own prints; it is given up after fifteen seconds."""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=15, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("limit", ["", "10"], ids=["without a limit", "with a limit"])
def test_a_signal_that_another_thread_got_wakes_the_main_thread(name: str, limit: str) -> None:
    assert said(ON_ANOTHER_THREAD.format(name=name, limit=limit)) == "True True"


def test_nobody_told_it_so_it_waits_its_time_and_says_so() -> None:
    assert said(NOBODY) == "False False"


def test_being_told_more_often_than_anybody_listens_is_being_told() -> None:
    assert said(MANY_TIMES) == "True True"


STUCK = """
import os, signal, threading
from bot.observability import logs
from bot.stop_signals import Stopping

logs.configure()
stopping = Stopping(patience=0.2)
stopping.left = lambda: ["apply", "executor-3"]
held = threading.Lock()
held.acquire()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
{stuck}
"""


@pytest.mark.parametrize(
    "stuck",
    [
        "held.acquire()",
        "threading.Event().wait()",
        "threading.Thread(target=threading.Event().wait).start(); stopping.wait()",
    ],
    ids=["by a lock", "by an event", "by a thread that outlives the main one"],
)
def test_a_process_that_hangs_ends_all_the_same_and_says_what_it_left(stuck: str) -> None:
    program = STUCK.format(stuck=stuck)
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=15, check=False
    )
    assert run.returncode == 0
    (line,) = (json.loads(line) for line in run.stderr.splitlines())
    assert (line["event"], line["level"], line["finished"], line["left"]) == (
        "bot.stopped",
        "error",
        False,
        ["apply", "executor-3"],
    )
