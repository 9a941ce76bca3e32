"""A process of its own that does as it is told, a line a deed: races and sudden deaths need real processes.

``python -m tests.storage.racer`` reads deeds from its standard input and answers each with one line.
``Racers`` drives several.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from storage.engine import Database
from storage.errors import AlreadyOpen, Conflict
from storage.ledger import Ledger
from storage.lifecycle import State
from storage.messages.outbox import Outbox
from storage.migrate import upgrade
from storage.records import ChangeRequest
from tests.processes import Obedient
from tests.storage.states import NOW, approve, asked


class Racer:
    """What the process can do. Its deeds are the names of its public methods."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url)
        self._seen: ChangeRequest | None = None

    def open(self, tenant: str) -> str:
        """Try to open an opt-in."""
        try:
            with Ledger(self._database, tenant).recording(NOW) as entry:
                return f"won {asked(entry).id}"
        except AlreadyOpen as lost:
            return f"lost {lost.request_id}"

    def see(self, tenant: str, request_id: str) -> str:
        """Read a request and keep what was seen."""
        with Ledger(self._database, tenant).reading() as reader:
            self._seen = reader.request(int(request_id))
        return f"saw {self._seen.version}"

    def decide(self, tenant: str, person: str) -> str:
        """Try to approve the request as it was seen."""
        assert self._seen
        try:
            with Ledger(self._database, tenant).recording(NOW) as entry:
                entry.move(self._seen, State.APPROVED, actor=person, detail="decided")
        except Conflict:
            return "lost"
        return "won"

    def vote(self, tenant: str, request_id: str, person: str, times: str) -> str:
        """Cast so many votes, each tried again until it counts."""
        ledger = Ledger(self._database, tenant)
        for number in range(int(times)):
            while not self._cast(ledger, int(request_id), f"{person}-{number}"):
                pass
        return "voted"

    @staticmethod
    def _cast(ledger: Ledger, request_id: int, person: str) -> bool:
        with ledger.reading() as reader:
            seen = reader.request(request_id)
        try:
            with ledger.recording(NOW) as entry:
                approve(entry, seen, person_id=person)
        except Conflict:
            return False
        return True

    def claim(self, tenant: str) -> str:
        """Claim what is owed and tell the numbers."""
        return "took " + " ".join(
            str(notice.id) for notice in Outbox(self._database, tenant).claim(NOW, kinds=["card"], limit=50)
        )

    def migrate(self, url: str) -> str:
        """Bring another database to the current schema."""
        return upgrade(url)

    def begin(self, tenant: str) -> str:
        """Write a request and a vote and never commit: stay in the middle of the transaction until killed."""
        with Ledger(self._database, tenant).recording(NOW) as entry:
            record(entry)
            answer("written")
            signal.pause()
        return "never"

    def die_at(self, tenant: str, statement: str) -> str:
        """Let a child write a request and a vote, and be killed before so many statements; tell how it
        ended."""
        child = os.fork()
        if child == 0:
            database = Database(self._url)
            _kill_before(database, int(statement))
            with Ledger(database, tenant).recording(NOW) as entry:
                record(entry)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return "killed" if os.WIFSIGNALED(status) else f"ended {os.waitstatus_to_exitcode(status)}"


def record(entry: Any) -> None:
    """Something of everything that belongs together: a request, its vote, its events, its notice."""
    request = approve(entry, asked(entry))
    entry.move(request, State.APPROVED, actor="U0BOB", detail="enough")
    entry.outbox.owe("card", f"card:{request.id}", request_id=request.id)


def _kill_before(database: Database, statement: int) -> None:
    left = statement

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "before_cursor_execute", count)
    if not database.is_sqlite:
        event.listen(database.engine, "commit", count)


def answer(line: str) -> None:
    print(line, flush=True)


class Racers:
    """Several racers, told the same or different deeds at the same time."""

    def __init__(self, url: str, number: int) -> None:
        self._racers = [Obedient("tests.storage.racer", url) for _ in range(number)]
        assert [one.answer() for one in self._racers] == ["ready"] * number

    def all(self, *deed: str) -> list[str]:
        """Tell every racer the same deed and wait for all their answers."""
        return self.each([deed] * len(self._racers))

    def each(self, deeds: Sequence[Sequence[str]]) -> list[str]:
        """Tell every racer its own deed, then wait for all their answers."""
        for one, deed in zip(self._racers, deeds, strict=True):
            one.tell("\t".join(deed))
        return [one.answer() for one in self._racers]

    def kill(self) -> None:
        """Kill every racer as a power cut would."""
        for one in self._racers:
            one.end()


@contextmanager
def racers(url: str, number: int) -> Iterator[Racers]:
    """Several racers on one database, ended afterwards."""
    running = Racers(url, number)
    try:
        yield running
    finally:
        running.kill()


def main() -> None:
    racer = Racer(sys.argv[1])
    answer("ready")
    for line in sys.stdin:
        deed, *words = line.rstrip("\n").split("\t")
        answer(getattr(racer, deed)(*words))


if __name__ == "__main__":
    main()
