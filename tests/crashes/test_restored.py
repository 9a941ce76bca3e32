"""A backup that is put back spends no approval twice: the bot knows the newest head, and asks a person before
it goes on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.lifecycle import State
from tests.crashes.attacked import KEY, Attacked
from tests.crashes.beginnings import Begin
from tests.crashes.conftest import Beginnings
from tests.crashes.world import ALICE, BOB
from tests.sentences import says

ONES_KEY = [pytest.param(KEY, id="with a key"), pytest.param("", id="without a key", marks=pytest.mark.long)]
LOOKS = "looks like a backup that was put back"


@pytest.fixture
def restored(beginnings: Beginnings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Attacked]:
    """An opt-in was approved, a backup was taken, the opt-in was applied and ended by hand, and the backup
    was put back."""
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        attacked = Attacked(world, key=getattr(request, "param", KEY))
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


@pytest.mark.parametrize("restored", ONES_KEY, indirect=True)
def test_nothing_is_opted_in_until_a_person_accepts_the_copy_and_then_the_bot_goes_on_by_itself(
    restored: Attacked,
) -> None:
    world, sent = restored.world, len(restored.world.writes)
    assert restored.state_of(1) is State.APPROVED
    restored.start()
    world.wait(lambda: restored.said(LOOKS) and LOOKS in restored.trouble("record"))
    world.wait(lambda: "Waiting" in str(world.cards()[-1]))
    verified, checked = restored.typed("verify"), restored.typed("check")
    assert (verified.code, checked.code, LOOKS in verified.out, LOOKS in checked.out) == (1, 1, True, True)
    world.clock.advance(120)
    world.stop()
    restored.start()
    world.wait(lambda: LOOKS in restored.trouble("record") and world.owes_nothing())
    assert (len(restored.said(LOOKS, "Nothing is opted in")), len(world.writes)) == (1, sent)
    assert restored.typed("verify", "--accept-restore").code == 0
    world.wait(lambda: restored.state_of(1) is State.STALE and restored.trouble("record") == "")
    world.wait(lambda: world.direct(ALICE)[-1].startswith("Stale") and restored.said("accepted as it stands"))
    assert len(world.writes) == sent


def test_opting_out_goes_on_meanwhile(restored: Attacked) -> None:
    sent = len(restored.world.writes)
    restored.start()
    restored.world.wait(lambda: restored.said(LOOKS))
    restored.opts_out()
    assert [call.parameters["AllowLegacyTLSClients"] for call in restored.world.writes[sent:]] == [False]


def test_accepting_the_copy_makes_what_was_open_stale_on_record_and_every_replica_goes_on(
    restored: Attacked, tmp_path: Path
) -> None:
    world, sent = restored.world, len(restored.world.writes)
    (kept,) = (tmp_path / "state").iterdir()
    (tmp_path / "elsewhere").mkdir()
    # another replica has seen the same head
    (tmp_path / "elsewhere" / kept.name).write_bytes(kept.read_bytes())
    assert kept.stat().st_mode & 0o777 == 0o600
    accepted = restored.typed("verify", "--accept-restore")
    assert (accepted.code, says("stale_now_to_be_asked_for_again") in accepted.out) == (0, True), (
        accepted.said
    )
    assert restored.state_of(1) is State.STALE
    (event,) = restored.events("restore_accepted")
    assert (event["stale"], event["known"] != event["head"]) == ([1], True)
    again = restored.typed("verify", "--accept-restore")
    assert (again.code, says("nothing_to_accept") in again.out) == (0, True), again.said
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
