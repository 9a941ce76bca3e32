"""Where each world begins: a database and a workspace that a real bot has brought to that point once, copied
for every death."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from storage.lifecycle import State
from tests.crashes.world import ALICE, BOB, Snapshot, World
from tests.postgres import Server, _text


class Begin(Enum):
    """What has happened before."""

    NOTHING = "nothing"
    ASKED = "a request was asked for"
    VOTED = "one of two approvals was given"
    OPTED_IN = "an opt-in was applied"
    EXTENDING = "an opt-in was applied and its extension was asked for"

    @property
    def waits(self) -> bool:
        """Whether a request waits for its approval."""
        return self in (Begin.ASKED, Begin.VOTED, Begin.EXTENDING)

    @property
    def requests(self) -> int:
        """How many requests are on record, each with its message."""
        return {Begin.NOTHING: 0, Begin.EXTENDING: 2}.get(self, 1)


TWO_APPROVALS = {"LEGACYTLS_APPROVALS_REQUIRED": "2"}

Copy = Callable[[Path], AbstractContextManager[str]]
"""Given a folder, yields the URL of a database of its own."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A snapshot of the workspace and a way to copy the database that belongs to it."""

    copy: Copy
    snapshot: Snapshot

    @contextmanager
    def world(self, folder: Path) -> Iterator[World]:
        """A world of its own that stands there; no bot runs in it yet."""
        with self.copy(folder) as url, World(folder, url) as world:
            world.show(self.snapshot)
            yield world


def on_sqlite(folder: Path, *, begin: Begin, page_size: int = 4096) -> Beginning:
    """Begin on SQLite."""
    source = folder / "beginning.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("VACUUM")
    snapshot = _live(folder, f"sqlite:///{source}", begin=begin)

    @contextmanager
    def copy(target: Path) -> Iterator[str]:
        path = target / "world.db"
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(path)) as new:
            old.backup(new)
        yield f"sqlite:///{path}"

    return Beginning(copy, snapshot)


@contextmanager
def on_postgres(server: Server, folder: Path, *, begin: Begin) -> Iterator[Beginning]:
    """Begin on PostgreSQL."""
    with server.database() as template:
        snapshot = _live(folder, _text(template), begin=begin)

        @contextmanager
        def copy(_: Path) -> Iterator[str]:
            with server.database(template=str(template.database)) as url:
                yield _text(url)

        yield Beginning(copy, snapshot)


def _live(folder: Path, url: str, *, begin: Begin) -> Snapshot:
    with World(folder, url) as world:
        world.start(**(TWO_APPROVALS if begin is Begin.VOTED else {}))
        world.wait(lambda: _was_read(world))
        for step in _STEPS[begin]:
            step(world)
            world.wait(world.owes_nothing)
        world.kill()
        assert not world.logged("error")
        return world.snapshot()


def _ask(world: World) -> None:
    world.ask(world.form(ALICE, "enable"))
    world.wait(world.cards)


def _vote(world: World) -> None:
    world.press(BOB, "approve")
    world.wait(lambda: any("is counted" in text for text in world.answers(BOB)))


def _apply(world: World) -> None:
    world.press(BOB, "approve")
    world.wait(lambda: world.newest_state() is State.APPLIED)


def _extend(world: World) -> None:
    world.ask(world.form(ALICE, "extend"), days=20)
    world.wait(lambda: len(world.cards()) == 2)


_STEPS: dict[Begin, tuple[Callable[[World], None], ...]] = {
    Begin.NOTHING: (),
    Begin.ASKED: (_ask,),
    Begin.VOTED: (_ask, _vote),
    Begin.OPTED_IN: (_ask, _apply),
    Begin.EXTENDING: (_ask, _apply, _extend),
}


def _was_read(world: World) -> bool:
    with world.reader() as reader:
        return reader.readings.newest_observation() is not None
