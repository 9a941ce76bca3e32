"""Read the settings from the environment and ``.env`` once, check them whole, and freeze them.

The only place where the environment is read, and not at import. No value is ever repeated in a message: it
may be a secret.
"""

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from bot.exchange.auth.credentials import Credential
from bot.observability import logs
from bot.settings import secret_parsers
from bot.settings.cross_checks import between, unusable_authorities
from bot.settings.model import NAMES, Settings
from bot.settings.tenants import Fleet, TenantSettings, fleet_of, fleet_over
from handlers.policy.rule import is_group

EVERYTHING = frozenset({"slack", "exchange", "database"})
"""The parts that may be needed; ``run`` and ``check`` need them all. Nothing of the database can be missing:
it has a default."""

OF_BOLT = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_VERIFICATION_TOKEN",
    "SLACK_CLIENT_ID",
    "SLACK_CLIENT_SECRET",
)
"""What Bolt looks for in the environment itself: a token would be a second one, a client's id would turn on
OAuth."""

UNSTRIPPED = frozenset({"AZURE_CLIENT_CERTIFICATE_PASSWORD"})
"""Settings in which spaces at either end may be meant."""

AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where the operator's own certificate authorities are named; the first that is set counts."""

ELSEWHERE = (*AUTHORITIES, "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""What libraries look for in the environment itself, in small letters, too: from ``.env`` it is handed on to
them."""

QUOTED = (
    "is written in quotation marks, which are taken to the letter here (as by `docker --env-file`); write "
    "it without them"
)


class WrongSettings(Exception):
    """The settings cannot be used.

    ``lines`` holds one mistake each and what to do about it; none repeats a value. ``why`` has the sentence
    of each setting that is known by name.
    """

    def __init__(self, lines: Collection[str], why: Mapping[str, str] | None = None) -> None:
        self.lines, self.why = list(lines), dict(why or {})
        self.names = frozenset(self.why)
        super().__init__("Wrong settings:\n" + "\n".join(f"  {line}" for line in self.lines))


def load(
    need: Collection[str] = EVERYTHING,
    *,
    mode: str | None = None,
    without: Collection[str] = (),
    file: Mapping[str, str | None] | None = None,
) -> Settings:
    """Read and check the settings.

    What is malformed is always a mistake; what is missing only where ``need`` asks for it. ``mode``
    (``socket`` or ``http``) is how Slack is to be served when the command line says so; what ``without``
    names is read as if it were not set. ``file``: what ``.env`` is to say, instead of what it says. Raises
    ``WrongSettings`` with every mistake.
    """
    file = said_in_file() if file is None else file
    _hand_on(file)
    written = _surroundings(file)
    quoted = {
        name: QUOTED
        for name in NAMES
        if name not in UNSTRIPPED and secret_parsers.quoted(written.get(name, ""))
    }
    left_out = {*without, *quoted}
    draft, malformed = _draft(
        {name: written[name] for name in NAMES if name in written and name not in left_out}
    )
    malformed |= {name: why for name, why in (quoted | dict(_elsewhere())).items() if name not in without}
    # What is malformed was left out of the draft: nothing can be said of the settings that it goes together
    # with.
    fleet, in_file = fleet_over(draft, written, need)
    found = [*between(draft, need, mode), *in_file]
    clashes = {names[0]: why for names, why in found if malformed.keys().isdisjoint(names)}
    named = fleet.secret_names if fleet is not None else frozenset()
    wrong, unknown = malformed | clashes, _unknown(written.keys() - named)
    if wrong:
        lines = [_line(name, why, unknown) for name in _order(wrong) for why in wrong[name].split("\n")]
        raise WrongSettings(lines, wrong)
    return draft.noting(list(_warnings(draft, fleet, unknown, need)), fleet)


def _warnings(
    draft: Settings, fleet: Fleet | None, unknown: Mapping[str, str], need: Collection[str]
) -> Iterator[str]:
    """Yield what looks wrong without stopping the program; with several tenants, whose it is."""
    for name, nearest in unknown.items():
        yield f"{name} is not a setting and is ignored; the nearest is {nearest}"
    each = [("", draft)] if fleet is None else ((f"{one.alias}: ", one.settings) for one in fleet.tenants)
    for whose, settings in each:
        yield from (f"{whose}{what}" for what in _suspicious(settings, need))


def fleet_now(settings: Settings) -> Fleet:
    """Read the file of tenants anew, over the settings of the start.

    Raises ``WrongSettings`` with every mistake. The secrets that it names are kept out of the logs before
    anybody has them.
    """
    fleet, wrong = fleet_over(settings, _surroundings(said_in_file()), EVERYTHING)
    if fleet is None or wrong:
        raise WrongSettings([line for _, why in wrong for line in why.split("\n")])
    for one in fleet.tenants:
        logs.withhold(one.settings.secrets())
    return fleet


def credential_now(tenant_id: str = "") -> Credential | None:
    """Return the credential as ``.env`` (or the environment) has it now; ``None`` where it cannot be used.

    Asked after a refusal. Of several tenants it is that of ``tenant_id``.
    """
    return credential_in(settings_now(), tenant_id)


def settings_now() -> Mapping[str, TenantSettings]:
    """The settings as ``.env`` (or the environment) has them now, by tenant; empty where they are wrong.

    Those of a bot for one tenant stand under an empty id.
    """
    try:
        settings = load({"exchange"})
    except WrongSettings:
        return {}
    fleet = fleet_of(settings)
    alone = TenantSettings("", settings)
    return {"": alone, **{one.tenant_id: one for one in (fleet.tenants if fleet else ())}}


def credential_in(found: Mapping[str, TenantSettings], tenant_id: str) -> Credential | None:
    """Return a tenant's credential; its secret is kept out of the logs before anybody has it."""
    one = found.get(tenant_id) or found.get("")
    if one is None:
        return None
    settings = one.settings
    logs.withhold(settings.secrets())
    return settings.credential() if settings.credential_kind is not None else None


def withhold_from_bolt() -> None:
    """Remove what Bolt looks for from this process's environment; child processes do not get it either."""
    for name in OF_BOLT:
        os.environ.pop(name, None)


def own_authorities() -> Path | None:
    """Return the operator's own certificate authorities, for TLS without ``requests``.

    Found as ``requests`` finds it (its documentation, SSL Cert Verification): in the environment alone, by
    either name.
    """
    found = next((value for name in AUTHORITIES if (value := os.environ.get(name))), None)
    return Path(found) if found else None


def _surroundings(file: Mapping[str, str | None]) -> Mapping[str, str]:
    """What is set, the environment before the file; empty counts as unset."""
    return {
        name: value if name in UNSTRIPPED else value.strip()
        for source in (file, EnvSettingsSource(Settings).env_vars)
        for name, value in source.items()
        if value and value.strip()
    }


def in_environment() -> frozenset[str]:
    """Our settings that the environment sets: it wins over the file."""
    return frozenset(name for name, value in os.environ.items() if name in NAMES and value.strip())


def said_in_file() -> Mapping[str, str | None]:
    """Read ``.env`` in the working directory to the letter: ``${x}`` in a password means just that."""
    try:
        return dotenv_values(".env", encoding="utf-8-sig", interpolate=False)
    except (OSError, UnicodeError):
        raise WrongSettings(
            [".env: cannot be read; make it a text file in UTF-8 that this account may read"]
        ) from None


def _hand_on(file: Mapping[str, str | None]) -> None:
    """Export proxies and authorities that only the file names; the environment comes first.

    An empty one is unset: with nothing but blanks in it, its readers would take it for a path.
    """
    for name in [name for name, value in os.environ.items() if name.upper() in ELSEWHERE and value.isspace()]:
        del os.environ[name]
    there = {name.upper() for name, value in os.environ.items() if value}
    for name, value in file.items():
        if value and name.upper() in ELSEWHERE and name.upper() not in there:
            os.environ[name] = value


def _order(wrong: Collection[str]) -> list[str]:
    """The settings in the order people read them, then what libraries read by themselves."""
    return [*(name for name in NAMES if name in wrong), *(name for name in wrong if name not in NAMES)]


def _elsewhere() -> Iterator[tuple[str, str]]:
    """Find mistakes in settings that libraries read by themselves, before they fail late."""
    written = {name: os.environ.get(name, "") for upper in ELSEWHERE for name in (upper, upper.lower())}
    yield from ((name, QUOTED) for name, value in written.items() if secret_parsers.quoted(value))
    own, name = own_authorities(), next((name for name in AUTHORITIES if written[name]), "")
    if own is not None and not secret_parsers.quoted(written[name]):
        unusable = unusable_authorities(own)
        yield from [(name, unusable)] if unusable else []


def _draft(known: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings without the malformed ones, and a sentence for each of these."""
    try:
        return Settings(**known), {}
    except ValidationError as invalid:
        wrong = {
            str(error["loc"][0]): str(error["ctx"]["error"])
            for error in invalid.errors()
            if error["type"] == "value_error"
        }
    return Settings(**{name: value for name, value in known.items() if name not in wrong}), wrong


def _unknown(written: Collection[str]) -> dict[str, str]:
    """Names of ours that do not exist, each with the nearest that does."""
    ours = [name for name in NAMES if name.startswith("LEGACYTLS_")]
    found = sorted(name for name in written if name.startswith("LEGACYTLS_") and name not in NAMES)
    return {name: difflib.get_close_matches(name, ours, n=1, cutoff=0.0)[0] for name in found}


def _line(name: str, why: str, unknown: Mapping[str, str]) -> str:
    misspelt = [other for other, nearest in unknown.items() if nearest == name]
    return f"{name}: {why}" + (f" ({', '.join(misspelt)} is set: a misspelling?)" if misspelt else "")


def _suspicious(draft: Settings, need: Collection[str]) -> list[str]:
    """Warn of too few approvers: opting out still works, and groups are not resolved here."""
    groups = any(is_group(entry) for entry in draft.approvers)
    if "slack" not in need or groups or len(draft.approvers) >= draft.approvals_required:
        return []
    return [
        (
            "LEGACYTLS_APPROVALS_REQUIRED asks for more approvers than LEGACYTLS_APPROVERS names: nobody "
            "will be able to opt in"
        )
    ]
