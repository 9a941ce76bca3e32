"""Stages for the journeys: one shared by a module, cleared between its tests, or fresh ones with settings of their own.

A module says with ``ON`` on which databases it plays (SQLite by default), with ``BY`` over which of Slack's ways (Socket Mode by
default; those in ``LONG`` only where the long tests are asked for) and with ``SETTINGS`` what its bot is told.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.stage import Stage


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play a module's shared stage on the databases and over the ways that the module names."""
    if "shared_stage" in metafunc.fixturenames:
        databases, ways = getattr(metafunc.module, "ON", ["sqlite"]), getattr(metafunc.module, "BY", ["socket"])
        plays = [(database, "socket") for database in databases] + [("sqlite", way) for way in ways if way != "socket"]
        long = getattr(metafunc.module, "LONG", [])
        stages = [
            pytest.param(play, id=play[0] if play[1] == "socket" else play[1], marks=[pytest.mark.long] * (play[1] in long))
            for play in plays
        ]
        metafunc.parametrize("shared_stage", stages, indirect=True, scope="module")


@pytest.fixture(scope="module")
def shared_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all tests of a module."""
    folder, settings = tmp_path_factory.mktemp("stage"), getattr(request.module, "SETTINGS", {})
    with ExitStack() as stack:
        url = None
        database, mode = request.param
        if database == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database()).render_as_string(hide_password=False)
        yield stack.enter_context(Stage(folder, settings=settings, database_url=url, mode=mode))


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    """The module's stage, as clean as ``Stage.clear`` leaves it."""
    yield shared_stage
    shared_stage.clear()


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Starts stages of this test's own: ``fresh_stage(LEGACYTLS_APPROVALS_REQUIRED="2")``."""
    with ExitStack() as stack:
        started: list[Stage] = []

        def start(**settings: str) -> Stage:
            folder = tmp_path / str(len(started))
            folder.mkdir()
            started.append(stack.enter_context(Stage(folder, settings=settings)))
            return started[-1]

        yield start
