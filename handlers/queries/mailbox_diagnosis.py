"""Answer ``/legacytls why``: which locks stop a mailbox's old devices, in the order they act.

A device sends only if every lock is open; the first closed one is named with the cmdlet that opens it.
Fetching has two locks of its own, and so has old TLS: the setting and the host keep nobody from sending who
can speak TLS 1.2. What the bot cannot see is said to be unseen.
"""

from dataclasses import dataclass
from enum import StrEnum

from handlers.context.context import Context
from handlers.policy.mail_addresses import as_ascii, ascii_domain
from handlers.policy.rule import Verdict
from handlers.ports import AcceptedDomains, Lookups, MailboxLocks, Unavailable
from handlers.suggested import Suggested
from storage.records import SettingValue

POLICY = (
    "`Get-User {address} | Format-List AuthenticationPolicy` names it (none: `Get-OrganizationConfig | "
    "Format-List DefaultAuthenticationPolicy`); `Set-AuthenticationPolicy <its name> -AllowBasicAuthSmtp` "
    "opens it. It wins over the mailbox"
)


ENTRA = (
    "Entra admin centre; security defaults know no exclusions and rule out Conditional Access; of that, a "
    "policy of one's own (Entra ID P1) can leave one account out"
)


FIREWALL = "Microsoft's list of endpoints does not name it, so a firewall made from that list may block it"


class Concerns(StrEnum):
    """Which devices meet a lock."""

    EVERY = "every"
    """Every device that sends with the mailbox's password or token."""
    FETCHING = "fetching"
    """Those that fetch mail besides; those that only send never come to it."""
    OLD_TLS = "old_tls"
    """Those that cannot speak TLS 1.2; for all others the setting is no lock."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock: ``open`` is ``None`` when the bot cannot see it.

    ``way`` is what opens it, or where to look.
    """

    name: str
    open: bool | None
    way: str = ""
    concerns: Concerns = Concerns.EVERY


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What keeps one mailbox's devices from sending; ``locks`` in the order they are met, old TLS last."""

    address: str
    locks: tuple[Lock, ...]
    exists: bool
    """False when there is surely no such mailbox here: then nothing else matters, and no other lock is
    listed."""

    def of(self, concerns: Concerns) -> tuple[Lock, ...]:
        """Return the locks that these devices meet."""
        return tuple(lock for lock in self.locks if lock.concerns is concerns)

    def first_closed(self, concerns: Concerns) -> Lock | None:
        """Return the first lock that is surely closed for these devices; ``None`` when none is seen."""
        return next((lock for lock in self.of(concerns) if lock.open is False), None)


class Locks:
    """Reads the locks of one mailbox."""

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._context = context
        self._lookups = lookups

    def may_ask(self, person: str) -> Verdict:
        """Judge who may learn of a mailbox: operators and approvers. Raises ``Unavailable``."""
        return self._context.people.operator_or_approver(person)

    def of(self, address: str) -> Diagnosis:
        """Return every lock in order; those that cannot be seen now are listed as unseen.

        Where the mailbox or its domain surely does not exist, that alone is told: nobody is led to an opt-in
        by a typing mistake.
        """
        domain, mailbox = self._domain(address), self._mailbox(address)
        if isinstance(mailbox, Lock) and False in (mailbox.open, domain.open):
            return Diagnosis(
                address, tuple(lock for lock in (mailbox, domain) if lock.open is not True), exists=False
            )
        setting, inherited = self._setting()
        policies = (
            Lock("Authentication policy", None, POLICY.format(address=quoted(address))),
            Lock("Security defaults, Conditional Access", None, ENTRA),
            Lock("Basic authentication", None, self._basic()),
        )
        own = _own_locks(quoted(address), mailbox, inherited)
        return Diagnosis(
            address, (domain, *own, self._sign_in(address), *policies, setting, self._host()), exists=True
        )

    def _setting(self) -> tuple[Lock, bool | None]:
        """The setting, and whether the organisation switches SMTP AUTH off, which a mailbox may inherit."""
        name = "AllowLegacyTLSClients"
        try:
            reading = self._context.setting.read(patience=15)
        except Unavailable as away:
            return Lock(name, None, _unseen(away), Concerns.OLD_TLS), None
        opted_in = reading.value is SettingValue.OPTED_IN
        return Lock(
            name, opted_in, f"{Suggested('enable')} asks to opt in", Concerns.OLD_TLS
        ), reading.smtp_auth_disabled

    def _host(self) -> Lock:
        hosts, name = self._context.cloud.legacy_hosts, "Host name on the device"
        if not hosts:
            return Lock(name, False, "this cloud has no legacy hosts", Concerns.OLD_TLS)
        told = f"it has to be `{hosts[0]}`; the standard host refuses mail over TLS 1.0 and 1.1"
        return Lock(name, None, f"{told}. {FIREWALL}", Concerns.OLD_TLS)

    def _basic(self) -> str:
        ending = self._context.calendar.current("basic-smtp-default-off")
        return f"{ending.display}: {ending.effect}" if ending else f"see {Suggested('calendar')}"

    def _domain(self, address: str) -> Lock:
        name, domain = "Domain of the address", ascii_domain(address)
        try:
            known: AcceptedDomains = self._lookups.accepted_domains()
        except Unavailable as away:
            return Lock(name, None, _unseen(away))
        names = {as_ascii(one) for one in known.names}
        if domain in names:
            return Lock(name, True)
        listed = ", ".join(known.names[:5]) + (", …" if len(known.names) > 5 else "")
        surely = known.complete and not any(domain.endswith(f".{one}") for one in names)
        return Lock(
            name,
            False if surely else None,
            f"{domain} is not among the tenant's domains ({listed}): check the address",
        )

    def _mailbox(self, address: str) -> MailboxLocks | Lock:
        """Return what the mailbox allows, or the lock in its place: it does not exist or is unseen."""
        try:
            found = self._lookups.mailbox_locks(address)
        except Unavailable as away:
            return Lock("SMTP AUTH for the mailbox", None, _unseen(away))
        return found or Lock("Mailbox", False, "there is none with this address: check the spelling")

    def _sign_in(self, address: str) -> Lock:
        """SMTP AUTH signs in as the mailbox's account; that of a shared mailbox is blocked by default."""
        name = "Sign-in of the account"
        try:
            blocked = self._lookups.sign_in_blocked(address)
        except Unavailable as away:
            return Lock(name, None, _unseen(away))
        told = (
            "blocked, as a shared mailbox's is by default; Entra admin centre, the user, *Edit "
            "properties*, *Account enabled*"
        )
        return Lock(
            name, None if blocked is None else not blocked, told if blocked else "Exchange did not say"
        )


def quoted(address: str) -> str:
    """Return an address as PowerShell takes it literally, whatever signs it has."""
    return "'" + address.replace("'", "''") + "'"


def _own_locks(who: str, mailbox: MailboxLocks | Lock, inherited: bool | None) -> list[Lock]:
    """What the mailbox itself allows: sending, then the two ways of fetching."""
    if isinstance(mailbox, Lock):
        return [mailbox]
    return [
        _smtp_auth(who, mailbox, inherited),
        _fetching("POP3", mailbox.pop_enabled, f"`Set-CASMailbox {who} -PopEnabled $true`"),
        _fetching("IMAP4", mailbox.imap_enabled, f"`Set-CASMailbox {who} -ImapEnabled $true`"),
    ]


def _smtp_auth(who: str, mailbox: MailboxLocks, inherited: bool | None) -> Lock:
    name = "SMTP AUTH for the mailbox"
    way = f"`Set-CASMailbox {who} -SmtpClientAuthenticationDisabled $false`"
    if mailbox.smtp_auth_disabled is not None:
        return Lock(name, not mailbox.smtp_auth_disabled, way)
    if inherited is None:
        return Lock(name, None, "the mailbox inherits, and the organisation's setting is unknown")
    return Lock(f"{name} (inherited from the organisation)", not inherited, way)


def _fetching(protocol: str, enabled: bool | None, way: str) -> Lock:
    return Lock(
        f"{protocol} for the mailbox",
        enabled,
        way if enabled is False else "Exchange did not say",
        Concerns.FETCHING,
    )


def _unseen(away: Unavailable) -> str:
    return f"{away.sentence} {away.mend}".strip()
