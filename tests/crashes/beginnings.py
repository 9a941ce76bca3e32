"""Where each world begins: a database and a workspace that a real bot has brought to that point once, copied for every death."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crashes.world import ALICE, Snapshot, World
from tests.postgres import Server, _text

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


def on_sqlite(folder: Path, *, asked: bool, page_size: int = 4096) -> Beginning:
    """Begin on SQLite."""
    source = folder / "beginning.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("VACUUM")
    snapshot = _live(folder, f"sqlite:///{source}", asked=asked)

    @contextmanager
    def copy(target: Path) -> Iterator[str]:
        path = target / "world.db"
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(path)) as new:
            old.backup(new)
        yield f"sqlite:///{path}"

    return Beginning(copy, snapshot)


@contextmanager
def on_postgres(server: Server, folder: Path, *, asked: bool) -> Iterator[Beginning]:
    """Begin on PostgreSQL."""
    with server.database() as template:
        snapshot = _live(folder, _text(template), asked=asked)

        @contextmanager
        def copy(_: Path) -> Iterator[str]:
            with server.database(template=str(template.database)) as url:
                yield _text(url)

        yield Beginning(copy, snapshot)


def _live(folder: Path, url: str, *, asked: bool) -> Snapshot:
    with World(folder, url) as world:
        world.start()
        world.wait(lambda: _was_read(world))
        if asked:
            world.ask(world.form(ALICE, "enable"))
            world.wait(lambda: world.public() and world.owes_nothing())
        world.kill()
        assert not world.logged("error")
        return world.snapshot()


def _was_read(world: World) -> bool:
    with world.reader() as reader:
        return reader.newest_observation() is not None
