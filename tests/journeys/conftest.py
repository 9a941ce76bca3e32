"""Stages for the journeys: one shared by a module, cleared between its tests, or fresh ones with settings of
their own.

Every journey is played in every way of ``PLAYS`` that is meant for its module, without saying so itself: on
both databases and over both of Slack's ways. Without ``-m long`` that is on SQLite over Socket Mode, or as
``SOONER`` says; the long tests play the others. A test, or with ``pytestmark`` a module, that would learn
nothing from them is marked ``once`` with the reason. What a module's bot is told it says with ``SETTINGS``.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from handlers.slack.layouts.layout import shapes_of
from tests.handlers.slack.test_layouts import EXAMPLES
from tests.journeys.sent import Sent
from tests.journeys.stage import Stage
from tests.postgres import copy_sqlite


class Play(NamedTuple):
    """Where the record is kept, and how Slack reaches the bot."""

    database: str
    way: str


PLAYS = {
    "sqlite": Play("sqlite", "socket"),
    "http": Play("sqlite", "http"),
    "postgresql": Play("postgresql", "socket"),
    "postgresql-http": Play("postgresql", "http"),
}
EVERY_MODULE = ("sqlite", "http", "postgresql")
TOGETHER = {"test_deciding", "test_restarting", "test_the_whole_chart"}
"""Modules that are played on PostgreSQL over HTTP as well: most acts, every restart, every move."""
SOONER = {
    "test_deciding": {"http"},
    "test_the_record": {"postgresql"},
    "test_the_whole_chart": {"postgresql-http"},
}
"""Where the default line plays a module elsewhere than on SQLite over Socket Mode: what tells most for its
time."""

assert all(Path(__file__).with_name(f"{module}.py").exists() for module in {*TOGETHER, *SOONER}), (
    "a module was renamed"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play whatever needs a stage in every way that is meant for it."""
    if "play" not in metafunc.fixturenames:
        return
    module = Path(metafunc.module.__file__).stem
    names = [*EVERY_MODULE, *(["postgresql-http"] if module in TOGETHER else [])]
    if once := metafunc.definition.get_closest_marker("once"):
        assert once.args, f"{metafunc.definition.nodeid} is marked once without a reason"
        names = ["sqlite"]
    soon = SOONER.get(module, {"sqlite"}) if len(names) > 1 else {"sqlite"}
    plays = [
        pytest.param(PLAYS[name], id=name, marks=() if name in soon else (pytest.mark.long,))
        for name in names
    ]
    metafunc.parametrize("play", plays, indirect=True, scope="module")


@pytest.fixture(scope="session")
def known() -> frozenset[tuple[str, str]]:
    """Every shape that `legacytls check` asks Slack about."""
    return shapes_of(EXAMPLES.layouts())


@pytest.fixture(scope="module")
def all_sent() -> Iterator[Sent]:
    """What the bots of a module's journeys have sent."""
    with pytest.MonkeyPatch.context() as patched:
        sent = Sent()
        sent.watch(patched)
        yield sent


@pytest.fixture(autouse=True)
def sent(all_sent: Sent, known: frozenset[tuple[str, str]]) -> Iterator[Sent]:
    """Nothing is sent in a shape that Slack is not asked about."""
    yield all_sent
    assert sorted(all_sent.shapes - known) == []


@pytest.fixture(scope="module")
def play(request: pytest.FixtureRequest) -> Play:
    """How this test is played."""
    chosen: Play = request.param
    return chosen


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def several_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where several tenants are kept: in a file that the stage makes, and by the long tests on PostgreSQL."""
    if request.param == "sqlite":
        yield None
        return
    server, migrated = (request.getfixturevalue(name) for name in ("postgres_server", "_migrated_postgres"))
    with server.database(migrated) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def new_stage(
    request: pytest.FixtureRequest, play: Play, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Stage]]:
    """Sets up stages of this play that are not open yet: ``with new_stage(LEGACYTLS_APPROVALS_REQUIRED="2")
    as stage``.

    Their databases are copies of a migrated one: on an empty one more than half of a bot's start was
    migrating.
    """
    with ExitStack() as databases:

        def set_up(**settings: str) -> Stage:
            folder = tmp_path_factory.mktemp("stage")
            if play.database == "postgresql":
                server, migrated = (
                    request.getfixturevalue(name) for name in ("postgres_server", "_migrated_postgres")
                )
                url = databases.enter_context(server.database(migrated)).render_as_string(hide_password=False)
            else:
                url = f"sqlite:///{folder / 'stage.db'}"
                copy_sqlite(request.getfixturevalue("_migrated_sqlite"), folder / "stage.db")
            return Stage(folder, settings=settings, database_url=url, mode=play.way)

        yield set_up


@pytest.fixture(scope="module")
def shared_stage(request: pytest.FixtureRequest, new_stage: Callable[..., Stage]) -> Iterator[Stage]:
    """One stage for all tests of a module."""
    with new_stage(**getattr(request.module, "SETTINGS", {})) as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    """The module's stage, as clean as ``Stage.clear`` leaves it."""
    yield shared_stage
    shared_stage.clear()


@pytest.fixture
def fresh_stage(new_stage: Callable[..., Stage]) -> Iterator[Callable[..., Stage]]:
    """Opens stages of this test's own: ``fresh_stage(LEGACYTLS_APPROVALS_REQUIRED="2")``."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(new_stage(**settings))
