"""Use case of ``/legacytls why``: which lock keeps one mailbox's old devices from sending, in the order they are met.

A device sends only if every lock is open; the first closed one is named with the cmdlet that opens it. What the bot cannot see is
said to be unseen.
"""

from dataclasses import dataclass

from handlers.context import Context
from handlers.ports import Lookups, MailboxLocks, Reading, Unavailable
from storage.records import SettingValue


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock: ``open`` is ``None`` when the bot cannot see it. ``way`` is what opens it, or where to look."""

    name: str
    open: bool | None
    way: str = ""


class Locks:
    """Reads the locks of one mailbox."""

    def __init__(self, context: Context, lookups: Lookups) -> None:
        self._context = context
        self._lookups = lookups

    def of(self, address: str) -> list[Lock]:
        """Every lock in order. Raises ``Unavailable`` when the setting itself cannot be read."""
        reading = self._context.setting.read(patience=15)
        try:
            mailbox: MailboxLocks | None = self._lookups.mailbox_locks(address)
            unseen = ""
        except Unavailable as away:
            mailbox, unseen = None, f"{away.sentence} {away.mend}".strip()
        host = self._context.cloud.legacy_hosts[0] if self._context.cloud.legacy_hosts else "smtp-legacy"
        ending = self._context.calendar.current("basic-smtp-default-off")
        basic = f"{ending.display}: {ending.effect}" if ending else "see /legacytls calendar"
        return [
            Lock("AllowLegacyTLSClients", reading.value is SettingValue.OPTED_IN, "/legacytls enable"),
            Lock("Host name on the device", None, f"it has to be {host}; the standard host refuses TLS 1.0 and 1.1"),
            _smtp_auth(address, reading, mailbox, unseen),
            Lock("Authentication policy", None, "Get-AuthenticationPolicy: AllowBasicAuthSmtp has to be True where one applies"),
            Lock(
                "Security defaults, Conditional Access",
                None,
                "Entra admin centre; an exclusion, never switching them off for all",
            ),
            Lock("Basic authentication", None, basic),
        ]


def _smtp_auth(address: str, reading: Reading, mailbox: MailboxLocks | None, unseen: str) -> Lock:
    name = "SMTP AUTH for the mailbox"
    way = f"Set-CASMailbox {address} -SmtpClientAuthenticationDisabled $false"
    if mailbox is None:
        return Lock(name, None, unseen)
    if mailbox.smtp_auth_disabled is not None:
        return Lock(name, not mailbox.smtp_auth_disabled, way)
    if reading.smtp_auth_disabled is None:
        return Lock(name, None, "the mailbox inherits, and the organisation's setting is unknown")
    return Lock(f"{name} (inherited from the organisation)", not reading.smtp_auth_disabled, way)
