"""The optional reads as the use cases know them: an answer, or ``Unavailable`` with a sentence."""

from datetime import datetime

from bot.exchange.audit import Change
from bot.exchange.surroundings import Surroundings, Unanswered, Why
from handlers.ports import AcceptedDomains, Author, MailboxLocks, Unavailable


class OptionalLookups:
    """Implements ``handlers.ports.Lookups`` over ``Surroundings``; ``client_id`` tells the bot's own writes apart."""

    def __init__(self, surroundings: Surroundings, *, client_id: str) -> None:
        self._surroundings = surroundings
        self._client_id = client_id

    def mailbox_locks(self, address: str) -> MailboxLocks:
        """The locks of one mailbox. Raises ``Unavailable``."""
        found = self._surroundings.mailbox_locks(address)
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        return MailboxLocks(found.address, found.smtp_auth_disabled, found.pop_enabled, found.imap_enabled)

    def accepted_domains(self) -> AcceptedDomains:
        """The tenant's domains. Raises ``Unavailable``."""
        found = self._surroundings.accepted_domains()
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        return AcceptedDomains(tuple(domain.name.lower() for domain in found.domains), found.complete)

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        """The changes on record. Raises ``Unavailable``."""
        found = self._surroundings.who_changed(since, until)
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        return [self._author(change) for change in found.changes if change.succeeded is not False]

    def _author(self, change: Change) -> Author:
        ours = self._client_id.lower()
        own = (change.app_id or "").lower() == ours or ours in change.user.lower()
        return Author(name=change.user or "somebody the record does not name", at=change.at, value=change.value, own=own)


def _unavailable(found: Unanswered) -> Unavailable:
    return Unavailable(found.sentence, mend=found.mend, retryable=found.why is Why.NOT_NOW)
