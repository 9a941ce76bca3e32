"""Declare the ports to what is not ours: the setting in Exchange, the people in Slack, the clock.

Protocols and the values that cross them; no behaviour beyond a property. Implementations live at the edges
(``bot.exchange``, ``handlers.slack``) and are wired in ``bot.wiring``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.records import Observation, SettingValue, WriteOutcome

Clock = Callable[[], datetime]
"""Returns the present as an aware UTC ``datetime``."""


class Unavailable(Exception):
    """Something outside did not answer as needed.

    ``sentence`` is for people (no secrets, no stack trace, no tokens); ``mend`` is the next step to take, or
    empty. ``retryable`` tells whether the same call may succeed later without anybody mending anything;
    ``retry_after`` is how many seconds it asked for. ``code`` is one word for the refusal: Slack's own
    (``message_not_found``), or what an answer of Exchange's amounts to (``forbidden``); empty where there is
    none.
    """

    def __init__(
        self,
        sentence: str,
        *,
        mend: str = "",
        retryable: bool = True,
        retry_after: float | None = None,
        code: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.mend = mend
        self.retryable = retryable
        self.retry_after = retry_after
        self.code = code


@dataclass(frozen=True, slots=True)
class Cloud:
    """Describe one cloud for judgement: its name and legacy hosts (none for US government)."""

    name: str
    display: str
    legacy_hosts: tuple[str, ...]
    """SMTP, POP3 and IMAP4 host, in this order; empty where the endpoints do not exist."""
    powershell: str = ""
    """What ``Connect-ExchangeOnline`` takes as ``-ExchangeEnvironmentName``; empty where it connects
    without."""

    @property
    def offers_legacy(self) -> bool:
        """Whether opting in means anything in this cloud."""
        return bool(self.legacy_hosts)


@dataclass(frozen=True, slots=True)
class Reading:
    """One successful reading of ``Get-TransportConfig``."""

    value: SettingValue
    smtp_auth_disabled: bool | None
    """``SmtpClientAuthenticationDisabled`` of the organisation; ``None`` when the key was missing or null."""
    organization: str | None
    """The tenant's initial domain; ``None`` when the answer did not name it: nothing may be written upon
    it."""
    server: str | None
    """``OriginatingServer``: the domain controller that answered."""
    changed_at: datetime | None
    """``WhenChangedUTC``: moves on any change of the transport configuration."""
    read_at: datetime
    client_request_id: str

    @property
    def observation(self) -> Observation:
        """The reading as the ledger keeps it."""
        return Observation(
            at=self.read_at,
            value=self.value,
            smtp_auth_disabled=self.smtp_auth_disabled,
            organization=self.organization,
            problem=None,
            changed_at=self.changed_at,
        )


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """The typed outcome of one ``Set-TransportConfig``; ``sentence`` and ``mend`` are for people."""

    outcome: WriteOutcome
    sentence: str
    client_request_id: str
    mend: str = ""
    retry_after: float | None = None


class Setting(Protocol):
    """The tenant's ``AllowLegacyTLSClients`` in Exchange Online."""

    def read(self, *, patience: float = 60.0) -> Reading:
        """Read the live value now, retrying transient failures for at most ``patience`` seconds.

        Raises ``Unavailable`` when it could not be read, is missing, or comes from another tenant; never
        guesses.
        """

    def write(self, value: bool, *, client_request_id: str, begin_by: float) -> WriteAnswer:
        """Send ``Set-TransportConfig`` once (and once more after a 401 with claims).

        Never raises, never retries otherwise. After ``begin_by``, a moment of ``time.monotonic()``, nothing
        is sent any more: the right to send it may be over.
        """


@dataclass(frozen=True, slots=True)
class Person:
    """What Slack's ``users.info`` says of somebody, as far as eligibility cares."""

    id: str
    team_id: str | None
    enterprise_id: str | None
    deleted: bool | None
    """``None`` when Slack did not say: fails closed."""
    is_bot: bool
    is_guest: bool
    is_stranger: bool
    is_invited: bool
    """Invited but never signed in."""
    enterprise_user_id: str | None = None
    """One person's id in the whole organisation (Enterprise Grid), told under each of their ids; ``None``
    outside of one."""


class Directory(Protocol):
    """People and user groups, as Slack knows them."""

    def person(self, user_id: str) -> Person:
        """Look somebody up, now. Raises ``Unavailable``; an unknown id raises it with ``retryable=False``."""

    def members(self, group_id: str) -> frozenset[str]:
        """Expand a user group by id. Raises ``Unavailable`` when the look-up fails."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in Slack."""

    channel: str
    ts: str


class Copies(Protocol):
    """Messages of the bot's own whose place it never learnt."""

    def request_at(self, place: Place) -> int | None:
        """Return the number of the request whose message stands there; ``None`` where none does.

        Raises ``Unavailable``.
        """


@dataclass(frozen=True, slots=True)
class MailboxLocks:
    """Hold what a mailbox allows; ``None``: inherited (SMTP AUTH) or not told (the others)."""

    smtp_auth_disabled: bool | None
    pop_enabled: bool | None
    imap_enabled: bool | None


@dataclass(frozen=True, slots=True)
class AcceptedDomains:
    """The tenant's domains, in small letters; ``complete`` is false when there may be more."""

    names: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Author:
    """One row of the audit log: who set the value, when, and whether it was this very app."""

    name: str
    at: datetime
    value: SettingValue | None
    own: bool | None
    """``None`` when the bot does not know the ids by which it is recorded: it cannot be told apart by
    them."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of Exchange's audit log: a ``Set-TransportConfig`` that named the setting."""

    id: str
    at: datetime
    """To the second."""
    actor: str
    """Who ran it, as Exchange names them; empty where the row does not say."""
    value: SettingValue | None
    """``None`` when what was set cannot be told."""
    succeeded: bool
    """``False`` only where the row says that it failed."""
    own: bool | None
    """Whether it was this very app; ``None`` when the bot does not know the ids by which it is recorded."""


class AuditSearch(Protocol):
    """The whole of Exchange's audit log about the setting."""

    def search(self, since: datetime, until: datetime) -> list[AuditRow]:
        """Return every row between two instants, oldest first.

        Raises ``Unavailable`` where it cannot be known to be all of them.
        """


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What somebody outside says of some bytes: that they were there at an instant."""

    token: bytes
    """The whole answer (RFC 3161, DER), with the chain of whoever signed it."""
    at: datetime
    authority: str
    """Who signed it, as its certificate names itself."""
    verified: bool
    """Whether the signature was checked up to a certificate that is known on this machine."""


class TimeStamps(Protocol):
    """A time-stamping service."""

    def stamp(self, data: bytes) -> TimeStamp:
        """Have some bytes stamped, and the answer checked.

        Raises ``Unavailable`` where it is late, wrong or none.
        """


FetchFile = Callable[[str, int], bytes]
"""Reads at most so many bytes of a file that somebody gave in a form, by its address. Raises
``Unavailable``."""


class Lookups(AuditSearch, Protocol):
    """Optional reads around the setting; the app's role may lack them. All raise ``Unavailable``."""

    def mailbox_locks(self, address: str) -> MailboxLocks | None:
        """Return a mailbox's locks (``Get-CASMailbox``); ``None`` when Exchange knows no such address."""

    def sign_in_blocked(self, address: str) -> bool | None:
        """Tell whether the mailbox's account may not sign in (``Get-User``); ``None``: Exchange does not say.

        A shared mailbox's account is blocked by default, and SMTP AUTH signs in.
        """

    def accepted_domains(self) -> AcceptedDomains:
        """Return the tenant's domains (``Get-AcceptedDomain``)."""

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        """Return changes between two instants, oldest first; empty proves nothing, as records come late."""
