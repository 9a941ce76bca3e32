"""One request from the form to its result while Slack is in trouble: people act again when they are told to,
and only then."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from storage.lifecycle import State
from storage.record.verify import verify
from storage.records import Vote
from tests.faults.troubles import EVERYTHING, Call, Trouble
from tests.journeys.backstage import PATIENCE
from tests.journeys.stage import ALICE, CHANGES, MINUTE, Stage
from tests.journeys.words import begins

TRIES = 6
"""Times that a person does the same thing again; more than any passing trouble lasts."""


@dataclass
class Story:
    """Plays one cell of the matrix and judges it."""

    stage: Stage
    trouble: Trouble
    call: Call
    heard: list[str] = field(default_factory=list)
    """What people were told that was no success."""

    def play(self) -> str:
        """Live through it; returns in a word what people noticed. Raises ``AssertionError`` or
        ``TimeoutError``."""
        written = len(self.stage.writes)
        self.trouble.begin(self.stage, self.call)
        try:
            number = self._ask()
            self._show(number)
            self._vote(number)
        finally:
            self._mend()
        self.stage.wait(lambda: self._moved_on(number))
        self.stage.slack.faults.clear()
        self._judge(number, written)
        return "told" if self.heard else "unnoticed"

    def _ask(self) -> int:
        before = {view["id"] for view in self.stage.slack.views(ALICE)}

        def form() -> str | None:
            return next(
                (view["id"] for view in self.stage.slack.views(ALICE) if view["id"] not in before), None
            )

        view = self._until(ALICE, lambda: self.stage.slack.command(ALICE, "/legacytls enable"), form)
        values = {"reason": "Scanners", "clients": "Ricoh", "day": self.stage.day(5)}
        assert self.stage.slack.submit(ALICE, view, values) is None
        asked = self.stage.wait(lambda: self.stage.record(lambda reader: reader.open_request()))
        return asked.id

    def _show(self, number: int) -> None:
        """Wait for the message; where it cannot come, the requester hears of it, and it comes once that is
        mended."""

        def told() -> str | None:
            return next(
                (said for said in self.stage.private(ALICE) if f"#{number} is on record, but" in said), None
            )

        with self._in_vain():
            self.stage.wait(lambda: self.stage.cards(number) or told(), self.patience)
        if not self.stage.cards(number):
            self.heard += filter(None, [told()])
            self._mend()
            self.stage.wait(lambda: self.stage.cards(number) or self.stage.advance(MINUTE))

    @contextmanager
    def _in_vain(self) -> Iterator[None]:
        """Where nothing at all gets through, nobody can be told: whoever runs the bot has to mend that
        first."""
        try:
            yield
        except TimeoutError:
            if self.call is not EVERYTHING:
                raise

    @property
    def patience(self) -> float:
        """Seconds that somebody waits for an answer."""
        return 7.0 if self.call is EVERYTHING else PATIENCE

    def _vote(self, number: int) -> None:
        voter = self.call.voter

        def voted() -> object:
            return self.stage.record(lambda reader: reader.decisions([number])) or None

        self._until(
            voter,
            lambda: self.stage.slack.press(voter, CHANGES, self.stage.cards(number)[-1]["ts"], "approve"),
            voted,
        )
        if self.trouble.removes:
            workspace = self.stage.slack.workspace
            workspace.remove(workspace.message(CHANGES, self.stage.cards(number)[-1]["ts"]))
        self.stage.wait(lambda: self.stage.state(number) is State.APPLIED)

    def _until(self, person: str, act: Callable[[], object], done: Callable[[], Any]) -> Any:
        """Act until it is done; whoever is told that it was not acts again, after whoever runs the bot has
        mended what lasts."""
        for _ in range(TRIES):
            before = self._said(person)
            act()
            with self._in_vain():
                self.stage.wait(
                    lambda seen=before: done() or len(self._said(person)) > len(seen), self.patience
                )
            if found := done():
                return found
            self.heard += (Counter(self._said(person)) - Counter(before)).elements()
            self._mend()
        raise AssertionError(f"{person} tried {TRIES} times and heard {self.heard}")

    def _said(self, person: str) -> list[str]:
        """Everything that this person was told privately, by the bot or by Slack."""
        notice = self.stage.slack.notice(person)
        return [*self.stage.ephemeral(person), *self.stage.private(person), *([notice] if notice else [])]

    def _mend(self) -> None:
        """End what lasts; what passes goes on by itself."""
        if self.trouble.lasts:
            self.stage.slack.faults.clear()
            self.trouble.end(self.stage)

    def _moved_on(self, number: int) -> bool:
        """Hurry what is owed along, until nothing is."""
        self.stage.advance(MINUTE)
        return self.stage.state(number) is State.APPLIED and self._owes_nothing()

    def _owes_nothing(self) -> bool:
        assert self.stage._database is not None
        with self.stage._database.read() as connection:
            return (
                connection.execute(text("SELECT count(*) FROM notices WHERE delivered_at IS NULL")).scalar()
                == 0
            )

    def _judge(self, number: int, written: int) -> None:
        stage, most = self.stage, 2 if self.trouble.copies else 1
        assert [call.effective for call in stage.writes[written:]] == [True]
        votes = stage.record(lambda reader: reader.decisions([number]))
        assert [(vote.person_id, vote.vote) for vote in votes] == [(self.call.voter, Vote.APPROVE)]
        shown = [card["text"] for card in stage.cards(number)]
        assert all(begins(said, "Applied:") for said in shown), shown
        assert 1 <= len(shown) <= most, shown  # one that was deleted is posted anew
        told = [said for said in stage.private(ALICE) if begins(said, f"Applied: #{number}")]
        assert 1 <= len(told) <= most, told
        answered = [
            said for said in self._said(self.call.voter) if "is counted" in said and f"#{number}" in said
        ]
        assert len(answered) >= (self.call is not EVERYTHING), self._said(self.call.voter)
        assert stage._database is not None
        assert verify(stage._database, stage.tenant.tenant_id).ok
