"""Faults at Slack, at Exchange and at the receiver of events, by chance, all the time."""

import random
import threading

from tests.bot.stream.receiving import Act, Receiving
from tests.crashes.world import World
from tests.soak.books import Books

PAUSE = 1.0
"""Seconds between two faults."""
AT_SLACK = ("ratelimited", "server_error", "bad_gateway", "reset", "lost_answer", "slow", "internal_error")
METHODS = (
    "chat.postMessage", "chat.update", "chat.postEphemeral", "views.open", "users.info",
    "usergroups.users.list", "conversations.info", "conversations.open", "response_url",
)  # fmt: skip
AT_EXCHANGE = (
    "slow", "throttle", "throttle_float", "throttle_bare", "server_error", "bad_gateway", "unavailable",
    "unavailable_retry", "gateway_timeout", "transient_400", "unauthorized", "reset_before", "lose_answer",
    "apply_then_500", "cut_short", "missing_key", "truncated", "html_200",
)  # fmt: skip
AT_RECEIVER = (Act(status=503), Act(status=500), Act(reset=True), Act(seconds=1.0))
CMDLETS = ("Get-TransportConfig", "Set-TransportConfig")


class Weather:
    """Orders one fault after the other, and clears up at the end."""

    def __init__(self, world: World, receiver: Receiving, chance: random.Random, books: Books) -> None:
        self._world = world
        self._receiver = receiver
        self._chance = chance
        self._books = books

    def keep_on(self, over: threading.Event) -> None:
        """Until it is over."""
        while not over.wait(PAUSE):
            if self._chance.random() < 0.1:
                self._receiver.acts.append(self._chance.choice(AT_RECEIVER))
                self._books.count("faults ordered at the receiver of events")
            elif self._chance.random() < 0.5:
                self._world.slack.fault(self._chance.choice(METHODS), self._chance.choice(AT_SLACK))
                self._books.count("faults ordered at Slack")
            elif len(self._world.tenant._faults.pending()) < 3:
                name, cmdlet = self._chance.choice(AT_EXCHANGE), self._chance.choice(CMDLETS)
                self._world.tenant.queue_fault(
                    name, cmdlet=cmdlet, count=1, seconds=1.0 if name == "slow" else None
                )
                self._books.count("faults ordered at Exchange")
        self._receiver.acts.clear()
        self._world.slack.faults.clear()
        self._world.tenant.clear_faults()
