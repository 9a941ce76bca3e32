"""The optional reads as the use cases know them: an answer, or ``Unavailable`` with a sentence."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.exchange.audit import Change
from bot.exchange.surroundings import Surroundings, Unanswered, Why
from handlers.ports import AcceptedDomains, Author, MailboxLocks, Unavailable


class OptionalLookups:
    """Implements ``handlers.ports.Lookups`` over ``Surroundings``.

    The bot's own writes are told apart by ``client_id`` and by what ``claims`` says of the token: with a managed identity no
    client id is configured, and how Exchange records an app-only change is not published.
    """

    def __init__(self, surroundings: Surroundings, *, client_id: str, claims: Callable[[], Mapping[str, Any]]) -> None:
        self._surroundings = surroundings
        self._client_id = client_id
        self._claims = claims

    def mailbox_locks(self, address: str) -> MailboxLocks | None:
        """The locks of one mailbox; ``None`` when there is none with this address. Raises ``Unavailable``."""
        found = self._surroundings.mailbox_locks(address)
        if isinstance(found, Unanswered) and found.why is Why.NOT_FOUND:
            return None
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        return MailboxLocks(found.address, found.smtp_auth_disabled, found.pop_enabled, found.imap_enabled)

    def accepted_domains(self) -> AcceptedDomains:
        """The tenant's domains. Raises ``Unavailable``."""
        found = self._surroundings.accepted_domains()
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        return AcceptedDomains(tuple(name.lower() for name in found.names), found.complete)

    def who_changed(self, since: datetime, until: datetime) -> list[Author]:
        """The changes on record. Raises ``Unavailable``."""
        found = self._surroundings.who_changed(since, until)
        if isinstance(found, Unanswered):
            raise _unavailable(found)
        ours = self._ours()
        return [_author(change, ours) for change in found if change.succeeded is not False]

    def _ours(self) -> frozenset[str]:
        """Every id by which a record may name this app; empty when none is known."""
        try:
            said = self._claims()
        except Unavailable:
            said = {}
        ids = (self._client_id, said.get("appid"), said.get("oid"))
        return frozenset(one.lower() for one in ids if isinstance(one, str) and one)


def _author(change: Change, ours: frozenset[str]) -> Author:
    named = {one.lower() for one in (change.app_id, change.client_app_id, change.object_id) if one}
    own = bool(named & ours) or any(one in change.user.lower() for one in ours) if ours else None
    return Author(name=change.user or "somebody the record does not name", at=change.at, value=change.value, own=own)


def _unavailable(found: Unanswered) -> Unavailable:
    return Unavailable(found.sentence, mend=found.mend, retryable=found.why is Why.NOT_NOW)
