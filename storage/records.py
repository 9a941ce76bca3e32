"""The values the ledger hands out: frozen, typed, and free of any database or Slack shape.

Every instant is an aware UTC ``datetime``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from storage.lifecycle import Kind, State

LONGEST_WAIT = timedelta(hours=1, minutes=1)
"""No change waits longer between two tries: Microsoft is left alone for an hour at most, and replicas' clocks
differ a little."""


class SettingValue(StrEnum):
    """The tenant's ``AllowLegacyTLSClients``: ``null``, ``true`` and ``false`` in the words admins use.

    ``null`` means never chosen; it is not ``false`` (three independent exports of real tenants show it).
    """

    NOT_SET = "not set"
    OPTED_IN = "opted in"
    OPTED_OUT = "opted out"


class MailProtocol(StrEnum):
    """The protocols that one tenant-wide switch gates."""

    SMTP_AUTH = "smtp-auth"
    POP3 = "pop3"
    IMAP4 = "imap4"


class Vote(StrEnum):
    """What one row of ``decisions`` says.

    ``TAKEN_BACK`` by reaction undoes an earlier vote cast by reaction; by button, or by the bot when the rule
    changed, any vote.
    """

    APPROVE = "approve"
    REJECT = "reject"
    TAKEN_BACK = "taken_back"


class WriteOutcome(StrEnum):
    """What is known of a write after its answer (or its absence)."""

    ACCEPTED = "accepted"
    """A 2xx without errors: still no proof, read back."""
    REFUSED = "refused"
    """Exchange said no, in a way that proves that nothing was done; a matching read-back never turns this
    into success."""
    NOT_PROCESSED = "not_processed"
    """Provably not processed (nothing was sent, 429, 503 with Retry-After, ServerBusy): may be sent again."""
    UNKNOWN = "unknown"
    """Everything else (time-out, reset, an error that proves nothing, a broken or redirected answer): never
    sent again, settled by reading."""


class Waiting(StrEnum):
    """What an open request waits for, as far as something is decided by it; people read its ``detail``."""

    DECISION = "decision"
    """Its approvers, and nothing else has happened to it that its message would have to tell."""
    RESTORED = "restored"
    """Somebody who says that a backup that was put back is the database to go on with."""
    NOT_AUTHENTIC = "not_authentic"
    """Somebody who says so of a record that is not authentic."""
    NOT_KEPT = "not_kept"
    """That the newest head of the record can be kept again."""


class Door(StrEnum):
    """The way by which a person (or the bot itself) acted."""

    BUTTON = "button"
    REACTION = "reaction"
    COMMAND = "command"
    BOT = "bot"


@dataclass(frozen=True, slots=True, order=True)
class NamedDevice:
    """Hold a register entry as a request names it: number, and the approved due day."""

    number: int
    due: date


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One recorded request.

    Everything up to ``expires_at`` is fixed at birth; the rest moves with the state.
    """

    id: int
    tenant_id: str
    kind: Kind
    requester_id: str | None
    """Slack user id; ``None`` when the bot itself acted (end of a window)."""
    door: Door
    reason: str
    clients: str
    protocols: tuple[MailProtocol, ...]
    from_value: SettingValue | None
    to_value: SettingValue
    window_end: datetime | None
    rule_digest: str
    created_at: datetime
    expires_at: datetime | None
    state: State
    version: int
    detail: str
    """The sentence that explains the present state, for people."""
    retry_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    correlation_id: str | None = None
    """Of the act that moved it last, for whoever follows one click through the logs."""
    requester_enterprise_id: str | None = None
    """The requester's id in the whole organisation (Enterprise Grid) when they asked; fixed at birth.

    ``None``: outside of one, not told by Slack, or on record since before this was kept.
    """
    waiting: Waiting | None = None
    """What it waits for; ``None`` where nothing asks for it. It goes with ``detail``: a new sentence without
    one clears it."""
    devices: tuple[NamedDevice, ...] = ()
    """The standing entries of the register that it names, by number. While it is open it follows them: what
    is approved changes with a due day, and with an entry that ends."""
    ticket: str = ""

    @property
    def only_confirms(self) -> bool:
        """Whether this opt-out found the live value as it wanted it, so that nothing had to be written."""
        return self.kind is Kind.OPT_OUT and self.state is State.APPLIED and self.sent_at is None

    def has_expired(self, now: datetime) -> bool:
        """Tell whether its time has run out at ``now``; the boundary itself has run out.

        An opt-out never expires.
        """
        return self.kind is not Kind.OPT_OUT and self.expires_at is not None and now >= self.expires_at

    def has_to_wait(self, now: datetime) -> bool:
        """Tell whether to wait until ``retry_at``; further ahead than any wait, the clock was set back."""
        return self.retry_at is not None and now < self.retry_at <= now + LONGEST_WAIT


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's vote on one request, under the digest that was shown when it was cast. Never altered."""

    id: int
    request_id: int
    person_id: str
    vote: Vote
    door: Door
    digest: str
    voted_at: datetime
    """The event's own time: the standing vote is the newest by this."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One step of talking to Exchange about a request: ``sending``, ``answered`` or ``read_back``.

    Never altered.
    """

    id: int
    request_id: int
    step: str
    at: datetime
    client_request_id: str | None
    value: SettingValue | None
    detail: str
    outcome: WriteOutcome | None = None
    """Of ``answered``: what the answer proves; ``None`` for the other steps."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A run of readings of the live setting that told the same, at least one.

    ``value`` is ``None`` when it could not be read.
    """

    at: datetime
    """When it was read, the last time."""
    value: SettingValue | None
    smtp_auth_disabled: bool | None
    organization: str | None
    problem: str | None
    """Why it could not be read."""
    changed_at: datetime | None = None
    """When the domain controller that answered last knew of a change (``WhenChangedUTC``)."""
    first_at: datetime | None = None
    """When it was read for the first time; ``None``: ``at``, it was read once."""
    count: int = 1
    """How many readings told it. Two that follow each other are never farther apart than ``Ledger.unbroken``
    was then."""

    @property
    def since(self) -> datetime:
        """When it was read for the first time."""
        return self.at if self.first_at is None else self.first_at

    def as_of(self, instant: datetime) -> "Observation | None":
        """Return what was known of this run at an instant; ``None`` where it began later.

        A run that went on beyond the instant counts as its first reading: when the others were made, in
        between, is not kept.
        """
        if self.at <= instant:
            return self
        return replace(self, at=self.since, first_at=None, count=1) if self.since <= instant else None

    def is_within(self, span: timedelta, instant: datetime) -> bool:
        """Tell whether it was read within ``span`` of an instant, by first and last time."""
        return self.since - span < instant < self.at + span


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the live value ought to be: what was last applied or announced, else the first reading."""

    value: SettingValue
    since: datetime
    request_id: int | None
    window_end: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Tell whether its window has ended at ``now`` while the tenant still ought to be opted in."""
        return self.value is SettingValue.OPTED_IN and self.window_end is not None and now >= self.window_end


@dataclass(frozen=True, slots=True)
class KeptRule:
    """The rule recorded last, and since when it holds."""

    digest: str
    since: datetime
    is_first: bool
    """Whether none was recorded before it."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One link of the hash chain: ``hash`` covers every other field, ``prev_hash`` is the link before it."""

    seq: int
    tenant_id: str
    at: datetime
    kind: str
    actor: str
    request_id: int | None
    payload: Mapping[str, object]
    prev_hash: str
    hash: str


class Mistrust(StrEnum):
    """Why the database is not taken for the one that this process knows."""

    RESTORED = "restored"
    """Its record does not hold the newest head that was seen: a backup that was put back, or another
    database."""
    NOT_AUTHENTIC = "not_authentic"
    """Its first or newest event is not authenticated by a key of ours."""
    NOT_KEPT = "not_kept"
    """The newest head cannot be kept or read, so that a backup put back would not be recognised."""
