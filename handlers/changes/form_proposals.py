"""Read from the ledger what the forms about the window propose, as a frozen value.

Must never record anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.context.context import Context
from handlers.policy.days import default_day, end_of_day, last_day, latest_day, local_day
from handlers.policy.forms import day_problem
from handlers.policy.tickets import Tickets
from handlers.register.named_devices import typed_beside
from storage.devices.records import Device
from storage.ledger_reader import Reader
from storage.lifecycle import Kind
from storage.records import ChangeRequest, MailProtocol, Observation

LISTED = 10
"""Lists of devices that the form of opting out has room for; history has all of them."""


CHOOSABLE = 100
"""Entries of the register that a form lets people choose among: Slack's most for one choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Standing entries of the register as a form shows them, the next due first."""

    devices: tuple[Device, ...]
    """At most ``CHOOSABLE``."""
    count: int
    """How many there are in all."""
    named: tuple[int, ...] = ()
    """Those that the form is filled with: of an earlier request's, those that still stand."""


NOBODY_STANDS = Standing(devices=(), count=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the form of an opt-in or an extension shows and is filled with."""

    kind: Kind
    briefing: Sequence[str]
    smtp_auth_off: bool
    """Whether SMTP AUTH is known to be off for the whole organisation."""
    day: date
    latest: date
    """The latest day that can be chosen."""
    expires_at: datetime
    """When a request that is sent now expires undecided."""
    runs_until: date | None
    """The last day of the window that an extension replaces; ``None``: there is none, or it has no end."""
    extension: ChangeRequest | None
    """The extension that is open, so that only an earlier end can be chosen."""
    earlier: ChangeRequest | None
    """The request that the form is filled from."""
    register: Standing
    """The entries to choose among; none: devices are typed."""

    clients: str
    """The devices that were typed in that request, without the text that repeats chosen entries."""
    tickets: Tickets

    @property
    def ticket(self) -> str:
        """The ticket that stands in the form: that of a request which is asked for again.

        An extension has one of its own.
        """
        return self.earlier.ticket if self.earlier is not None and self.earlier.kind is self.kind else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutProposal:
    """What the confirmation before opting out shows."""

    seen: Observation | None
    """The newest reading that has a value."""
    removals: Sequence[str]
    """A clause for each protocol from which legacy TLS is being, or was, removed; empty for the others."""
    devices: dict[int, str]
    """The devices and owners on record for what is opted in now, by request, the oldest first; the same list
    once.

    Without the requests that name entries of the register."""
    register: Standing
    """The entries that stop with it."""


class Proposals:
    """Gathers what the forms show. Raises ``Unreachable``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def request(self, kind: Kind, number: int | None) -> Proposal:
        """Propose an opt-in or an extension like the request with this number.

        An extension without one is proposed like the request behind the present window.
        """
        context, now = self._context, self._context.now()
        with context.ledger.reading() as reader:
            newest = reader.readings.newest_observation(readable=True)
            earlier = reader.find(number) if number is not None else None
            runs_until = extension = None
            if kind is Kind.EXTENSION:
                extension = reader.open_request()
                baseline = reader.baseline()
                runs_until = baseline.window_end if baseline else None
                earlier = (
                    earlier
                    if earlier and earlier.kind is not Kind.OUTSIDE
                    else next(iter(_behind(reader)), None)
                )
            register = _standing(reader, first=_still_named(reader, earlier))
            clients = (
                typed_beside(earlier.clients, reader.devices.named_at_first(earlier.id)) if earlier else ""
            )
        return Proposal(
            kind=kind,
            briefing=context.calendar.briefing(context.cloud.name, context.today(), tuple(MailProtocol)),
            smtp_auth_off=bool(newest and newest.smtp_auth_disabled),
            day=self._day(earlier, runs_until, only_earlier=extension is not None),
            latest=latest_day(now, context.rule.max_window, context.zone),
            expires_at=context.expiry_of(now),
            runs_until=last_day(runs_until, context.zone) if runs_until else None,
            extension=extension if runs_until else None,
            earlier=earlier,
            register=register,
            clients=clients,
            tickets=context.tickets,
        )

    def opt_out(self) -> OptOutProposal:
        """Propose to opt out of what is opted in now."""
        context = self._context
        with context.ledger.reading() as reader:
            newest = reader.readings.newest_observation(readable=True)
            # the newest come first, so that of the same words the oldest request stays
            first = {request.clients: request.id for request in _behind(reader) if not request.devices}
            register = _standing(reader)
        removals = [
            context.calendar.removal(protocol, context.cloud.name, context.today())
            for protocol in MailProtocol
        ]
        devices = {number: clients for clients, number in list(first.items())[:LISTED]}
        return OptOutProposal(seen=newest, removals=removals, devices=devices, register=register)

    def _day(self, earlier: ChangeRequest | None, runs_until: datetime | None, *, only_earlier: bool) -> date:
        """The day that was asked for before, if it can be taken now; else the default.

        ``only_earlier``: a later end is not.
        """
        now, rule, zone = self._context.now(), self._context.rule, self._context.zone
        if only_earlier and runs_until is not None:
            return max(last_day(runs_until, zone) - timedelta(days=1), local_day(now, zone))
        if earlier is not None and earlier.window_end is not None:
            day = last_day(earlier.window_end, zone)
            if not day_problem(day.isoformat(), rule=rule, now=now, zone=zone, later_than=runs_until):
                return day
        day = default_day(now, rule.default_window, rule.max_window, zone, runs_until=runs_until)
        latest = runs_until is not None and end_of_day(day, zone) <= runs_until
        # it can be given an earlier end only
        return max(day - timedelta(days=1), local_day(now, zone)) if latest else day


def _behind(reader: Reader) -> list[ChangeRequest]:
    """The requests behind the window there is, newest first; none where nobody asked the bot for it."""
    baseline = reader.baseline()
    return reader.windows.requests_behind(baseline.request_id) if baseline and baseline.request_id else []


def _still_named(reader: Reader, earlier: ChangeRequest | None) -> list[Device]:
    """The entries that a request named, without those that have ended since."""
    named = [device.number for device in earlier.devices] if earlier else []
    return (
        [device for device in reader.devices.named(named) if device.is_standing][:CHOOSABLE] if named else []
    )


def _standing(reader: Reader, *, first: Sequence[Device] = ()) -> Standing:
    """What can be chosen among, the next due first; ``first`` are in it however late they are due."""
    named = tuple(device.id for device in first)
    others = [device for device in reader.devices.standing(limit=CHOOSABLE) if device.id not in named][
        : CHOOSABLE - len(first)
    ]
    devices = tuple(sorted((*first, *others), key=lambda device: (device.due, device.id)))
    if len(devices) < CHOOSABLE:
        return Standing(devices=devices, count=len(devices), named=named)
    counts = reader.devices.counts(date.max)
    return Standing(devices=devices, count=counts.proposed + counts.active, named=named)
