"""The tenant's setting in Exchange Online: reads it, writes it, runs a cmdlet that reads.

Implements ``handlers.ports.Setting``. Reads are tried again within their patience; a write is sent once.
Never guesses a value, and never passes on one that another tenant answered: a missing key, a value of
another type or two rows never become "opted out"; only ``null``, ``true`` and ``false`` under the exact key
are values.
"""

import math
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Final

from bot.exchange.admin_api import AdminApi, Command, unheard
from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import Credential, unchanged
from bot.exchange.auth.shared_connections import Together
from bot.exchange.auth.tokens import Tokens
from bot.exchange.clouds import CLOUDS, Endpoint, is_microsoft
from bot.exchange.http.session import Wire
from bot.exchange.outcomes import Meaning, Outcome, instant, text
from bot.exchange.retries import CALL_LIMIT, READ_LIMIT, WRITE_LIMIT, Tries
from handlers.context.lazy_parts import FirstUse
from handlers.ports import Clock, Cloud, Reading, Unavailable, WriteAnswer
from storage.records import SettingValue, WriteOutcome

KEY: Final = "AllowLegacyTLSClients"
_CLOUD_OR_BUG: Final = "If this lasts, Exchange Online has changed its interface: please report it."

MANY = 1000
"""Readings at once where there is one tenant: as many as anybody asks for."""


def not_kept(name: str) -> str:
    """Nobody keeps the organisation, so it holds for as long as the client lives."""
    return name


class ExchangeOnline:
    """One tenant's Exchange Online, as ``handlers.ports.Setting``; safe to share among threads.

    ``organization`` is the tenant's initial domain; where it is ``None``, the first answer's is handed to
    ``keep_organization``, which returns the name that holds from then on, or ``None`` while none can be kept.
    ``reads_at_once`` is how many readings may be under way: one, where many tenants share the calls.
    ``write_limit`` is the number of seconds for a write, sign-in, connection and body included.
    """

    _closing = FirstUse(lambda own: threading.Event())

    def __init__(
        self,
        *,
        tenant_id: str,
        tokens: Tokens,
        endpoint: Endpoint,
        clock: Clock,
        organization: str | None,
        keep_organization: Callable[[str], str | None] = not_kept,
        write_limit: float = WRITE_LIMIT,
        called: Callable[[str, str], None] = unheard,
        reads_at_once: int = MANY,
        connections: Wire | None = None,
    ) -> None:
        self._reading = threading.Lock() if reads_at_once == 1 else threading.BoundedSemaphore(reads_at_once)
        self.tokens = tokens
        self.cloud: Cloud = endpoint.cloud
        self._admin = AdminApi(endpoint.api_url, tenant_id, tokens, clock, called, connections=connections)
        self._clock = clock
        self._organization = organization
        self._keep = keep_organization
        self._write_limit = write_limit
        self._naming = threading.Lock()
        self._writing = threading.Lock()

    def read(self, *, patience: float = READ_LIMIT) -> Reading:
        """Read the live value, retrying transient failures for at most ``patience`` seconds in all.

        Raises ``Unavailable`` when it could not be read, is missing, or comes from another tenant; never
        guesses.
        """
        until = monotonic() + patience
        if not self._reading.acquire(timeout=patience):
            raise Unavailable("Another reading of this tenant takes longer than this one may wait.")
        tries = Tries(until, lambda: self._closing)
        try:
            while True:
                try:
                    return self._read_once(until)
                except Unavailable as failure:
                    if not tries.again_after(failure):
                        raise
        finally:
            self._reading.release()

    def write(self, value: bool, *, client_request_id: str, begin_by: float = math.inf) -> WriteAnswer:
        """Send ``Set-TransportConfig`` once (and once more after a 401 with claims).

        Never raises, never retries otherwise. Nothing is sent after ``begin_by``, a moment of the monotonic
        clock.
        """
        began = monotonic()
        if not self._writing.acquire(timeout=self._write_limit):
            return WriteAnswer(
                WriteOutcome.NOT_PROCESSED,
                "Another write is still under way; nothing was sent.",
                client_request_id,
            )
        until, send_by = began + self._write_limit, min(begin_by, began + self._write_limit / 2)
        try:
            command = Command(
                "Set-TransportConfig", {KEY: value}, client_request_id, until, writes=True, send_by=send_by
            )
            outcome = self._admin.call(command)
        except Unavailable as failure:
            return _unsent(failure, client_request_id)
        finally:
            self._writing.release()
        sentence = (
            "Exchange Online says that nothing had to be modified."
            if outcome.changed_nothing
            else outcome.sentence
        )
        return WriteAnswer(
            outcome.outcome, sentence, client_request_id, mend=outcome.mend, retry_after=outcome.retry_after
        )

    def invoke(self, cmdlet: str, parameters: Mapping[str, object], *, timeout: float) -> Outcome:
        """Run a cmdlet that only reads, once, in at most ``timeout`` seconds.

        Raises ``Unavailable`` for all but an answer.
        """
        return self._answered(Command(cmdlet, parameters, str(uuid.uuid4()), monotonic() + timeout))

    def last_tries(self) -> None:
        """From now on nothing is tried again, and reads that wait for their next try end at once."""
        self._closing.set()

    def close(self) -> None:
        """Try nothing again, and close the connections; never waits for a call that is under way."""
        self.last_tries()
        self._admin.close()
        self.tokens.close()

    def _read_once(self, until: float) -> Reading:
        call_id = str(uuid.uuid4())
        outcome = self._answered(
            Command("Get-TransportConfig", {}, call_id, min(until, monotonic() + CALL_LIMIT))
        )
        reading = reading_of(outcome, read_at=self._clock(), client_request_id=call_id)
        self._check_tenant(reading.organization)
        return reading

    def _answered(self, command: Command) -> Outcome:
        outcome = self._admin.call(command)
        if outcome.meaning is not Meaning.ANSWERED:
            raise outcome.unavailable()
        return outcome

    def _check_tenant(self, answered: str | None) -> None:
        """Compare the answer's initial domain with the known one, or come to know it. Raises ``Unavailable``.

        An answer that names none passes: it can be shown, and whoever means to write sees that the reading
        names nobody.
        """
        if answered is None:
            return
        with self._naming:
            if self._organization is None:
                self._organization = self._keep(answered)
            known = self._organization
        if known is not None and answered.lower() != known.lower():
            raise Unavailable(
                f"Exchange Online answered for another tenant: {answered}, expected {known}.",
                mend="Check AZURE_TENANT_ID and EXCHANGE_ORGANIZATION.",
                retryable=False,
            )


def connect(
    *,
    tenant_id: str,
    client_id: str,
    credential: Credential,
    cloud: str,
    clock: Clock,
    authority_host: str | None = None,
    organization: str | None = None,
    api_url: str | None = None,
    keep_organization: Callable[[str], str | None] = not_kept,
    called: Callable[[str, str], None] = unheard,
    renewed: Callable[[], Credential | None] = unchanged,
    reads_at_once: int = MANY,
    together: Together | None = None,
) -> ExchangeOnline:
    """A client from plain settings that were checked already; makes no connection."""
    place = CLOUDS[cloud].at(api_url=api_url, authority_host=authority_host)
    app = App(
        tenant_id=tenant_id,
        client_id=client_id,
        credential=credential,
        authority=place.authority,
        instance_discovery=is_microsoft(place.authority),
        scope=place.scope,
        renewed=renewed,
        together=together,
    )
    return ExchangeOnline(
        tenant_id=tenant_id,
        tokens=Tokens(app),
        endpoint=place,
        clock=clock,
        organization=organization,
        keep_organization=keep_organization,
        called=called,
        reads_at_once=reads_at_once,
        connections=together.connections if together is not None else None,
    )


def _unsent(failure: Unavailable, client_request_id: str) -> WriteAnswer:
    """Report that nothing was sent, or only met a 401: the change waits, as after a failed read."""
    wait = failure.retry_after
    return WriteAnswer(
        WriteOutcome.NOT_PROCESSED, failure.sentence, client_request_id, mend=failure.mend, retry_after=wait
    )


def reading_of(outcome: Outcome, *, read_at: datetime, client_request_id: str) -> Reading:
    """The reading in an answered ``Get-TransportConfig``. Raises ``Unavailable``; never guesses.

    ``null`` under the key means never set, as in three independent exports of real tenants.
    """
    row = _only_row(outcome.document)
    disabled = row.get("SmtpClientAuthenticationDisabled")
    return Reading(
        value=_value(row),
        smtp_auth_disabled=disabled if isinstance(disabled, bool) else None,
        organization=text(row, "OrganizationalUnitRoot") or _hosted(row),
        server=text(row, "OriginatingServer"),
        changed_at=instant(row.get("WhenChangedUTC")),
        read_at=read_at,
        client_request_id=client_request_id,
    )


def _only_row(document: Mapping[str, object]) -> Mapping[str, object]:
    value = document.get("value")
    if not isinstance(value, list):
        raise _unreadable("holds no value")
    if len(value) != 1:
        raise _unreadable("holds nothing" if not value else f"holds {len(value)} objects instead of one")
    row = value[0]
    if not isinstance(row, dict):
        raise _unreadable("is not an object")
    if "_clixml" in row:
        raise _unreadable("came in PowerShell's own format")
    return row


def _value(row: Mapping[str, object]) -> SettingValue:
    if KEY not in row:
        raise _unreadable(f"does not contain {KEY}")
    match row[KEY]:
        case None:
            return SettingValue.NOT_SET
        case True:
            return SettingValue.OPTED_IN
        case False:
            return SettingValue.OPTED_OUT
    raise _unreadable(f"gives {KEY} as something other than true, false or null")


def _hosted(row: Mapping[str, object]) -> str | None:
    """Read the initial domain in ``OrganizationId``: ``…Hosted Organizations/contoso.onmicrosoft.com - ``."""
    found = re.search(
        r"/Microsoft Exchange Hosted Organizations/([\w.-]+) - ", text(row, "OrganizationId") or ""
    )
    return found[1] if found else None


def _unreadable(why: str) -> Unavailable:
    return Unavailable(
        f"The value cannot be told: the answer of Exchange Online {why}.", mend=_CLOUD_OR_BUG, retryable=False
    )
