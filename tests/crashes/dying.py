"""One death: the bot meets its signal at one moment, the usual bot is started on what is left, and everything
is compared."""

import signal
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from storage.lifecycle import State
from tests.crashes.beginnings import Beginning
from tests.crashes.judging import judge
from tests.crashes.scenes import Scene, Stand
from tests.crashes.world import MORTAL, World

OVER = 16 * 60.0
"""Seconds after which a write that has not shown up is given up."""
AGAIN = 31 * 60.0
"""Seconds after which a window's end that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who dies of what, and when: ``at`` is a number or a name of ``tests.crashes.mortal``."""

    scene: Scene
    at: str
    number: signal.Signals = signal.SIGKILL
    patient: bool = False
    """Leases and claims run out by themselves, instead of half a minute passing before the next start."""
    again_at: str = ""
    """The bot that recovers dies as well, at this moment of its own life, before a third one finishes."""


@dataclass(frozen=True, slots=True)
class Death:
    """How one death ended; no ``complaints`` means that all that was promised held."""

    plan: Plan
    moment: str
    """Its name; empty when it never came."""
    ending: State | None = None
    complaints: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.plan.scene.name}, {self.plan.number.name} at {self.plan.at} ({self.moment}): "
            f"{'; '.join(self.complaints)}"
        )


def die(beginning: Beginning, folder: Path, plan: Plan) -> Death:
    """Let the bot die as planned, start it again, and judge."""
    folder.mkdir()
    with beginning.world(folder) as world:
        acts, sendings = _acts(world), _sendings(world)
        delivered = _perform(world, plan)
        moment = _last_moment(world, plan)
        if not moment:
            return Death(plan, moment)
        wrong_code = _end_of_first(world, plan)
        kept = plan.scene.certain or _acts(world) > acts
        if plan.again_at:
            _die_again(world, plan)
        sending = _sendings(world) > sendings
        _restart(world, plan)
        unsettled = _recover(world, plan.scene, kept=kept)
        stand = Stand(kept, sending, sum(call.effective for call in world.writes))
        acknowledged = any(
            delivery.acked_after is not None for delivery in world.slack.deliveries[delivered:]
        )
        judged = judge(world, plan.scene, stand, acknowledged=acknowledged, deaths=2 if plan.again_at else 1)
        complaints = [*wrong_code, *unsettled, *judged]
        return Death(plan, moment, world.newest_state(), tuple(complaints))


def moments(beginning: Beginning, folder: Path, scene: Scene) -> list[str]:
    """Live through the scene unharmed and return the name of every moment, in order."""
    folder.mkdir()
    with beginning.world(folder) as world:
        _perform(world, Plan(scene, at=""))
        world.kill()
        return [line.split("\t")[2] for line in world.moments.read_text(encoding="utf-8").splitlines()]


def _perform(world: World, plan: Plan) -> int:
    """Start the mortal bot, act, and wait for its death or the end of the scene; returns what Slack had sent
    before the act."""
    prepared_by = world.folder / "prepared"
    outcome = {"MORTAL_AT": plan.at, "MORTAL_SIGNAL": plan.number.name, "MORTAL_ARM": plan.scene.arm}
    if plan.scene.arm != "start":
        outcome["MORTAL_AFTER"] = str(prepared_by)
    world.start(MORTAL, **outcome, **plan.scene.settings)
    prepared = plan.scene.prepare(world)
    prepared_by.touch()
    before = len(world.slack.deliveries)
    world.insist(
        lambda: plan.scene.act(world, prepared),
        lambda: world.dead or _was_acted(world),
        once=plan.scene.certain,
    )
    world.wait(lambda: world.dead or _is_over(world, plan.scene))
    return before


def _is_over(world: World, scene: Scene) -> bool:
    answered = any(scene.answer in told for told in world.answers(scene.actor))
    return answered and world.newest_state() is scene.end and world.owes_nothing()


def _was_acted(world: World) -> bool:
    return world.moments.exists() and world.moments.stat().st_size > 0


def _last_moment(world: World, plan: Plan) -> str:
    """The moment at which the signal came, by the log of moments; empty when it did not come."""
    lines = [line.split("\t") for line in world.moments.read_text(encoding="utf-8").splitlines()]
    return next(
        (f"{number} {name} in {thread}" for number, thread, name in lines if plan.at in (number, name)), ""
    )


def _end_of_first(world: World, plan: Plan) -> list[str]:
    """Wait for the end of the bot that met its signal."""
    expected = 0 if plan.number is signal.SIGTERM else -plan.number
    world.wait(lambda: world.dead)
    code = world.kill()
    return [] if code == expected else [f"the bot ended with {code}"]


def _acts(world: World) -> int:
    with world.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM inbox")).scalar_one())


def _sendings(world: World) -> int:
    with world.reader() as reader:
        ids = [request.id for request in reader.page()]
        return sum(step.step == "sending" for step in reader.attempts(ids))


def _die_again(world: World, plan: Plan) -> None:
    world.let_claims_expire()
    world.moments.rename(world.folder / "first-moments")
    world.start(MORTAL, MORTAL_AT=plan.again_at, MORTAL_ARM="start", **plan.scene.settings)
    world.wait(lambda: world.dead or world.owes_nothing())
    world.kill()


def _restart(world: World, plan: Plan) -> None:
    if not plan.patient:
        world.let_claims_expire()
    world.wait(lambda: not world.slack.connections)
    world.start(**plan.scene.settings)


def _recover(world: World, scene: Scene, *, kept: bool) -> list[str]:
    """Wait until nothing is left to be done; the time that the bot gives a write, or itself, passes by moving
    the clock."""
    spans = {State.UNCERTAIN: OVER} | ({State.FAILED: AGAIN} if scene.persists else {})
    ends = {scene.ending(Stand(kept, sending=False, effective=0))}
    if kept and scene.writes and not scene.persists:
        ends.add(State.FAILED)
    requests = scene.begin.requests + scene.births * kept

    def over() -> bool:
        state = world.newest_state(of=requests)
        if span := spans.pop(state, 0.0) if state else 0.0:
            world.clock.advance(span)
        return state in ends and world.owes_nothing()

    try:
        world.wait(over)
    except TimeoutError as stuck:
        return [f"it never settled: {world.newest_state()}: {stuck}"]
    return []
