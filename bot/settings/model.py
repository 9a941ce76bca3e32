"""Everything an operator may decide: the settings' names, kinds and defaults, as one frozen value.

Describes, and checks single values. It never reads the environment: ``bot.settings.load`` does, and checks
what holds between them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.exchange.auth.credentials import (
    Certificate,
    ClientSecret,
    Credential,
    FederatedToken,
    ManagedIdentity,
)
from bot.probe.targets import of_cloud
from bot.settings import secret_parsers, value_types
from handlers.context.web_addresses import taken_apart
from handlers.probe_ports import ProbeTarget
from storage.integrity.keyring import Keyring

_SLACK = "copy it from the Slack app's page"

WHERE: Mapping[str, str] = {
    "SLACK_BOT_TOKEN": f"{_SLACK} OAuth & Permissions (xoxb-…)",
    "SLACK_APP_TOKEN": f"for Socket Mode {_SLACK} Basic Information (xapp-…)",
    "SLACK_SIGNING_SECRET": f"for HTTP {_SLACK} Basic Information",
    "LEGACYTLS_CHANNEL": "write the id of the channel for change requests (C…)",
    "LEGACYTLS_APPROVERS": "Slack ids of people (U…) and user groups (S…); without one nobody could approve",
    "AZURE_TENANT_ID": "write the tenant's id (Entra, Overview)",
    "AZURE_CLIENT_ID": "write the application's id (Entra, App registrations)",
    "AZURE_CLIENT_CERTIFICATE_PATH": "PEM or PFX, certificate and private key (docs/install.md, step 2)",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "the password of that file, if it has one",
    "AZURE_CLIENT_SECRET": "Entra, the app's page Certificates & secrets: the value, not the id",
    "AZURE_CLIENT_SECRET_EXPIRES": "the day that Entra shows beside the secret, such as 2027-03-31",
    "AZURE_FEDERATED_TOKEN_FILE": "workload identity: the file that the platform keeps fresh",
    "AZURE_MANAGED_IDENTITY": "true, where this machine has a managed identity",
    "EXCHANGE_CLOUD": "worldwide, gcc, gcc-high, dod or 21vianet",
    "DATABASE_URL": "SQLite or PostgreSQL, such as postgresql://legacytls@db.example.com/legacytls",
    "LEGACYTLS_RECORD_KEY": "authenticates the record; keep a copy away from the database and its backups",
    "LEGACYTLS_TIMEZONE": "for days and hours that people read, such as Europe/Berlin",
}
"""By the setting's name. Those that the bot cannot start without are among them."""


class CredentialKind(StrEnum):
    """The ways in which the bot proves to Entra who it is; exactly one is configured.

    The values name the setting.
    """

    CERTIFICATE = "AZURE_CLIENT_CERTIFICATE_PATH"
    SECRET = "AZURE_CLIENT_SECRET"  # noqa: S105 - the name of a setting
    FEDERATED = "AZURE_FEDERATED_TOKEN_FILE"
    MANAGED = "AZURE_MANAGED_IDENTITY"


class Settings(BaseSettings):
    """Everything an operator decides, frozen; secrets show as asterisks.

    It reads nothing itself: ``bot.settings.load`` does.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, enable_decoding=False,
        extra="ignore", frozen=True, hide_input_in_errors=True, validate_default=False,
    )  # fmt: skip

    slack_bot_token: value_types.BotToken | None = Field(None, alias="SLACK_BOT_TOKEN")
    slack_app_token: value_types.AppToken | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_signing_secret: value_types.SigningSecret | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_api_url: value_types.SlackUrl = Field("https://slack.com/api/", alias="SLACK_API_URL")

    azure_tenant_id: value_types.TenantId | None = Field(None, alias="AZURE_TENANT_ID")
    azure_client_id: value_types.DirectoryId | None = Field(None, alias="AZURE_CLIENT_ID")
    azure_client_certificate_path: Path | None = Field(None, alias="AZURE_CLIENT_CERTIFICATE_PATH")
    azure_client_certificate_password: SecretStr | None = Field(
        None, alias="AZURE_CLIENT_CERTIFICATE_PASSWORD"
    )
    azure_client_secret: value_types.EntraSecret | None = Field(None, alias="AZURE_CLIENT_SECRET")
    azure_client_secret_expires: value_types.Day | None = Field(None, alias="AZURE_CLIENT_SECRET_EXPIRES")
    """The day that Entra shows beside the secret; it tells an app nothing of it."""
    azure_federated_token_file: Path | None = Field(None, alias="AZURE_FEDERATED_TOKEN_FILE")
    azure_managed_identity: value_types.Truth = Field(False, alias="AZURE_MANAGED_IDENTITY")
    azure_authority_host: value_types.Authority | None = Field(None, alias="AZURE_AUTHORITY_HOST")
    """Scheme and host; ``None``: the cloud's own."""

    exchange_cloud: value_types.CloudName = Field("worldwide", alias="EXCHANGE_CLOUD")
    exchange_organization: value_types.Domain | None = Field(None, alias="EXCHANGE_ORGANIZATION")
    exchange_api_url: value_types.Origin | None = Field(None, alias="EXCHANGE_API_URL")
    """Scheme and host; ``None``: the cloud's own."""

    database_url: value_types.DatabaseUrl = Field(SecretStr("sqlite:///legacytls.db"), alias="DATABASE_URL")

    channel: value_types.Channel | None = Field(None, alias="LEGACYTLS_CHANNEL")
    approvers: value_types.Ids = Field((), alias="LEGACYTLS_APPROVERS")
    operators: value_types.Ids = Field(
        default_factory=lambda data: data["approvers"], alias="LEGACYTLS_OPERATORS"
    )
    approvals_required: value_types.Count = Field(1, alias="LEGACYTLS_APPROVALS_REQUIRED")
    escalate_to: value_types.Ids = Field((), alias="LEGACYTLS_ESCALATE_TO")
    """Who is mentioned when a request is about to expire; they gain no right by it."""
    when_none_left: value_types.NoneLeft = Field("ask", alias="LEGACYTLS_WHEN_NONE_LEFT")
    """What happens when the last active device is gone."""
    request_ttl: value_types.Ttl = Field(None, alias="LEGACYTLS_REQUEST_TTL")
    """How long an undecided request lives; ``None``: until working hours end on the next working day."""
    max_window: value_types.Duration = Field(timedelta(days=90), alias="LEGACYTLS_MAX_WINDOW")
    default_window: value_types.Duration = Field(
        default_factory=lambda data: min(timedelta(days=30), data["max_window"]),
        alias="LEGACYTLS_DEFAULT_WINDOW",
    )
    approve_emoji: value_types.Emoji = Field("white_check_mark", alias="LEGACYTLS_APPROVE_EMOJI")
    reject_emoji: value_types.Emoji = Field("x", alias="LEGACYTLS_REJECT_EMOJI")
    observe_every: value_types.Duration = Field(timedelta(minutes=10), alias="LEGACYTLS_OBSERVE_EVERY")
    retention: value_types.Retention = Field(timedelta(days=400), alias="LEGACYTLS_RETENTION")
    """How long readings, deliveries and sent messages are kept, since reminders must not forget that they
    were sent; the record itself is kept for ever."""
    timezone: value_types.TimeZone = Field(
        default_factory=lambda: ZoneInfo("UTC"), alias="LEGACYTLS_TIMEZONE"
    )
    working_hours: value_types.WorkingHours = Field((time(9), time(17)), alias="LEGACYTLS_WORKING_HOURS")
    milestones: Path | None = Field(None, alias="LEGACYTLS_MILESTONES")
    """A file of the operator's own whose entries replace and extend the milestones that this version
    carries."""
    health_host: value_types.Host = Field("127.0.0.1", alias="LEGACYTLS_HEALTH_HOST")
    health_port: value_types.Port | None = Field(None, alias="LEGACYTLS_HEALTH_PORT")
    calendar_token: value_types.CalendarToken | None = Field(None, alias="LEGACYTLS_CALENDAR_TOKEN")
    """Whoever knows it may fetch the calendar from the health port; ``None``: it is not served."""
    record_key: value_types.Keys = Field((), alias="LEGACYTLS_RECORD_KEY")
    record_key_file: value_types.KeysInFile = Field((), alias="LEGACYTLS_RECORD_KEY_FILE")
    """The keys that stand in the file; its path is not kept."""
    state_dir: Path | None = Field(None, alias="LEGACYTLS_STATE_DIR")
    """``None``: beside a SQLite file, else nowhere."""
    probe_endpoints: value_types.Targets = Field((), alias="LEGACYTLS_PROBE_ENDPOINTS")
    """What is probed where nobody names an endpoint; empty: the cloud's own, see ``probed``."""
    probe_every: value_types.DailyOrRarer | None = Field(None, alias="LEGACYTLS_PROBE_EVERY")
    """How often the worker probes, which is others' machines; ``None``: only when somebody asks."""
    events_url: value_types.Receiver | None = Field(None, alias="LEGACYTLS_EVENTS_URL")
    """Where every event of the record is posted; ``None``: nowhere. Its path may be a secret."""
    events_private: value_types.Truth = Field(False, alias="LEGACYTLS_EVENTS_PRIVATE")
    """Whether the receiver may have an address that is not public."""
    timestamp_url: value_types.TimeStamps | None = Field(None, alias="LEGACYTLS_TIMESTAMP_URL")
    """A time-stamping service (RFC 3161) for each day's head of the record; ``None``: none is asked. Its path
    may be a secret."""
    timestamp_private: value_types.Truth = Field(False, alias="LEGACYTLS_TIMESTAMP_PRIVATE")
    """Whether the time-stamping service may have one."""
    events_secret: value_types.ReceiverSecret | None = Field(None, alias="LEGACYTLS_EVENTS_SECRET")
    ticket_pattern: value_types.TicketPattern | None = Field(None, alias="LEGACYTLS_TICKET_PATTERN")
    """What the number of a change ticket has to match; ``None``: no form asks for one."""
    ticket_url: value_types.TicketUrl | None = Field(None, alias="LEGACYTLS_TICKET_URL")
    log_level: value_types.LogLevel = Field("info", alias="LEGACYTLS_LOG_LEVEL")

    tenants: Path | None = Field(None, alias="LEGACYTLS_TENANTS")
    """A file of several tenants; ``None``: there is one, whose settings these are."""

    _warnings: list[str] = PrivateAttr(default_factory=list)
    _fleet: Any = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load`` hands over: that reads the environment itself, to tell every mistake at once."""
        return (init_settings,)

    @property
    def warnings(self) -> list[str]:
        """What looks wrong without stopping the program, a sentence each."""
        return list(self._warnings)

    @property
    def fleet(self) -> Any:
        """Hold the file's tenants for ``bot.settings.tenants.fleet_of``; ``None``: one tenant's settings."""
        return self._fleet

    @property
    def mode(self) -> str:
        """Socket Mode when there is an app-level token, else HTTP."""
        return "socket" if self.slack_app_token else "http"

    @property
    def credential_kinds(self) -> tuple[CredentialKind, ...]:
        """Every credential that is set; after ``load`` at most one."""
        given = {
            CredentialKind.CERTIFICATE: self.azure_client_certificate_path,
            CredentialKind.SECRET: self.azure_client_secret,
            CredentialKind.FEDERATED: self.azure_federated_token_file,
            CredentialKind.MANAGED: self.azure_managed_identity,
        }
        return tuple(kind for kind, value in given.items() if value)

    @property
    def credential_kind(self) -> CredentialKind | None:
        """The one credential; ``None`` only where Exchange was not needed."""
        return next(iter(self.credential_kinds), None)

    def credential(self) -> Credential:
        """Return the one credential as a value.

        Raises ``ValueError`` where none is set, as it may be when Exchange is not needed.
        """
        if self.azure_client_certificate_path:
            return Certificate(self.azure_client_certificate_path, self.azure_client_certificate_password)
        if self.azure_client_secret:
            return ClientSecret(self.azure_client_secret)
        if self.azure_federated_token_file:
            return FederatedToken(self.azure_federated_token_file)
        if self.azure_managed_identity:
            return ManagedIdentity(self.azure_client_id)
        raise ValueError("no credential is set")

    def secret_expires(self) -> datetime | None:
        """Return when the client secret expires, at the start of the day the operator named, if any."""
        day = self.azure_client_secret_expires
        return datetime.combine(day, time(), tzinfo=self.timezone) if day else None

    def probed(self) -> tuple[ProbeTarget, ...]:
        """Return the endpoints whose TLS versions are probed."""
        return self.probe_endpoints or of_cloud(self.exchange_cloud)

    def secrets(self) -> tuple[SecretStr, ...]:
        """Return every secret that is set, of every tenant, for the redaction of logs."""
        tenants = self.fleet.tenants if self.fleet is not None else ()
        ones = chain([self], (one.settings for one in tenants))
        found = (getattr(one, name) for one in ones for name in type(self).model_fields)
        each = (value if isinstance(value, tuple) else (value,) for value in found)
        return tuple(value for values in each for value in values if isinstance(value, SecretStr))

    def keyring(self) -> Keyring:
        """Return the keys that authenticate the record, newest first; empty where none is set."""
        return Keyring([secret_parsers.key_bytes(key) for key in self.record_key or self.record_key_file])

    def on_record(self) -> dict[str, object]:
        """Return what the record keeps of the settings: no secret, nothing that changes by itself."""
        opens, closes = self.working_hours
        return {
            "AZURE_AUTHORITY_HOST": self.azure_authority_host,
            "AZURE_CLIENT_ID": self.azure_client_id,
            "EXCHANGE_API_URL": self.exchange_api_url,
            "EXCHANGE_CLOUD": self.exchange_cloud,
            "EXCHANGE_ORGANIZATION": self.exchange_organization,
            "LEGACYTLS_DEFAULT_WINDOW": str(self.default_window),
            "LEGACYTLS_TIMESTAMP_URL": _origin(self.timestamp_url),
            "LEGACYTLS_TIMESTAMP_PRIVATE": self.timestamp_private,
            "LEGACYTLS_EVENTS_URL": _origin(self.events_url),
            "LEGACYTLS_EVENTS_PRIVATE": self.events_private,
            "LEGACYTLS_ESCALATE_TO": sorted(set(self.escalate_to)),
            "LEGACYTLS_MAX_WINDOW": str(self.max_window),
            "LEGACYTLS_WHEN_NONE_LEFT": self.when_none_left,
            "LEGACYTLS_TICKET_PATTERN": self.ticket_pattern,
            "LEGACYTLS_TICKET_URL": self.ticket_url,
            "LEGACYTLS_RECORD_KEY": list(self.keyring().ids),
            "LEGACYTLS_OBSERVE_EVERY": str(self.observe_every),
            "LEGACYTLS_RETENTION": str(self.retention),
            "LEGACYTLS_STATE_DIR": str(self.state_dir) if self.state_dir else None,
            "LEGACYTLS_TIMEZONE": self.timezone.key,
            "LEGACYTLS_WORKING_HOURS": f"{opens:%H:%M}-{closes:%H:%M}",
            "credential": self.credential_kind.value if self.credential_kind else None,
        }

    def noting(self, warnings: Collection[str], fleet: object = None) -> Self:
        """Return the same settings with these warnings, and with these tenants."""
        copy = self.model_copy()
        copy._warnings, copy._fleet = list(warnings), fleet  # noqa: SLF001 - its own, on the copy
        return copy


def _origin(url: SecretStr | None) -> str | None:
    """Scheme and host of an address, without what may be secret in it."""
    return taken_apart(url.get_secret_value()).origin if url is not None else None


NAMES: dict[str, str] = {str(field.alias): name for name, field in Settings.model_fields.items()}
"""Every setting's name in the environment and the attribute that holds it, in the order people read them."""
