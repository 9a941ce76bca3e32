"""The stage of every journey: the real bot as a child process between the sandbox's Slack and Exchange, and
people acting on it.

What is asserted is what people see and what Exchange received; the ledger is only asked where nothing shows
(which states were passed). Nothing sleeps: every wait is on the workspace and ends with the first change that
satisfies it.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.slack import cast
from storage.lifecycle import UNSENT, State
from storage.records import SettingValue
from tests.journeys.backstage import DAY, HOUR, MINUTE, UNTIL_LAPSED, Backstage
from tests.journeys.words import JSON, words

__all__ = [
    "ALICE",
    "BOB",
    "CAROL",
    "CHANGES",
    "DAVE",
    "DAY",
    "ERIN",
    "FRANK",
    "HOUR",
    "MINUTE",
    "PEOPLE",
    "UNTIL_LAPSED",
    "ZONE",
    "Stage",
]

ALICE, BOB, CAROL, DAVE, ERIN, FRANK = "U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0ERIN", "U0FRANK"
"""Operator and approver; the same; approver by user group; member; guest; member of another workspace."""
PEOPLE = (ALICE, BOB, CAROL, DAVE, ERIN, FRANK)
CHANGES = cast.CHANGES
ZONE = ZoneInfo("Europe/Berlin")
"""The sandbox's ``LEGACYTLS_TIMEZONE``."""


class Stage(Backstage):
    """What people do and what they see."""

    # What people do

    def command(self, person: str, text: str) -> str:
        """Send ``/legacytls <text>``; returns the private answer in words."""
        return words(self.answer(person, lambda: self.slack.command(person, f"/legacytls {text}")))

    def status(self, person: str = ALICE) -> str:
        """The answer to ``/legacytls status`` in words; a drift that it shows is on record by then, which is
        a moment later."""
        before = self.record(lambda reader: reader.readings.newest_observation())
        said = self.command(person, "status")
        if "Drift:" in said:
            self.wait(lambda: self.record(lambda reader: reader.readings.newest_observation()) != before)
        return said

    def form(self, person: str, subcommand: str = "enable") -> JSON:
        """Open the form of a subcommand."""
        return self.opened(person, lambda: self.slack.command(person, f"/legacytls {subcommand}"))

    def opened(self, person: str, act: Callable[[], object]) -> JSON:
        """The form that ``act`` opens for a person."""
        before = {view["id"] for view in self.slack.views(person)}
        act()
        return self.wait(
            lambda: next((view for view in self.slack.views(person) if view["id"] not in before), None)
        )

    def submit_opt_in(self, person: str = ALICE, **filled: object) -> str:
        """Fill in and send off the form of ``enable``; returns the private answer in words. The form must
        have no mistakes."""
        view = self.form(person)
        values = {
            "reason": "Forty scanners",
            "clients": "Ricoh MP 301, owner: Facilities",
            "day": self.day(10),
        } | filled

        def submit() -> None:
            assert self.slack.submit(person, view["id"], values) is None

        return words(self.answer(person, submit))

    def ask(self, person: str = ALICE, **filled: object) -> int:
        """Ask for an opt-in and wait for its message in the channel; returns its number."""
        answer = self.submit_opt_in(person, **filled)
        found = re.search(r"#(\d+) is open", answer)
        assert found, answer
        self.card(int(found[1]), "Request")
        return int(found[1])

    def opt_out(self, person: str = BOB, reason: str = "") -> int:
        """Opt out and wait for the result; returns its number."""
        view = self.form(person, "disable")
        answer = words(self.answer(person, lambda: self.slack.submit(person, view["id"], {"reason": reason})))
        found = re.search(r"Opt-out #(\d+)", answer)
        assert found, answer
        self.card(int(found[1]), "Applied:")
        return int(found[1])

    def press(self, person: str, number: int, button: str) -> str:
        """Press a button on a request's message; returns the private answer in words."""
        return words(self.answer(person, lambda: self.click(person, number, button)))

    def click(self, person: str, number: int, button: str) -> None:
        """Press a button on a request's message, once it is or was there, and wait for nothing."""
        ts = self.card(number)["ts"]

        def pressed() -> bool:
            try:
                self.slack.press(person, CHANGES, ts, button)
            except LookupError:
                return False
            return True

        self.wait(pressed)

    def react(self, person: str, number: int, emoji: str = "white_check_mark") -> str:
        """React to a request's message; returns the direct message in words."""
        return words(
            self.told(person, lambda: self.slack.react(person, CHANGES, self.card(number)["ts"], emoji))
        )

    # What people see

    def answer(self, person: str, act: Callable[[], object]) -> JSON:
        """The ephemeral message that answers ``act``: whatever the person did before is answered first."""
        return self._next(CHANGES, person, act, ephemeral=True)

    def told(self, person: str, act: Callable[[], object], saying: str = "") -> JSON:
        """The direct message that follows ``act``, the first that contains ``saying``."""
        return self._next(self.slack.dm(person), person, act, ephemeral=False, saying=saying)

    def public(self) -> list[JSON]:
        """What everybody sees in the channel."""
        return [message for message in self.slack.messages(CHANGES) if not message["ephemeral"]]

    def ephemeral(self, person: str) -> list[str]:
        """Every private answer that a person got in the channel, in words."""
        return [words(message) for message in self.slack.messages(CHANGES, person) if message["ephemeral"]]

    def private(self, person: str) -> list[str]:
        """Every direct message to a person, in words."""
        return [words(message) for message in self.slack.messages(self.slack.dm(person), person)]

    def announced(self, saying: str) -> JSON:
        """The channel message that contains ``saying``."""
        return self.wait(
            lambda: next((message for message in self.public() if saying in words(message)), None)
        )

    def cards(self, number: int) -> list[JSON]:
        """Every copy of a request's message."""
        headed = [
            message
            for message in self.public()
            if message["blocks"][:1] and message["blocks"][0]["type"] == "header"
        ]
        return [message for message in headed if re.match(rf"[^#]*#{number}\b", message["text"])]

    def card(self, number: int, begins: str = "", saying: str = "") -> JSON:
        """A request's message, once its text begins (after its sign) and reads as given."""

        def ready() -> JSON | None:
            shown = self.cards(number)
            begun = shown and re.match(rf"\W*{re.escape(begins)}", shown[-1]["text"])
            return shown[-1] if begun and saying in words(shown[-1]) else None

        return self.wait(ready)

    def _next(
        self, channel: str, person: str, act: Callable[[], object], *, ephemeral: bool, saying: str = ""
    ) -> JSON:
        def shown() -> list[JSON]:
            return [
                m
                for m in self.slack.messages(channel, person)
                if m["ephemeral"] is ephemeral and m["user"] == cast.BOT_USER
            ]

        self.wait_until_answered(person)
        before = {message["ts"] for message in shown()}
        act()

        def found() -> JSON | None:
            fresh = (message for message in shown() if message["ts"] not in before)
            said = (message for message in fresh if not message["text"].startswith("Reading the live value"))
            return next((message for message in said if saying in words(message)), None)

        return self.wait(found)

    def day(self, ahead: int) -> str:
        """The bot's present day in its own zone and so many more, as a date picker gives it."""
        return (self.clock().astimezone(ZONE).date() + timedelta(days=ahead)).isoformat()

    # For the next test

    def clear(self) -> None:
        """End what a test left: faults, open forms, an open request, a changed setting."""
        self.tenant.clear_faults()
        self.slack.faults.clear()
        for person in PEOPLE:
            for view in reversed(self.slack.views(person)):
                self.slack.close_view(person, view["id"])
        asked = self.record(lambda reader: reader.open_request())
        if asked is not None and asked.state in UNSENT and asked.requester_id is not None:
            self.press(asked.requester_id, asked.id, "withdraw")
        if asked is not None and asked.state is State.UNCERTAIN:
            self.advance(HOUR)
        self.wait(lambda: self.record(lambda reader: reader.open_request()) is None)
        if self.tenant.value is not None:
            self.tenant.value = None
        if self.tenant.smtp_auth_disabled:
            self.tenant.smtp_auth_disabled = False
        if self.observed().value is not SettingValue.NOT_SET:
            self.observe()
        self.wait_until_delivered()
