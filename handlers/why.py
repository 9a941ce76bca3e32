"""Use case of ``/legacytls why``: which lock keeps one mailbox's old devices from sending, in the order they are met.

A device sends only if every lock is open; the first closed one is named with the cmdlet that opens it. Fetching has two locks of
its own, which never keep anybody from sending. What the bot cannot see is said to be unseen.
"""

from dataclasses import dataclass

from handlers.context import Context
from handlers.ports import AcceptedDomains, Lookups, MailboxLocks, Unavailable
from storage.records import SettingValue

POLICY = (
    "`Get-User {address} | Format-List AuthenticationPolicy` names it (none: `Get-OrganizationConfig | Format-List "
    "DefaultAuthenticationPolicy`); `Set-AuthenticationPolicy <its name> -AllowBasicAuthSmtp` opens it. It wins over the mailbox"
)


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock: ``open`` is ``None`` when the bot cannot see it. ``way`` is what opens it, or where to look."""

    name: str
    open: bool | None
    way: str = ""
    fetching: bool = False
    """Met by devices that fetch mail; those that only send never come to it."""


class Locks:
    """Reads the locks of one mailbox."""

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._context = context
        self._lookups = lookups

    def of(self, address: str) -> list[Lock]:
        """Every lock in order; those that the bot cannot see now, the setting among them, are there as unseen."""
        switch, inherited = self._switch()
        hosts = self._context.cloud.legacy_hosts
        ending = self._context.calendar.current("basic-smtp-default-off")
        basic = f"{ending.display}: {ending.effect}" if ending else "see `/legacytls calendar`"
        host = (
            f"it has to be `{hosts[0]}`; the standard host refuses TLS 1.0 and 1.1" if hosts else "this cloud has no legacy hosts"
        )
        return [
            switch,
            Lock("Host name on the device", None if hosts else False, host),
            self._domain(address),
            *self._mailbox(address, inherited),
            Lock("Authentication policy", None, POLICY.format(address=quoted(address))),
            Lock(
                "Security defaults, Conditional Access",
                None,
                "Entra admin centre; an exclusion, never switching them off for all",
            ),
            Lock("Basic authentication", None, basic),
        ]

    def _switch(self) -> tuple[Lock, bool | None]:
        """The setting, and whether the organisation switches SMTP AUTH off, which a mailbox may inherit."""
        name = "AllowLegacyTLSClients"
        try:
            reading = self._context.setting.read(patience=15)
        except Unavailable as away:
            return Lock(name, None, _unseen(away)), None
        return Lock(name, reading.value is SettingValue.OPTED_IN, "`/legacytls enable`"), reading.smtp_auth_disabled

    def _domain(self, address: str) -> Lock:
        name, domain = "Domain of the address", address.rpartition("@")[2].lower()
        try:
            known: AcceptedDomains = self._lookups.accepted_domains()
        except Unavailable as away:
            return Lock(name, None, _unseen(away))
        if domain in known.names:
            return Lock(name, True)
        listed = ", ".join(known.names[:5]) + (", …" if len(known.names) > 5 else "")
        surely = known.complete and not any(domain.endswith(f".{one}") for one in known.names)
        return Lock(name, False if surely else None, f"{domain} is not among the tenant's domains ({listed}): check the address")

    def _mailbox(self, address: str, inherited: bool | None) -> list[Lock]:
        """What the mailbox itself allows: sending, then the two ways of fetching."""
        who = quoted(address)
        try:
            mailbox = self._lookups.mailbox_locks(address)
        except Unavailable as away:
            return [Lock("SMTP AUTH for the mailbox", None, _unseen(away))]
        if mailbox is None:
            return [Lock("Mailbox", False, "there is none with this address: check the spelling")]
        return [
            _smtp_auth(who, mailbox, inherited),
            _fetching("POP3", mailbox.pop_enabled, f"`Set-CASMailbox {who} -PopEnabled $true`"),
            _fetching("IMAP4", mailbox.imap_enabled, f"`Set-CASMailbox {who} -ImapEnabled $true`"),
        ]


def quoted(address: str) -> str:
    """An address as PowerShell takes it literally, whatever signs it has."""
    return "'" + address.replace("'", "''") + "'"


def _smtp_auth(who: str, mailbox: MailboxLocks, inherited: bool | None) -> Lock:
    name = "SMTP AUTH for the mailbox"
    way = f"`Set-CASMailbox {who} -SmtpClientAuthenticationDisabled $false`"
    if mailbox.smtp_auth_disabled is not None:
        return Lock(name, not mailbox.smtp_auth_disabled, way)
    if inherited is None:
        return Lock(name, None, "the mailbox inherits, and the organisation's setting is unknown")
    return Lock(f"{name} (inherited from the organisation)", not inherited, way)


def _fetching(protocol: str, enabled: bool | None, way: str) -> Lock:
    return Lock(f"{protocol} for the mailbox", enabled, way if enabled is False else "Exchange did not say", fetching=True)


def _unseen(away: Unavailable) -> str:
    return f"{away.sentence} {away.mend}".strip()
