"""What many people type all day: status, history, help, and now and then nonsense, at a steady rate."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bot.sandbox.slack import payloads
from bot.sandbox.slack.deliveries import Parcel
from tests.crashes.world import CHANNEL, PEOPLE, World
from tests.soak.books import Books

IN_FLIGHT = 32
TYPED = ["status"] * 6 + ["history"] * 2 + ["help", "calendar", "devices", "statsu"]


class Traffic:
    """Sends slash commands."""

    def __init__(self, world: World, chance: random.Random, books: Books) -> None:
        self._world = world
        self._chance = chance
        self._books = books

    def capacity(self, seconds: float) -> float:
        """Commands a second that are answered, and not only acknowledged, while so many are under way."""
        until = time.monotonic() + seconds

        def keep_asking(_: int) -> int:
            count = 0
            while time.monotonic() < until:
                url, parcel = self._send(self._chance.choice(TYPED))
                parcel.settled.wait()
                while time.monotonic() < until and not self._answers(url):
                    time.sleep(0.005)
                count += self._answers(url) > 0
            return count

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return sum(pool.map(keep_asking, range(IN_FLIGHT))) / seconds

    def keep_on(self, rate: float, over: threading.Event) -> None:
        """Send so many a second, whatever becomes of them, until it is over."""
        began, sent = time.monotonic(), 0
        while not over.is_set():
            due = int((time.monotonic() - began) * rate)
            for _ in range(due - sent):
                self._send(self._chance.choice(TYPED))
            self._books.count("commands sent", due - sent)
            sent = due
            over.wait(0.02)

    def _answers(self, url: str) -> int:
        """How often a response_url was used."""
        return self._world.slack._urls._replies[url.rpartition("/")[2]].uses

    def _send(self, text: str) -> tuple[str, Parcel]:
        slack, person = self._world.slack, self._chance.choice(PEOPLE)
        url = slack.url + slack._urls.mint(CHANNEL, person)
        workspace = slack.workspace
        payload = payloads.slash_command(
            workspace.member(person), workspace.channel(CHANNEL), f"/legacytls {text}",
            trigger_id=slack.modals.trigger(person), response_url=url,
        )  # fmt: skip
        return url, slack.carrier.send(Parcel("slash_commands", payload))
