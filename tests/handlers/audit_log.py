"""What stands around the setting, played: an audit log, mailboxes and domains."""

from dataclasses import dataclass, field
from datetime import datetime

from handlers.ports import AcceptedDomains, Author, MailboxLocks, Unavailable


@dataclass
class AuditLog:
    """Implements ``Lookups``: rows that arrive when a test says so."""

    rows: list[Author] = field(default_factory=list)
    locks: MailboxLocks | None = None
    domains: AcceptedDomains | None = None
    blocked: bool | Unavailable | None = False
    missing: bool = False
    searches: int = 0
    away: bool = False

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        self.searches += 1
        if self.away:
            raise Unavailable("The role lacks Search-UnifiedAuditLog.", retryable=False)
        return [row for row in self.rows if since <= row.at <= until]

    def accepted_domains(self) -> AcceptedDomains:
        if self.domains is None:
            raise Unavailable("The role lacks Get-AcceptedDomain.", mend="Add it.", retryable=False)
        return self.domains

    def sign_in_blocked(self, address: str) -> bool | None:
        if isinstance(self.blocked, Unavailable):
            raise self.blocked
        return self.blocked

    def mailbox_locks(self, address: str) -> MailboxLocks | None:
        if self.missing:
            return None
        if self.locks is None:
            raise Unavailable("The role lacks Get-CASMailbox.", retryable=False)
        return self.locks
