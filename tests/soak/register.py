"""Devices, one after the other, in a tenant that stays opted in: proposed with a form, accepted by a second
person, and their owners reminded as the days pass."""

import itertools
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text

from tests.crashes.world import CAROL, PEOPLE, World
from tests.soak.books import Books
from tests.soak.reminders import JUMP

DAVE = "U0DAVE"
"""An operator who has no other form open."""
HERE = "C0TENANT2"
"""The channel of a tenant whose setting nobody else changes: a device is accepted only within a window."""
WINDOW = 60
"""Days."""
LATEST = 15
"""Days until the last due day of a device."""
EVERY = 5.0
"""Seconds between two devices."""
DEVICES_A_JUMP = 5
"""Devices after which half a day passes."""
SOON = 4.0
LONGEST = 30


class Register:
    """Fills the register until told to stop."""

    def __init__(self, world: World, chance: random.Random, books: Books) -> None:
        self._world = world
        self._chance = chance
        self._books = books
        self._tenant = world.microsoft.others[0]

    def keep_on(self, over: threading.Event) -> None:
        """One device after the other until it is over."""
        self._insist(self._opt_in, lambda: bool(self._tenant.value), "the opt-in of the devices' tenant")
        for number in itertools.count(1):
            if over.wait(EVERY):
                return
            self._take_in(f"scanner{number}@contoso.com")
            if number % DEVICES_A_JUMP == 0:
                self._world.clock.advance(JUMP)

    def _take_in(self, sender: str) -> None:
        self._insist(lambda: self._propose(sender), lambda: self._state(sender) != "", f"proposing {sender}")
        self._insist(
            lambda: self._accept(sender), lambda: self._state(sender) == "active", f"accepting {sender}"
        )
        self._books.count("devices accepted")

    def _opt_in(self) -> None:
        slack = self._world.slack
        for message in reversed(slack.messages(HERE)):
            if "'approve'" in str(message["blocks"]):
                slack.press(CAROL, HERE, message["ts"], "approve")
                return
        values = {"reason": "Forty scanners", "clients": "Ricoh MP 301, owner: Facilities"}
        self._submit("enable", values | {"day": self._day(WINDOW)})

    def _propose(self, sender: str) -> None:
        values = {
            "device": "Ricoh MP 301", "sender": sender, "site": "Building 2",
            "owner": self._chance.choice(PEOPLE), "reason": "Its firmware ends at TLS 1.0",
            "plan": "A new one is ordered", "due": self._day(self._chance.randint(2, LATEST)),
        }  # fmt: skip
        self._submit("devices add", values)

    def _submit(self, subcommand: str, values: dict[str, str]) -> None:
        slack = self._world.slack
        for left in reversed(slack.views(DAVE)):
            slack.close_view(DAVE, left["id"])
        slack.command(DAVE, f"/legacytls {subcommand}", HERE)
        with suppress(TimeoutError):
            view = slack.workspace.wait_for(
                lambda: next((one["id"] for one in slack.views(DAVE)), None), SOON
            )
            slack.submit(DAVE, view, values)

    def _day(self, days: int) -> str:
        return (self._world.clock() + timedelta(days=days)).date().isoformat()

    def _accept(self, sender: str) -> None:
        number = self._of(sender, "id")
        self._world.slack.command(CAROL, f"/legacytls devices D{number}", HERE)
        with suppress(TimeoutError):
            shown = self._world.slack.workspace.wait_for(lambda: self._shown(f"D{number} "), SOON)
            self._world.slack.press(CAROL, HERE, shown, "device_accept")

    def _shown(self, begins: str) -> str | None:
        said = reversed(self._world.slack.messages(HERE, CAROL))
        entry = (one for one in said if one["ephemeral"] and begins in one["text"])
        return next((one["ts"] for one in entry if "device_accept" in str(one["blocks"])), None)

    def _state(self, sender: str) -> str:
        return str(self._of(sender, "state") or "")

    def _of(self, sender: str, column: str) -> str | int | None:
        with self._world.database.read() as connection:
            asked = text(f"SELECT {column} FROM devices WHERE sender = :sender")
            found: str | int | None = connection.execute(asked, {"sender": sender}).scalar()
        return found

    def _insist(self, act: Callable[[], None], done: Callable[[], bool], what: str) -> None:
        for _ in range(LONGEST):
            act()
            with suppress(TimeoutError):
                self._world.slack.workspace.wait_for(done, SOON)
                return
        raise TimeoutError(f"nothing came of {what}")
