"""A replica that is stopped in mid-change loses the right to it: whoever takes over makes it once, and the
late one gives up."""

import signal
import time
from pathlib import Path

import pytest

from handlers.changes.apply import BEGIN_WITHIN
from storage.lifecycle import State
from storage.record.verify import verify
from tests.crashes.beginnings import Begin
from tests.crashes.conftest import Beginnings
from tests.crashes.world import ALICE, BOB, MORTAL
from tests.patience import patience
from tests.processes import Process

MOMENTS = {
    "in the middle of recording the vote": (
        "before COMMIT of audit_events, change_requests, decisions, inbox, notices"
    ),
    "between the reading and the write": "after Get-TransportConfig",
}

ON_RECORD_AS_SENDING = "after COMMIT of attempts, audit_events, change_requests, notices, observations"
"""The last moment at which a stop is seen to hold: the look at the clock and the first byte are less than a
system call apart."""


def is_stopped(process: Process) -> bool:
    """Whether the process lies still: state ``T`` behind the name in ``/proc/<pid>/stat``."""
    return Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("T")


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=list(MOMENTS))
def test_a_replica_that_was_stopped_before_the_write_does_nothing_any_more_when_it_wakes(
    moment: str, postgres_beginnings: Beginnings, tmp_path: Path
) -> None:
    with postgres_beginnings[Begin.ASKED].world(tmp_path) as world:
        world.start(MORTAL, MORTAL_AT=moment, MORTAL_SIGNAL="SIGSTOP")
        world.press(BOB, "approve")
        late = world.set_aside()
        try:
            world.wait(lambda: is_stopped(late))
            world.let_claims_expire()
            world.start()
            world.wait(lambda: world.newest_state() is State.APPLIED and world.owes_nothing())
            late.send_signal(signal.SIGCONT)
            late.terminate()
            assert late.wait(timeout=patience(25)) == 0
        finally:
            late.kill()
            late.wait()
        world.wait(world.owes_nothing)
        assert [call.effective for call in world.writes] == [True]
        assert [text[:8] for text in world.direct(ALICE)] == ["Applied:"]
        assert [message["text"][:8] for message in world.public()] == ["Applied:"]
        with world.reader() as reader:
            assert [decision.person_id for decision in reader.decisions([reader.page(limit=1)[0].id])] == [
                BOB
            ]
        assert verify(world.database, world.tenant.tenant_id).ok
        assert not world.logged("error")


@pytest.mark.long
def test_a_replica_that_was_stopped_before_its_first_byte_sends_nothing_when_it_wakes_too_late(
    postgres_beginnings: Beginnings, tmp_path: Path
) -> None:
    with postgres_beginnings[Begin.ASKED].world(tmp_path) as world:
        world.start(MORTAL, MORTAL_AT=ON_RECORD_AS_SENDING, MORTAL_SIGNAL="SIGSTOP")
        world.press(BOB, "approve")
        late = world.set_aside()
        try:
            world.wait(lambda: is_stopped(late))
            stopped = time.monotonic()
            world.let_claims_expire()
            world.start()
            world.wait(lambda: world.newest_state() is State.UNCERTAIN)
            world.wait(lambda: time.monotonic() > stopped + BEGIN_WITHIN, within=BEGIN_WITHIN + 5)
            late.send_signal(signal.SIGCONT)
            late.terminate()
            assert late.wait(timeout=patience(25)) == 0
        finally:
            late.kill()
            late.wait()
        assert (list(world.writes), world.newest_state()) == ([], State.UNCERTAIN)
        assert verify(world.database, world.tenant.tenant_id).ok
