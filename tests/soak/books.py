"""Keeps the books of a soak, and balances them at the end: sent against acknowledged, recorded, written."""

import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from bot.sandbox.slack.deliveries import Delivery
from storage.lifecycle import State
from storage.record.verify import verify
from tests.bot.stream.receiving import Receiving
from tests.crashes.world import World
from tests.soak.descriptors import KINDS
from tests.soak.reminders import leave_weekend, reminders
from tests.soak.replicas import Replicas
from tests.soak.stream import flaws

TIDY_EVERY = 1.0
ACK_WITHIN = 3.0
"""Seconds; Slack's."""
AFTERMATH = 1.5
"""Seconds after a kill until Slack's side has seen that its connections are gone, and the acknowledgements
with them."""
PATIENCE = 100
"""Seconds for what is still to come at the end; owners' reminders are looked for once a minute."""
KEPT = 100
"""Messages of a channel that people still look at."""
FLAT = 0.05
"""By how much of the first third the last third may be larger."""
MUST_NOT_GROW = ("MiB resident", "threads", *KINDS)


@dataclass
class Report:
    """What happened, in numbers, and what was wrong."""

    counts: dict[str, object]
    complaints: list[str]

    @property
    def ok(self) -> bool:
        """Whether all that was promised held."""
        return not self.complaints

    def __str__(self) -> str:
        lines = [f"{number!s:>10}  {what}" for what, number in self.counts.items()]
        wrong = [f"WRONG: {complaint}" for complaint in self.complaints]
        return "\n".join([*lines, *wrong, "all of it held" if self.ok else "it did not hold"])


def ordered(entry: dict[str, object]) -> bool:
    """Whether an error that was logged is nothing but a fault that was ordered."""
    return str(entry.get("logger", "")).startswith("slack_sdk.") or entry.get("error") == "Unavailable"


@dataclass
class Books:
    """Counts from any thread."""

    world: World
    replicas: Replicas
    receiver: Receiving
    acknowledged_requests: int = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _complaints: list[str] = field(default_factory=list)
    _looks: list[dict[str, float]] = field(default_factory=list)
    _acks: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, number: int = 1) -> None:
        """Count something."""
        with self._lock:
            self._counts[what] += number

    def complain(self, about: str) -> None:
        """Keep what must not have happened."""
        with self._lock:
            self._complaints.append(about)

    def begin(self) -> None:
        """Forget what was delivered to measure the capacity."""
        carrier = self.world.slack.carrier
        with carrier._watched._lock:
            carrier._deliveries.clear()

    def keep_on(self, over: threading.Event) -> None:
        """Look at memory and acknowledgements, and forget what nobody looks at any more, until it is over."""
        while not over.wait(TIDY_EVERY):
            size, load = self._database_size(), os.getloadavg()[0]
            around = {"MiB of the database": size, "load of the machine": load}
            self._looks.append(self.replicas.looked_at() | around)
            self._take_deliveries(before=time.monotonic() - 2 * ACK_WITHIN)
            self._forget_messages()

    def close(self, capacity: float, hanging: list[threading.Thread]) -> Report:
        """Let everything come to its end, and balance."""
        if hanging:
            self.complain(f"{len(hanging)} parts of the soak did not end")
        self._let_it_come_to_its_end()
        time.sleep(ACK_WITHIN)
        self._take_deliveries(before=time.monotonic() - ACK_WITHIN)
        found = (*self._changes(), *self._records(), *self._received(), *self._trends(), *self._logged())
        for complaint in found:
            self.complain(complaint)
        return Report(self._numbers(capacity), self._complaints)

    def _let_it_come_to_its_end(self) -> None:
        leave_weekend(self.world)
        for _ in range(PATIENCE):
            if self.world.owes_nothing() and not reminders(self.world)[1] and not [*self._received()]:
                break
            self.world.clock.advance(60)
            time.sleep(1)
        if not self.world.owes_nothing():
            self.complain("there are messages owed or deliveries kept that were never dealt with")
        due, missing = reminders(self.world)
        self._counts["reminders of owners"] = due - len(missing)
        if missing:
            self.complain(f"{len(missing)} of {due} reminders were owed to nobody: {missing[:3]}")

    def _received(self) -> Iterator[str]:
        """What the receiver of events did not get, or not in order."""
        with self.world.database.read() as connection:
            asked = text("SELECT tenant_id, max(seq) FROM audit_events GROUP BY tenant_id")
            recorded = {str(tenant): int(last) for tenant, last in connection.execute(asked)}
        events = self.receiver.events
        again = len(events) - len({(event["tenant"], event["seq"]) for event in events})
        self._counts["events received"], self._counts["events received again"] = len(events), again
        yield from flaws(events, recorded)

    def _records(self) -> Iterator[str]:
        """Whose record is broken."""
        for tenant in (self.world.tenant, *self.world.microsoft.others):
            verdict = verify(self.world.database, tenant.tenant_id)
            self._counts["events on record, checked"] += verdict.checked
            if not verdict.ok:
                yield f"the record of {tenant.organization} is broken: {verdict.problem}"

    # Acknowledgements

    def _take_deliveries(self, *, before: float) -> None:
        carrier = self.world.slack.carrier
        done = [delivery for delivery in carrier.deliveries if delivery.sent_at < before]
        with carrier._watched._lock:
            carrier._deliveries[:] = carrier._deliveries[len(done) :]
        for delivery in done:
            self._take(delivery)

    def _take(self, delivery: Delivery) -> None:
        self.count("payloads delivered")
        if delivery.acked_after is not None and delivery.acked_after <= ACK_WITHIN:
            self._acks.append(delivery.acked_after)
            if delivery.kind == "slash_commands" and delivery.answer:
                self.count("commands acknowledged with the word that the bot is busy")
        elif any(-ACK_WITHIN <= delivery.sent_at - kill <= AFTERMATH for kill in self.replicas.kills):
            self.count("acknowledgements lost with a killed replica")
        else:
            self.count("acknowledgements lost otherwise")
            self.complain(
                f"{delivery.kind} on connection {delivery.connection} was acknowledged after "
                f"{delivery.acked_after} (load of the machine: {os.getloadavg()[0]:.0f})"
            )

    def _forget_messages(self) -> None:
        workspace = self.world.slack.workspace
        with workspace._lock:
            for channel, messages in workspace._messages.items():
                public = [message for message in messages if message.ephemeral_to is None][-KEPT:]
                private = [message for message in messages if message.ephemeral_to is not None][-KEPT:]
                workspace._messages[channel] = sorted(public + private, key=lambda message: message.ts)

    # Changes

    def _changes(self) -> Iterator[str]:
        with self.world.reader() as reader:
            requests = reader.in_states(set(State))
            steps = reader.attempts([request.id for request in requests])
        sent = {step.client_request_id: step.request_id for step in steps if step.step == "sending"}
        effective: Counter[int] = Counter()
        for call in self.world.writes:
            owner = sent.get(call.client_request_id)
            if owner is None:
                yield f"a write arrived that is not on record: {call.client_request_id}"
            elif call.effective:
                effective[owner] += 1
        for request in requests:
            if effective[request.id] > 1:
                yield f"#{request.id} was written {effective[request.id]} times"
            if effective[request.id] and request.state is not State.APPLIED:
                yield f"#{request.id} took effect and is {request.state}"
        self._counts["effective writes"] = effective.total()
        requests_ = sum(request.kind.value == "opt_in" for request in requests)
        self._counts["opt-ins on record"] = requests_
        if (
            requests_
            < self.acknowledged_requests - self._counts["acknowledgements lost with a killed replica"]
        ):
            yield f"{self.acknowledged_requests} requests were acknowledged and {requests_} are on record"

    # Memory, logs

    def _trends(self) -> Iterator[str]:
        for what in MUST_NOT_GROW:
            first, last = self._thirds(what)
            if last > max(first * (1 + FLAT), self.replicas.bounds.get(what, 0.0)):
                yield f"{what}: grew from {first:.1f} to {last:.1f}"

    def _thirds(self, what: str) -> tuple[float, float]:
        """The means of the first and of the last third."""
        seen = [look[what] for look in self._looks if what in look] or [0.0]
        third = max(1, len(seen) // 3)
        return statistics.mean(seen[:third]), statistics.mean(seen[-third:])

    def _database_size(self) -> float:
        with self.world.database.read() as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        return float(size) / 2**20

    def _logged(self) -> Iterator[str]:
        wrong = [entry for entry in self.world.logged("error") if not ordered(entry)]
        for (event, error), number in Counter(
            (str(entry.get("event")), str(entry.get("error"))) for entry in wrong
        ).items():
            yield f"the bot logged {number} times: {event} {error}"

    def _numbers(self, capacity: float) -> dict[str, object]:
        seen = dict.fromkeys(what for look in self._looks for what in look)
        acks = sorted(self._acks) or [0.0]
        return {
            "commands answered a second, measured before": round(capacity),
            "replicas killed": len(self.replicas.kills),
            **dict(sorted(self._counts.items())),
            "ms until acknowledged, median": round(statistics.median(acks) * 1000, 1),
            "ms until acknowledged, 99th of 100": round(acks[int(len(acks) * 0.99)] * 1000, 1),
            **{
                f"{what}, {part}": round(mean, 1)
                for what in seen
                for part, mean in zip(("first third", "last third"), self._thirds(what), strict=True)
            },
        }
