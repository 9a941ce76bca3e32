"""One soak: three replicas on PostgreSQL, of which one stays and the others are killed in turn, and everybody
at work at once."""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bot.stream.receiving import Receiving
from tests.chance import chance
from tests.crashes.world import World
from tests.postgres import _text, own_server
from tests.soak.books import Books, Report
from tests.soak.changes import Changes
from tests.soak.register import Register
from tests.soak.replicas import Replicas
from tests.soak.surroundings import servers, settings_of, settle
from tests.soak.traffic import IN_FLIGHT, Traffic
from tests.soak.weather import Weather

CAPACITY_SECONDS = 15.0


def soak(seconds: float, *, share: float, kill_every: float) -> Report:
    """Soak for so long. Raises ``NoPostgres``."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="legacytls-soak-")))
        url = _text(stack.enter_context(stack.enter_context(own_server()).database()))
        receiver = stack.enter_context(Receiving())
        settings = {"LEGACYTLS_LOG_LEVEL": "warning"} | settings_of(folder, receiver)
        world = World(folder, url, settings=settings)
        settle(world)
        stack.enter_context(world)
        replicas = stack.enter_context(Replicas(world, servers(world, receiver), chance("kills")))
        books = Books(world, replicas, receiver)
        traffic = Traffic(world, chance("traffic"), books)
        capacity = traffic.capacity(CAPACITY_SECONDS)
        _say(
            f"{capacity:.0f} answers a second with {IN_FLIGHT} under way; soaking at {capacity * share:.0f} "
            f"for {seconds:.0f} s"
        )
        changes = Changes(world, chance("changes"), books)
        weather = Weather(world, receiver, chance("weather"), books)
        register, over = Register(world, chance("register"), books), threading.Event()
        books.begin()
        work: list[Callable[[], None]] = [
            lambda: traffic.keep_on(capacity * share, over), lambda: changes.keep_on(over),
            lambda: weather.keep_on(over), lambda: replicas.keep_on(kill_every, over),
            lambda: books.keep_on(over), lambda: register.keep_on(over),
        ]  # fmt: skip
        threads = [threading.Thread(target=_watched(books, deed), daemon=True) for deed in work]
        for thread in threads:
            thread.start()
        over.wait(seconds)
        over.set()
        for thread in threads:
            thread.join(timeout=120)
        return books.close(capacity, [thread for thread in threads if thread.is_alive()])


def _watched(books: Books, deed: Callable[[], None]) -> Callable[[], None]:
    """A part of the soak that breaks off is a failure of the soak."""

    def run() -> None:
        try:
            deed()
        except Exception as broken:
            books.complain(f"{type(broken).__name__}: {broken}")

    return run


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)
