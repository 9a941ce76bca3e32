"""Use case of telling the truth: the live value, read now, and everything around it.

A failed reading is said, never guessed. Commands that wait share one reading that began after they arrived,
so that a burst costs Exchange two calls and nobody reads a value from before they asked.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from handlers.calendar.calendar import meanings
from handlers.changes.replication_lag import lags
from handlers.context.context import Context
from handlers.context.rate_limits import Monotonic, Rations
from handlers.policy.overdue import Overdue, overdue
from handlers.policy.votes import approvers
from handlers.ports import Cloud, Reading, Unavailable
from handlers.queries.status_readers import StatusReaders
from storage.engine import Unreachable
from storage.ledger_reader import Reader
from storage.lifecycle import Kind, State
from storage.probes import KnownVersion, known_versions
from storage.records import Baseline, ChangeRequest, MailProtocol, Observation, SettingValue
from storage.streams import Backlog

BROKEN = (
    "The bot ran into a defect of its own, which is in its log. Try again; should it stay like this, tell "
    "whoever runs the bot."
)


READINGS = 20
"""Readings a minute that one person may cause."""

SHOWN_FOR = 10.0
"""Seconds for which a reading is shown again to somebody who asks more often."""


@dataclass(frozen=True, slots=True)
class Status:
    """One answer to ``status``; exactly one of ``reading`` and ``problem`` is set."""

    reading: Reading | None
    problem: str | None
    cloud: Cloud
    organization: str | None
    timezone: str
    effects: tuple[tuple[MailProtocol, str], ...] = ()
    """What the setting means for each protocol, at length and with dates."""
    meanings: tuple[tuple[MailProtocol, str], ...] = ()
    """The same in a clause."""
    freshness: str | None = None
    baseline: Baseline | None = None
    decided: ChangeRequest | None = None
    """The change that made the value what the baseline says."""
    approved_by: tuple[str, ...] = ()
    open_request: ChangeRequest | None = None
    unsettled: tuple[ChangeRequest, ...] = ()
    """What is on its way to Exchange, opt-outs that still wait for it included."""
    overdue: Overdue | None = None
    """A window that has ended while the live value is not known to have followed."""
    last_seen: Observation | None = None
    lagging: bool = False
    """Whether the reading came from a domain controller that does not know of the bot's newest write yet."""
    confirmed: ChangeRequest | None = None
    """A later opt-out that found it so."""
    age: float | None = None
    """Seconds since the reading, where it is not read anew for somebody who asks often; ``None``: read just
    now."""
    probes: tuple[KnownVersion, ...] = ()
    """What the endpoints were last seen to do."""
    stream: Backlog | None = None
    """How far the receiver of the stream is behind; ``None`` where it does not lag, or there is none."""
    on_record: bool = True
    """Whether the ledger could be read; if not, everything that comes from it is missing here and must not be
    called absent."""

    @property
    def drifted(self) -> bool:
        """Whether the live value is not what the ledger last applied or announced."""
        if (
            self.reading is None
            or self.baseline is None
            or self.lagging
            or any(change.state is not State.APPROVED for change in self.unsettled)
        ):
            return False
        return self.reading.value is not self.baseline.value


class StatusReports:
    """Answers ``status``: reads Exchange once for everybody who waits."""

    def __init__(
        self,
        context: Context,
        after: Callable[[Reading], None] = lambda reading: None,
        *,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """``after`` is handed each reading once those who waited for it are answered."""
        self._context = context
        self._after = after
        self._monotonic = monotonic
        self._readings: Rations[str] = Rations(READINGS, monotonic)
        self._newest: tuple[Status | None, float] = (None, 0.0)
        """And when its reading began."""
        self._aged: Status | None = None
        """The same with its age, for all who ask within the second: drawing costs more than answering."""
        self._changed = threading.Lock()
        self._waiting: list[Callable[[Status], None]] = []
        self._readers = StatusReaders()
        self._serving = self._serve  # one object, however often it is wanted

    def start(
        self,
        run: Callable[[Callable[[], None]], None] = lambda job: job(),
        *,
        readers: StatusReaders | None = None,
    ) -> None:
        """Begin serving those who wait; ``run`` runs one job and must not raise.

        ``readers`` are shared with other tenants, and started by whoever shares them; ``None``: one of its
        own.
        """
        self._run = run
        if readers is not None:
            self._readers = readers
        else:
            self._readers.start()

    def stop(self, *, within: float = 5.0) -> bool:
        """Answer those who wait, then serve nobody; returns whether it took ``within`` seconds at most."""
        self._readers.stop(within=within)
        return not self.left()

    def left(self) -> list[str]:
        """Return its threads that have not ended."""
        return self._readers.left()

    def ask(self, reply: Callable[[Status], None], *, person: str = "") -> None:
        """Have ``reply`` called with a status whose reading begins after this call.

        ``reply`` must not raise or block. After twenty readings for one ``person`` within a minute the newest
        one is shown with its age, while that is ten seconds at most.
        """
        aged = None if not person or self._readings.take(person) else self._newest_aged()
        if aged is not None:
            reply(aged)
            return
        with self._changed:
            self._waiting.append(reply)
        self._readers.want(self._serving)

    def _newest_aged(self) -> Status | None:
        """The newest reading with its age in whole seconds; ``None`` where none is young enough."""
        with self._changed:
            newest, began = self._newest
            age = self._monotonic() - began
            if newest is None or newest.reading is None or age > SHOWN_FOR:
                return None
            if self._aged is None or self._aged.age != round(age):
                self._aged = replace(newest, age=round(age))
            return self._aged

    def report(self) -> Status:
        """Read the live value now and say everything around it."""
        try:
            reading, problem = self._context.setting.read(patience=10), None
        except Unavailable as unread:
            reading, problem = None, f"{unread.sentence} {unread.mend}".strip()
        return self._compose(reading, problem)

    def _serve(self) -> None:
        with self._changed:
            waiting, self._waiting = self._waiting, []
        if waiting:
            self._run(partial(self._answer, waiting))

    def _answer(self, waiting: list[Callable[[Status], None]]) -> None:
        """Whatever happens to the reading or to one of the answers, everybody is answered."""
        status, began = self._unknown(), self._monotonic()
        try:
            status = self.report()
            with self._changed:
                self._newest, self._aged = (status, began), None
        finally:
            for reply in waiting:
                self._run(partial(reply, status))
        self._run(partial(self.hand_over, status))

    def _unknown(self) -> Status:
        context = self._context
        return Status(
            reading=None,
            problem=BROKEN,
            cloud=context.cloud,
            organization=context.organization,
            timezone=context.rule.timezone,
            on_record=False,
        )

    def hand_over(self, status: Status) -> None:
        """Hand the watch what was read, so that the channel hears of drift that somebody is shown."""
        if status.reading is not None:
            with suppress(Unreachable):  # the regular reading sees it, too
                self._after(status.reading)

    def _compose(self, reading: Reading | None, problem: str | None) -> Status:
        context, today, value = self._context, self._context.today(), reading.value if reading else None
        effects = tuple(
            (protocol, context.calendar.effect(protocol, context.cloud.name, today, value))
            for protocol in MailProtocol
        )
        live = Status(
            reading=reading,
            problem=problem,
            cloud=context.cloud,
            organization=(reading.organization if reading else None) or context.organization,
            timezone=context.rule.timezone,
            effects=effects,
            meanings=meanings(context.calendar, context.cloud, today, value),
            freshness=context.calendar.freshness(today),
            last_seen=reading.observation if reading else None,
            on_record=False,
        )
        try:
            with context.ledger.reading() as reader:
                known = self._with_record(live, reader)
            return replace(known, stream=context.stream_lag())
        except Unreachable:
            return live  # the live value is told all the same

    def _with_record(self, live: Status, reader: Reader) -> Status:
        """The same with what the ledger knows."""
        now, baseline, last_seen = (
            self._context.now(),
            reader.baseline(),
            reader.readings.newest_observation(readable=True),
        )
        set_by = reader.find(baseline.request_id) if baseline and baseline.request_id else None
        decided = reader.windows.last_change(set_by.id) if set_by else None
        has_followed = live.reading is not None and live.reading.value is not SettingValue.OPTED_IN
        return replace(
            live,
            organization=live.organization
            or reader.holding.organization()
            or (last_seen.organization if last_seen else None),
            baseline=baseline,
            decided=decided,
            confirmed=set_by if set_by != decided else None,
            approved_by=approvers(reader.decisions([decided.id])) if decided else (),
            open_request=reader.open_request(),
            unsettled=(
                *reader.in_states({State.APPROVED}, kinds=(Kind.OPT_OUT,)),
                *reader.in_states({State.APPLYING, State.UNCERTAIN}),
            ),
            overdue=None if has_followed else overdue(reader, now),
            last_seen=live.last_seen or last_seen,
            lagging=live.reading is not None and lags(reader, live.reading, now),
            probes=tuple(known_versions(reader.connection, self._context.ledger.tenant_id)),
            on_record=True,
        )
