"""A backup that is put back spends no approval twice: the bot knows the newest head, and asks a person before it goes on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.lifecycle import State
from tests.crashes.attacked import KEY, Attacked
from tests.crashes.beginnings import Begin
from tests.crashes.conftest import Beginnings
from tests.crashes.world import ALICE, BOB

LOOKS = "looks like a backup that was put back"


@pytest.fixture(params=[KEY, ""], ids=["with a key", "without a key"])
def restored(beginnings: Beginnings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Attacked]:
    """An opt-in was approved, a backup was taken, the opt-in was applied and ended by hand, and the backup was put back."""
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        attacked = Attacked(world, key=request.param)
        attacked.start()
        world.wait(world.owes_nothing)
        world.tenant.queue_fault("unavailable", cmdlet="Get-TransportConfig", count=1000)
        world.press(BOB, "approve")
        world.wait(lambda: world.newest_state() is State.APPROVED and world.owes_nothing())
        approved = attacked.backup()
        world.tenant.clear_faults()
        world.clock.advance(120)
        world.wait(lambda: world.newest_state() is State.APPLIED and world.owes_nothing())
        world.tenant.value = None
        attacked.put_back(approved)
        yield attacked


def test_nothing_is_opted_in_until_a_person_accepts_the_copy_and_opting_out_goes_on(restored: Attacked) -> None:
    world, sent = restored.world, len(restored.world.writes)
    assert restored.state_of(1) is State.APPROVED
    restored.start()
    world.wait(lambda: restored.said(LOOKS) and LOOKS in restored.trouble("record"))
    world.wait(lambda: "Waiting" in str(world.cards()[-1]))
    verified, checked = restored.typed("verify"), restored.typed("check")
    assert (verified.code, checked.code, LOOKS in verified.out, LOOKS in checked.out) == (1, 1, True, True)
    world.clock.advance(120)
    restored.opts_out()
    assert [call.parameters["AllowLegacyTLSClients"] for call in world.writes[sent:]] == [False]
    world.stop()
    restored.start()
    world.wait(world.owes_nothing)
    assert len(restored.said(LOOKS)) == 1


def test_accepting_the_copy_makes_what_was_open_stale_on_record_and_every_replica_goes_on(
    restored: Attacked, tmp_path: Path
) -> None:
    world, sent = restored.world, len(restored.world.writes)
    (kept,) = (tmp_path / "state").iterdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / kept.name).write_bytes(kept.read_bytes())  # another replica has seen the same head
    assert kept.stat().st_mode & 0o777 == 0o600
    accepted = restored.typed("verify", "--accept-restore")
    assert (accepted.code, "Stale now, to be asked for again if still needed: #1." in accepted.out) == (0, True), accepted.said
    assert restored.state_of(1) is State.STALE
    (event,) = restored.events("restore_accepted")
    assert (event["stale"], event["known"] != event["head"]) == ([1], True)
    again = restored.typed("verify", "--accept-restore")
    assert (again.code, "nothing to accept" in again.out) == (0, True), again.said
    for each in (restored, replace(restored, state="elsewhere")):
        each.start()
        world.wait(world.owes_nothing)
        world.wait(lambda each=each: each.trouble("record") == "")
        assert each.typed("verify").code == 0
        world.stop()
    assert restored.said(LOOKS) == []
    assert len(world.writes) == sent
    restored.start()
    world.tenant.value = None
    world.ask(world.form(ALICE, "enable"))
    world.wait(lambda: world.newest_state(of=2) is State.PENDING and world.owes_nothing())
    world.press(BOB, "approve")
    world.wait(lambda: world.newest_state() is State.APPLIED)


def test_a_bot_that_runs_on_goes_on_by_itself_once_the_copy_is_accepted(restored: Attacked) -> None:
    world = restored.world
    restored.start()
    world.wait(lambda: restored.said(LOOKS))
    assert restored.typed("verify", "--accept-restore").code == 0
    world.wait(lambda: restored.state_of(1) is State.STALE and restored.trouble("record") == "")
    world.wait(world.owes_nothing)
    assert world.direct(ALICE)[-1].startswith("Stale")


def test_the_same_copy_put_back_once_more_is_recognised_once_more(restored: Attacked) -> None:
    world = restored.world
    assert restored.typed("verify", "--accept-restore").code == 0
    accepted = restored.backup()
    restored.start()
    world.wait(world.owes_nothing)
    world.ask(world.form(ALICE, "extend" if world.tenant.value else "enable"))
    world.wait(lambda: world.newest_state(of=2) is not None and world.owes_nothing())
    restored.put_back(accepted)
    restored.start()
    world.wait(lambda: restored.said(LOOKS))
