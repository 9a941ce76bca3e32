"""Killed at any moment, a change ends in one truth: at most one write, on record before it was sent,
announced as it is.

Every run dies at the moments around the write and in five of the scenes; ``TESTS_SEED`` chooses which, and at
which moments. With ``-m long`` the bot dies at every single moment of every scene.
"""

import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chance import SEED, chance
from tests.counting import Tally
from tests.crashes.conftest import Beginnings
from tests.crashes.dying import Death, Plan, die, moments
from tests.crashes.scenes import (
    APPROVAL,
    ASKING,
    EXTENSION,
    LAPSE,
    OPT_OUT,
    REACTION,
    REJECTION,
    RULE_CHANGE,
    SCENES,
    TAKING_BACK,
    WINDOW_END,
    WITHDRAWAL,
    Scene,
)

pytestmark = pytest.mark.timeout(300)

AT_ONCE = 3
"""Worlds at the same time: a world mostly waits for its bot to start."""
AROUND_THE_WRITE = tuple(f"{when} Set-TransportConfig" for when in ("before", "sent", "after"))
KEPT = "after COMMIT of inbox"
LENGTHS = [
    (APPROVAL, 180), (REACTION, 180), (OPT_OUT, 150), (REJECTION, 90), (ASKING, 80), (WITHDRAWAL, 60),
    (TAKING_BACK, 50), (LAPSE, 40), (EXTENSION, 130), (RULE_CHANGE, 40), (WINDOW_END, 110),
]  # fmt: skip
"""Of each scene a number of moments that every run of it has."""


def deaths(beginnings: Beginnings, folder: Path, plans: Iterable[Plan]) -> list[Death]:
    """Die of every plan, each in a world of its own."""

    def one(numbered: tuple[int, Plan]) -> Death:
        number, plan = numbered
        return die(beginnings[plan.scene.begin], folder / str(number), plan)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, enumerate(plans)))


def assert_truth(died: Sequence[Death], tally: Tally) -> None:
    """Nothing is to be complained about, and how it ended is counted."""
    met = [death for death in died if death.moment]
    for death in met:
        twice, ending = ", twice" if death.plan.again_at else "", death.ending or "as if nobody had asked"
        tally(f"{death.plan.number.name}{twice} during {death.plan.scene.name}: ended {ending}")
    wrong = [str(death) for death in died if death.complaints]
    assert not wrong, f"seed {SEED}:\n" + "\n".join(wrong)
    assert met


def chosen(scene: Scene, count: int, among: int) -> list[Plan]:
    """Some moments of the scene, by chance; ``among`` is a number of moments that every run of it has."""
    return [Plan(scene, str(number)) for number in chance(scene.name).sample(range(1, among), count)]


def test_killed_around_the_write_it_is_written_at_most_once_and_told_as_it_is(
    beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    died = deaths(beginnings, tmp_path, [Plan(APPROVAL, at) for at in AROUND_THE_WRITE])
    assert_truth(died, tally)
    assert [str(death.ending) for death in died] == ["failed", "applied", "applied"]


def test_killed_at_any_moment_a_change_ends_in_one_truth(
    beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    plans = [
        plan
        for scene, among in chance("scenes of the line").sample(LENGTHS, 5)
        for plan in chosen(scene, 1, among)
    ]
    assert_truth(deaths(beginnings, tmp_path, plans), tally)


def test_what_was_acknowledged_is_taken_up_by_the_next_bot_once_the_claims_have_run_out(
    beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    plans = [Plan(APPROVAL, KEPT, patient=True), Plan(APPROVAL, "sent Get-TransportConfig", patient=True)]
    died = deaths(beginnings, tmp_path, plans)
    assert_truth(died, tally)
    assert {str(death.ending) for death in died} == {"applied"}


def test_told_to_stop_at_any_moment_a_change_ends_in_one_truth(
    beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    plans = [*chosen(OPT_OUT, 1, 150), Plan(APPROVAL, AROUND_THE_WRITE[0])]
    assert_truth(
        deaths(beginnings, tmp_path, [Plan(plan.scene, plan.at, signal.SIGTERM) for plan in plans]), tally
    )


def test_killed_at_any_moment_on_postgresql_a_change_ends_in_one_truth(
    postgres_beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    plans = [Plan(APPROVAL, AROUND_THE_WRITE[1]), *chosen(OPT_OUT, 1, 150)]
    assert_truth(deaths(postgres_beginnings, tmp_path, plans), tally)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_killed_at_every_moment(scene: Scene, beginnings: Beginnings, tmp_path: Path, tally: Tally) -> None:
    every = moments(beginnings[scene.begin], tmp_path / "moments", scene)
    assert_truth(
        deaths(beginnings, tmp_path, [Plan(scene, str(number)) for number in range(1, len(every) + 1)]), tally
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scene", [APPROVAL, OPT_OUT], ids=lambda scene: scene.name)
def test_killed_and_killed_again_while_recovering(
    scene: Scene, beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    moment = chance(f"{scene.name} twice").randrange
    plans = [Plan(scene, str(moment(1, 190)), again_at=str(moment(1, 150))) for _ in range(40)]
    assert_truth(deaths(beginnings, tmp_path, plans), tally)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scene", [APPROVAL, OPT_OUT], ids=lambda scene: scene.name)
def test_told_to_stop_at_every_fourth_moment(
    scene: Scene, beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    every = moments(beginnings[scene.begin], tmp_path / "moments", scene)
    assert_truth(
        deaths(
            beginnings, tmp_path, [Plan(scene, str(at), signal.SIGTERM) for at in range(1, len(every) + 1, 4)]
        ),
        tally,
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scene", [APPROVAL, OPT_OUT], ids=lambda scene: scene.name)
def test_killed_at_every_fourth_moment_on_postgresql(
    scene: Scene, postgres_beginnings: Beginnings, tmp_path: Path, tally: Tally
) -> None:
    every = moments(postgres_beginnings[scene.begin], tmp_path / "moments", scene)
    assert_truth(
        deaths(postgres_beginnings, tmp_path, [Plan(scene, str(at)) for at in range(1, len(every) + 1, 4)]),
        tally,
    )
