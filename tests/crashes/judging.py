"""What has to hold after any death: at most one write, on record before it was sent, and one truth, announced
as it is."""

from collections.abc import Iterator

from storage.lifecycle import State
from storage.record.verify import verify
from tests.crashes.scenes import Scene, Stand
from tests.crashes.world import PEOPLE, World

RESULTS = {State.APPLIED: "Applied:", State.FAILED: "Failed:", State.UNCERTAIN: "Uncertain:"}


def judge(world: World, scene: Scene, stand: Stand, *, acknowledged: bool, deaths: int) -> list[str]:
    """Every complaint about how it ended.

    Each death may cost one more copy of a post: its answer was lost, and no history scope is asked for.
    """
    return [
        *_exchange(world, scene, stand),
        *_record(world, scene, stand, acknowledged=acknowledged),
        *_announcements(world, scene, stand, copies=1 + deaths),
        *_answers(world, scene, stand, copies=1 + deaths),
        *(f"the bot logged {entry['event']!r}: {entry.get('error')}" for entry in world.logged("error")),
    ]


def _exchange(world: World, scene: Scene, stand: Stand) -> Iterator[str]:
    if len(world.writes) > 1 + _failures(world) * scene.persists or stand.effective > 1:
        yield f"{len(world.writes)} writes arrived at Exchange, {stand.effective} of them effective"
    if _failures(world) > 1:
        yield f"{_failures(world)} requests failed"
    due = scene.writes and stand.kept and (scene.persists or not stand.sending)
    if due and stand.effective != 1:
        yield "it was due, and yet it was not written once"
    if not (scene.writes and stand.kept) and world.writes:
        yield "something was written that nobody asked for"
    for sighting in world.sightings:
        if not sighting.announced or sighting.state is not State.APPLYING:
            yield f"Exchange received a write that was not on record as being sent: {sighting}"
        if scene.begin.waits and not sighting.decisions:
            yield "Exchange received a write before the decision was on record"


def _record(world: World, scene: Scene, stand: Stand, *, acknowledged: bool) -> Iterator[str]:
    if acknowledged and not stand.kept:
        yield "the act was acknowledged and lost"
    state, due = world.newest_state(), scene.ending(stand)
    if state is not due:
        yield f"it ended {state} instead of {due}"
    with world.reader() as reader:
        requests = reader.page()
        votes = reader.decisions([request.id for request in requests])
    if len(requests) != scene.begin.requests + scene.births * stand.kept + _failures(world) * scene.persists:
        yield f"there are {len(requests)} requests"
    if len(votes) != (scene.votes if stand.kept else scene.before):
        yield f"there are {len(votes)} votes"
    verdict = verify(world.database, world.tenant.tenant_id)
    if not verdict.ok:
        yield f"the record is broken: {verdict.problem}"


def _announcements(world: World, scene: Scene, stand: Stand, *, copies: int) -> Iterator[str]:
    state = world.newest_state()
    cards = [message["text"] for message in world.cards()]
    if state is None:
        if cards:
            yield f"there are messages about nothing: {cards}"
        return
    with world.reader() as reader:
        least = len(reader.page())
    most = least + scene.births * (copies - 1)
    if not least <= len(cards) <= most or not cards[-1].startswith(HEADLINES[state]):
        yield f"the request's message is {cards}"
    told = world.direct(scene.teller) if scene.teller else []
    true = [text for text in told if text.startswith(HEADLINES[state])]
    due = scene.teller is not None and stand.kept
    if not due <= len(true) <= copies * due:
        yield f"the result was told {len(true)} times: {told}"
    false = [
        word
        for known, word in RESULTS.items()
        if known is not state and not (known is State.FAILED and _failures(world))
    ]
    said = [*cards[-1:], *(text for person in PEOPLE for text in world.direct(person))]
    untrue = [text for text in said if text.startswith(tuple(false))]
    overtaken = [
        text for text in untrue if text.startswith(RESULTS[State.UNCERTAIN]) and text not in cards[-1:]
    ]
    # true when it was said; where the answer to its posting was lost, nobody can draw it again
    if len(overtaken) < copies:
        untrue = [text for text in untrue if text not in overtaken]
    yield from (f"it is {state}, but this was said: {text!r}" for text in untrue)


def _failures(world: World) -> int:
    """Requests that failed, whatever came after them: at most one in a scene that dies once."""
    with world.reader() as reader:
        return sum(request.state is State.FAILED for request in reader.page())


HEADLINES = RESULTS | {
    State.PENDING: "Request #", State.REJECTED: "Rejected: #", State.WITHDRAWN: "Withdrawn: #",
    State.EXPIRED: "Expired: #",
}  # fmt: skip


def _answers(world: World, scene: Scene, stand: Stand, *, copies: int) -> Iterator[str]:
    given = [text for text in world.answers(scene.actor) if scene.answer in text]
    if not stand.kept <= len(given) <= copies * stand.kept:
        yield f"{scene.actor} was answered {len(given)} times: {world.answers(scene.actor)}"
