"""The settings of several tenants: those of the environment with what the file says of each.

The only place where that file is opened; what it may say is judged in ``bot.settings.tenant_file``.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.exchange.auth.credentials import Certificate
from bot.settings.cross_checks import Finding, unusable_certificate
from bot.settings.model import NAMES, Settings
from bot.settings.tenant_file import Defaults, TenantEntry, TenantFile, entries, read_tenants
from handlers.calendar.yaml_lines import Place, WrongFile

UNREADABLE = "cannot be read; write the path of a text file in UTF-8 that this account may read"

OWN = ("AZURE_TENANT_ID", "EXCHANGE_ORGANIZATION", "LEGACYTLS_CHANNEL")
"""What every tenant of the file has of its own: beside the file they would be somebody's, and nobody could
tell whose.
"""

BESIDE = "is set, and so is LEGACYTLS_TENANTS; remove it: each tenant has its own in the file"

NO_CALENDAR = (
    "would show all tenants to whoever has it; remove it: `calendar --ics --tenant ALIAS` writes one's file"
)


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """One tenant of several: ``common`` are everybody's settings, ``own`` the values that differ from them.

    Whole settings of each would take a tenth of what thousands of tenants need.
    """

    alias: str
    common: Settings
    warning: str = ""
    """What every message of theirs says in its first line; empty where nothing."""
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings that this tenant would have alone, made anew."""
        return self.common.model_copy(update=self.own).noting([]) if self.own else self.common

    @property
    def tenant_id(self) -> str:
        """Under which the record is kept."""
        return self.own.get("azure_tenant_id", self.common.azure_tenant_id) or ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All tenants of the file, in its order."""

    tenants: tuple[TenantSettings, ...]
    operators: tuple[str, ...] = ()
    """Who may see all of them: people and user groups."""
    secret_names: frozenset[str] = frozenset()
    """The environment variables that the file names."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names of the tenants."""
        return tuple(one.alias for one in self.tenants)

    def find(self, alias: str) -> TenantSettings | None:
        """Return the tenant of this name, in whatever case; ``None`` where there is none."""
        return next((one for one in self.tenants if one.alias.lower() == alias.lower()), None)


def fleet_of(settings: Settings) -> Fleet | None:
    """Return the tenants of loaded settings; ``None`` where there is one, whose settings these are."""
    found: Fleet | None = settings.fleet
    return found


def fleet_over(
    draft: Settings, written: Mapping[str, str], need: Collection[str]
) -> tuple[Fleet | None, list[Finding]]:
    """Read the tenants' file over the environment's settings; returns what is wrong in or beside it.

    ``written`` is what is set, for the secrets that the file names; ``need`` as for
    ``bot.settings.load.load``.
    """
    if draft.tenants is None:
        return None, []
    beside = [name for name in OWN if getattr(draft, NAMES[name]) is not None]
    wrong: list[Finding] = [((name,), BESIDE) for name in beside]
    if draft.calendar_token is not None:
        wrong.append((("LEGACYTLS_CALENDAR_TOKEN",), NO_CALENDAR))
    try:
        fleet = fleet_in(draft.tenants, draft, written, signs_in="exchange" in need, serves="slack" in need)
    except WrongFile as mistakes:
        return None, [*wrong, (("LEGACYTLS_TENANTS",), str(mistakes))]
    each = credentials_of(fleet) if "exchange" in need else ()
    unusable = [
        f"{alias}: {why}" for alias, certificate in each for _, why in unusable_certificate(certificate)
    ]
    if unusable:
        wrong.append((("LEGACYTLS_TENANTS",), "\n".join(unusable)))
    return fleet, wrong


def fleet_in(
    path: Path, draft: Settings, written: Mapping[str, str], *, signs_in: bool, serves: bool
) -> Fleet:
    """Read the file. Raises ``WrongFile`` with every mistake.

    ``signs_in`` and ``serves``: whether each tenant needs a credential, and people who decide.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        raise WrongFile([UNREADABLE]) from None

    def more(document: object) -> Iterator[tuple[Place, str]]:
        yield from _secrets(document, written, signs_in=signs_in)
        yield from _left_out(document, draft, signs_in=signs_in, serves=serves)

    file = read_tenants(text, more=more)
    common = draft.model_copy(update={"tenants": None}).noting([])  # alone, it would know of no file
    tenants = tuple(
        TenantSettings(
            alias, common, entry.warning or file.defaults.warning, _own(draft, file.defaults, entry, written)
        )
        for alias, entry in file.tenants.items()
    )
    return Fleet(tenants, file.fleet_operators, _secret_names(file))


def credentials_of(fleet: Fleet) -> Iterator[tuple[str, Certificate]]:
    """Yield each certificate of the file once, with the first tenant that uses it."""
    seen: set[Path] = set()
    for one in fleet.tenants:
        path = one.settings.azure_client_certificate_path
        if path is not None and path not in seen:
            seen.add(path)
            yield one.alias, Certificate(path, one.settings.azure_client_certificate_password)


def _secret_names(file: TenantFile) -> frozenset[str]:
    found = (entry.credential for entry in (file.defaults, *file.tenants.values()))
    names = (name for one in found if one for name in (one.client_secret_env, one.certificate_password_env))
    return frozenset(name for name in names if name)


def _own(
    draft: Settings, defaults: Defaults, entry: TenantEntry, written: Mapping[str, str]
) -> dict[str, Any]:
    """The settings in which one tenant differs, of values that were judged when the file was read."""
    approvers = entry.approvers or defaults.approvers or draft.approvers
    operators = entry.operators or defaults.operators
    if not operators:
        operators = draft.operators if "operators" in draft.model_fields_set else approvers
    changed: dict[str, Any] = {
        "azure_tenant_id": entry.tenant_id,
        "azure_client_id": entry.client_id or defaults.client_id or draft.azure_client_id,
        "exchange_cloud": entry.cloud or defaults.cloud or draft.exchange_cloud,
        "exchange_organization": entry.organization,
        "channel": entry.channel,
        "approvers": approvers,
        "operators": operators,
        "approvals_required": entry.approvals_required
        or defaults.approvals_required
        or draft.approvals_required,
        "timezone": entry.timezone or defaults.timezone or draft.timezone,
    }
    credential = entry.credential or defaults.credential
    if credential is not None:
        changed |= credential.settings(written)
    return {name: value for name, value in changed.items() if value != getattr(draft, name)}


def _secrets(document: object, written: Mapping[str, str], *, signs_in: bool) -> Iterator[tuple[Place, str]]:
    """What the credentials name and is not there; only who signs in needs it."""
    if not signs_in:
        return
    whole = document if isinstance(document, dict) else {}
    named: list[tuple[Place, object]] = [(("defaults",), whole.get("defaults"))]
    named += [(("tenants", alias), entry) for alias, entry in entries(document)]
    for place, entry in named:
        credential = entry.get("credential") if isinstance(entry, dict) else None
        if not isinstance(credential, dict):
            continue
        for key in ("client_secret_env", "certificate_password_env"):
            if isinstance(credential.get(key), str) and credential[key] not in written:
                yield (*place, "credential", key), f"{key}: the environment variable that it names is not set"
        for key in ("certificate_path", "federated_token_file"):
            if isinstance(credential.get(key), str) and not Path(credential[key]).is_file():
                yield (*place, "credential", key), f"{key}: names no file that this account can see"


def _left_out(
    document: object, draft: Settings, *, signs_in: bool, serves: bool
) -> Iterator[tuple[Place, str]]:
    """What a tenant needs and finds neither in its entry, nor in the defaults, nor in the environment."""
    defaults = document.get("defaults") if isinstance(document, dict) else None
    known = defaults if isinstance(defaults, dict) else {}
    for alias, entry in entries(document):
        given, lacks = {*known, *entry}, []
        if serves and "approvers" not in given and not draft.approvers:
            lacks.append("approvers (or LEGACYTLS_APPROVERS)")
        if signs_in and "credential" not in given and draft.credential_kind is None:
            lacks.append("credential (or one set)")
        credential = entry.get("credential") or known.get("credential")
        managed = isinstance(credential, dict) and "managed_identity" in credential
        if signs_in and "client_id" not in given and draft.azure_client_id is None and not managed:
            lacks.append("client_id (or AZURE_CLIENT_ID)")
        if lacks:
            yield ("tenants", alias), f"{alias} has no {', no '.join(lacks)}"
