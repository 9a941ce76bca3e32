"""Reads the file of several tenants: YAML in, every mistake named with its line.

It must never guess, and never repeat a value: a secret may have been pasted into the wrong place. Secrets
themselves do not stand in it; it names the environment variables that hold them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, model_validator

from bot.exchange.clouds import CLOUDS
from bot.settings import value_parsers
from handlers.calendar.yaml_lines import Place, read

LONGEST_WARNING = 100
"""Characters of a tenant's warning: it stands in the first line of every message of theirs."""

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
WRONG_ALIAS = (
    "an alias has letters, digits and . _ -, begins with a letter or digit, and has 40 characters at most"
)
RESERVED = frozenset({"all"})
"""Aliases that mean something else at the command line."""


def _read(text: Callable[[str], Any]) -> BeforeValidator:
    """Take what ``text`` makes of a text; anything else is a mistake, and so is null."""

    def judge(found: object) -> Any:
        if found is None:
            raise ValueError("must not be null")
        if not isinstance(found, str):
            raise ValueError("expected a text")
        return text(found)

    return BeforeValidator(judge)


def _present(found: object) -> object:
    if found is None:
        raise ValueError("must not be null")
    return found


def _people(found: object) -> tuple[str, ...]:
    """A list of ids, or a text with commas between them."""
    if _present(found) == []:
        raise ValueError("expected a list with at least one entry")
    if isinstance(found, list) and all(isinstance(entry, str) for entry in found):
        found = ",".join(found)
    if not isinstance(found, str):
        raise ValueError("expected Slack ids, as a list or separated by commas")
    return value_parsers.people(found)


def _cloud(text: str) -> str:
    if text.lower() not in CLOUDS:
        raise ValueError(f"expected one of {', '.join(CLOUDS)}")
    return text.lower()


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("write the name of the environment variable that holds it, not the secret itself")
    return text


def _warning(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= LONGEST_WARNING:
        raise ValueError(f"write one line of at most {LONGEST_WARNING} characters")
    return text


def _path(text: str) -> Path:
    if not text:
        raise ValueError("write the path of a file")
    return Path(text)


People = Annotated[tuple[str, ...], BeforeValidator(_people)]


class _Strict(BaseModel):
    """Every key has to be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CredentialEntry(_Strict):
    """How the app of a tenant proves who it is: exactly one way, named and never spelled out."""

    certificate_path: Annotated[Path | None, _read(_path)] = None
    certificate_password_env: Annotated[str | None, _read(_variable)] = None
    client_secret_env: Annotated[str | None, _read(_variable)] = None
    federated_token_file: Annotated[Path | None, _read(_path)] = None
    managed_identity: Annotated[bool, _read(value_parsers.truth)] = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        ways = (
            self.certificate_path,
            self.client_secret_env,
            self.federated_token_file,
            self.managed_identity,
        )
        if sum(map(bool, ways)) != 1:
            raise ValueError(
                "write one of certificate_path, client_secret_env, federated_token_file and "
                "managed_identity: true"
            )
        if self.certificate_password_env and not self.certificate_path:
            raise ValueError("certificate_password_env goes with certificate_path only")
        return self

    def settings(self, written: Mapping[str, str]) -> dict[str, Any]:
        """The settings of this one credential, in place of whatever the environment has (``written``)."""

        def held(name: str | None) -> SecretStr | None:
            return SecretStr(written[name]) if name and name in written else None

        return {
            "azure_client_certificate_path": self.certificate_path,
            "azure_client_certificate_password": held(self.certificate_password_env),
            "azure_client_secret": held(self.client_secret_env),
            "azure_client_secret_expires": None,
            "azure_federated_token_file": self.federated_token_file,
            "azure_managed_identity": self.managed_identity,
        }


class Defaults(_Strict):
    """What holds for every tenant that does not say otherwise."""

    cloud: Annotated[str | None, _read(_cloud)] = None
    client_id: Annotated[str | None, _read(value_parsers.directory_id)] = None
    credential: Annotated[CredentialEntry | None, BeforeValidator(_present)] = None
    approvers: People = ()
    operators: People = ()
    approvals_required: Annotated[int | None, _read(value_parsers.count)] = None
    timezone: Annotated[ZoneInfo | None, _read(value_parsers.zone)] = None
    warning: Annotated[str, _read(_warning)] = ""


class TenantEntry(Defaults):
    """One tenant as written."""

    tenant_id: Annotated[str, _read(value_parsers.tenant)]
    organization: Annotated[str, _read(value_parsers.domain)]
    channel: Annotated[str, _read(value_parsers.channel)]


class TenantFile(_Strict):
    """The whole file."""

    fleet_operators: People = ()
    defaults: Defaults = Defaults()
    tenants: dict[str, TenantEntry]


def read_tenants(
    text: str, *, more: Callable[[object], Iterator[tuple[Place, str]]] = lambda document: iter(())
) -> TenantFile:
    """Read the file; ``more`` finds what else is wrong in it. Raises ``WrongFile`` with every mistake."""

    def between(document: object) -> Iterator[tuple[Place, str]]:
        if isinstance(document, dict) and document.get("tenants") == {}:
            yield ("tenants",), "tenants: name at least one tenant"
        yield from _aliases(document)
        yield from _doubled(document)
        yield from more(document)

    return read(TenantFile, text, between=between)[0]


def entries(document: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every tenant of a document of whatever shape, as far as it is a mapping."""
    tenants = document.get("tenants") if isinstance(document, dict) else None
    for alias, entry in tenants.items() if isinstance(tenants, dict) else ():
        if isinstance(entry, dict):
            yield str(alias), entry


def _aliases(document: object) -> Iterator[tuple[Place, str]]:
    seen: dict[str, str] = {}
    tenants = document.get("tenants") if isinstance(document, dict) else None
    for alias in tenants if isinstance(tenants, dict) else ():
        place = ("tenants", alias)
        if not _ALIAS.fullmatch(alias):
            yield place, WRONG_ALIAS
        elif alias.lower() in RESERVED:
            yield place, f"{alias} is no alias: it stands for every tenant at the command line"
        elif alias.lower() in seen:
            yield place, f"the alias {alias} differs from {seen[alias.lower()]} by its case alone"
        seen.setdefault(alias.lower(), alias)


def _doubled(document: object) -> Iterator[tuple[Place, str]]:
    """Find what two tenants may not share: an id is one record's, a channel tells whose an act is."""
    for name in ("tenant_id", "organization", "channel"):
        seen: dict[str, str] = {}
        for alias, entry in entries(document):
            value = entry.get(name)
            if not isinstance(value, str) or not value:
                continue
            if value.lower() in seen:
                yield ("tenants", alias, name), f"{name}: the same as that of {seen[value.lower()]}"
            seen.setdefault(value.lower(), alias)
