"""What is made of the settings alone: the client for Slack, the rule, the conversation with Exchange.

Nothing is sent yet.
"""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic

from bot.exchange.admin_api import unheard
from bot.exchange.auth.credentials import Credential
from bot.exchange.auth.shared_connections import Together
from bot.exchange.client import MANY, ExchangeOnline, connect, not_kept
from bot.settings.load import credential_in, credential_now, settings_now
from bot.settings.model import Settings
from bot.settings.tenants import TenantSettings
from bot.transport.tls import trusting
from handlers.policy.rule import Rule
from handlers.ports import Clock
from handlers.slack.client.web_api import SlackWebClient
from storage.engine import Unreachable
from storage.ledger import Ledger

READ_ANEW = 30.0
"""Seconds between two looks at the settings of several tenants for another credential."""

SLACK_TIMEOUT = 10
"""Seconds that Slack may be silent in one call of its Web API; ``urllib`` counts anew for every piece of an
answer that comes."""


def slack_client(settings: Settings) -> SlackWebClient:
    """Make one client with one TLS context and no retries of its own: the outbox repeats what is owed.

    Its context and its proxy serve Socket Mode and the ``response_url``s as well. Raises ``WrongSettings``.
    """
    token = settings.slack_bot_token
    client = SlackWebClient(
        token=token.get_secret_value() if token else None,
        base_url=settings.slack_api_url,
        timeout=SLACK_TIMEOUT,
        ssl=trusting(),
        retry_handlers=[],
    )
    if client.proxy and "//" not in client.proxy:
        # HTTPS_PROXY=host:3128, as curl and the SDK read it; the others need a scheme
        client.proxy = f"http://{client.proxy}"
    return client


def rule_of(settings: Settings) -> Rule:
    """Return the operator's settings that decide who may change what."""
    return Rule(
        approvers=settings.approvers,
        operators=settings.operators,
        approvals_required=settings.approvals_required,
        request_ttl=settings.request_ttl,
        default_window=settings.default_window,
        max_window=settings.max_window,
        approve_emoji=settings.approve_emoji,
        reject_emoji=settings.reject_emoji,
        channel=settings.channel or "",
        timezone=settings.timezone.key,
    )


def exchange_of(
    settings: Settings,
    clock: Clock,
    ledger: Ledger | None = None,
    called: Callable[[str, str], None] = unheard,
    *,
    reads_at_once: int = MANY,
    together: Together | None = None,
) -> ExchangeOnline:
    """Make the conversation with Exchange Online; the tenant's organisation is kept in the ledger.

    ``together`` is what it shares with those of other tenants.
    """
    now = together.credential_now if together is not None else credential_now
    return connect(
        tenant_id=settings.azure_tenant_id or "",
        client_id=settings.azure_client_id or "",
        credential=settings.credential(),
        cloud=settings.exchange_cloud,
        clock=clock,
        authority_host=settings.azure_authority_host,
        organization=settings.exchange_organization or (_kept_organization(ledger) if ledger else None),
        api_url=settings.exchange_api_url,
        keep_organization=partial(_keep_organization, ledger, clock) if ledger else not_kept,
        called=called,
        renewed=partial(now, settings.azure_tenant_id or ""),
        reads_at_once=reads_at_once,
        together=together,
    )


def _kept_organization(ledger: Ledger) -> str | None:
    with ledger.reading() as reader:
        return reader.holding.organization()


def _keep_organization(ledger: Ledger, clock: Clock, name: str) -> str | None:
    try:
        with ledger.recording(clock(), patience=1) as entry:
            entry.holding.keep_organization(name)
            return entry.reader.holding.organization()
    except Unreachable:
        return None  # the value can be told all the same; the next reading names the tenant again


class CredentialsNow:
    """The credentials of several tenants as the settings have them now, read anew every so often at most.

    When one that all share has expired, all ask within minutes, and to read thousands of tenants takes a
    second.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Mapping[str, TenantSettings] = {}
        self._read_at = float("-inf")

    def of(self, tenant_id: str) -> Credential | None:
        """Return a tenant's credential; ``None`` where it cannot be used."""
        with self._lock:
            if monotonic() - self._read_at > READ_ANEW:
                self._found = settings_now()
                self._read_at = monotonic()
            return credential_in(self._found, tenant_id)
