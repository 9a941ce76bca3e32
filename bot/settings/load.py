"""The settings: read once from the environment and from ``.env`` in the working directory, checked whole, then frozen.

The only place where the environment is read, and not at import. No value is ever repeated in a message: it may be a secret.
"""

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from bot.exchange.auth.credentials import Certificate, Credential
from bot.observability import logs
from bot.settings import fields
from bot.settings.authorities import unusable_authorities
from bot.settings.milestones import load_calendar
from bot.settings.model import NAMES, CredentialKind, Settings
from bot.settings.pairs import alone
from handlers.calendar.milestone_file import WrongMilestones
from handlers.policy.rule import is_group
from handlers.slack.emoji import same_emoji
from storage.record.heads import can_keep

EVERYTHING = frozenset({"slack", "exchange", "database"})
"""The parts that may be needed; ``run`` and ``check`` need them all. Nothing of the database can be missing: it has a default."""

OF_BOLT = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_VERIFICATION_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
"""What Bolt looks for in the environment itself: a token would be a second one, a client's id would turn on OAuth."""

UNSTRIPPED = frozenset({"AZURE_CLIENT_CERTIFICATE_PASSWORD"})
"""Settings in which spaces at either end may be meant."""

AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where the operator's own certificate authorities are named; the first that is set counts."""

ELSEWHERE = (*AUTHORITIES, "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""What libraries look for in the environment itself, in small letters, too: from ``.env`` it is handed on to them."""

QUOTED = "is written in quotation marks, which are taken to the letter here (as by `docker --env-file`); write it without them"

_TOKEN = "copy it from the Slack app's page"  # noqa: S105 - where to find a token
_HOW = {
    "SLACK_BOT_TOKEN": f"is not set; {_TOKEN} OAuth & Permissions (xoxb-…)",
    "SLACK_APP_TOKEN": f"is not set; for Socket Mode {_TOKEN} Basic Information (xapp-…)",
    "SLACK_SIGNING_SECRET": f"is not set; for HTTP {_TOKEN} Basic Information",
    "LEGACYTLS_CHANNEL": "is not set; write the id of the channel for change requests (C…)",
    "LEGACYTLS_APPROVERS": "is not set; nobody could approve: write Slack ids of people (U…, W…) or user groups (S…)",
    "AZURE_TENANT_ID": "is not set; write the tenant's id (Entra, Overview)",
    "AZURE_CLIENT_ID": "is not set; write the application's id (Entra, App registrations)",
}
"""What to do about a setting that is missing."""


Finding = tuple[tuple[str, ...], str]
"""The settings that take part, the one to mend first, and the sentence for it (or several, a line each)."""


class WrongSettings(Exception):
    """The settings cannot be used. ``lines`` holds one mistake each and what to do about it; none repeats a value.

    ``names``: the settings that are wrong, as far as they are known by name.
    """

    def __init__(self, lines: Collection[str], names: Collection[str] = ()) -> None:
        self.lines, self.names = list(lines), frozenset(names)
        super().__init__("Wrong settings:\n" + "\n".join(f"  {line}" for line in self.lines))


def load(need: Collection[str] = EVERYTHING, *, mode: str | None = None, without: Collection[str] = ()) -> Settings:
    """Read and check the settings. What is malformed is always a mistake; what is missing only where ``need`` asks for it.

    ``mode`` (``socket`` or ``http``) is how Slack is to be served when the command line says so; what ``without`` names is read
    as if it were not set. Raises ``WrongSettings`` with every mistake.
    """
    file = _file()
    _hand_on(file)
    written = _surroundings(file)
    quoted = {name: QUOTED for name in NAMES if name not in UNSTRIPPED and fields.quoted(written.get(name, ""))}
    left_out = {*without, *quoted}
    draft, malformed = _draft({name: written[name] for name in NAMES if name in written and name not in left_out})
    malformed |= {name: why for name, why in (quoted | dict(_elsewhere())).items() if name not in without}
    # What is malformed was left out of the draft: nothing can be said of the settings that it goes together with.
    between = {names[0]: why for names, why in _between(draft, need, mode) if malformed.keys().isdisjoint(names)}
    wrong, unknown = malformed | between, _unknown(written)
    if wrong:
        lines = [_line(name, why, unknown) for name in _order(wrong) for why in wrong[name].split("\n")]
        raise WrongSettings(lines, names=wrong)
    ignored = [f"{name} is not a setting and is ignored; the nearest is {nearest}" for name, nearest in unknown.items()]
    return draft.noting([*ignored, *_suspicious(draft, need)])


def credential_now() -> Credential | None:
    """The credential as ``.env`` (or the environment) has it now; ``None`` where it cannot be used. Asked after a refusal.

    Its secret is kept out of the logs before anybody has it.
    """
    try:
        settings = load({"exchange"})
    except WrongSettings:
        return None
    logs.withhold(settings.secrets())
    return settings.credential()


def withhold_from_bolt() -> None:
    """Take what Bolt looks for out of this process's environment, once the settings are read; no child process gets it either."""
    for name in OF_BOLT:
        os.environ.pop(name, None)


def own_authorities() -> Path | None:
    """The file or folder with the operator's own certificate authorities, for what speaks TLS without ``requests``.

    Found as ``requests`` finds it (its documentation, SSL Cert Verification): in the environment alone, by either name.
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


def _file() -> Mapping[str, str | None]:
    """What ``.env`` in the working directory says, to the letter: a password that holds ``${x}`` means just that."""
    try:
        return dotenv_values(".env", encoding="utf-8-sig", interpolate=False)
    except (OSError, UnicodeError):
        raise WrongSettings([".env: cannot be read; make it a text file in UTF-8 that this account may read"]) from None


def _hand_on(file: Mapping[str, str | None]) -> None:
    """Put the proxies and authorities that only the file names where their readers look; the environment comes first.

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
    """What is wrong with the settings that libraries read by themselves: they would say so in their own words, and late."""
    written = {name: os.environ.get(name, "") for upper in ELSEWHERE for name in (upper, upper.lower())}
    yield from ((name, QUOTED) for name, value in written.items() if fields.quoted(value))
    own, name = own_authorities(), next((name for name in AUTHORITIES if written[name]), "")
    if own is not None and not fields.quoted(written[name]):
        unusable = unusable_authorities(own)
        yield from [(name, unusable)] if unusable else []


def _draft(known: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings without the malformed ones, and a sentence for each of these."""
    try:
        return Settings(**known), {}
    except ValidationError as invalid:
        wrong = {str(error["loc"][0]): str(error["ctx"]["error"]) for error in invalid.errors() if error["type"] == "value_error"}
    return Settings(**{name: value for name, value in known.items() if name not in wrong}), wrong


def _between(draft: Settings, need: Collection[str], mode: str | None) -> Iterator[Finding]:
    """What is missing, and what does not go together."""
    if "slack" in need:
        yield from _slack(draft, mode)
    if "exchange" in need:
        yield from _exchange(draft)
    yield from _credentials(draft)
    yield from _keeping(draft, need)
    if draft.default_window > draft.max_window:
        yield (
            ("LEGACYTLS_DEFAULT_WINDOW", "LEGACYTLS_MAX_WINDOW"),
            "is longer than LEGACYTLS_MAX_WINDOW; make one of them fit the other",
        )
    yield from _milestones(draft)
    yield from _stream(draft)
    yield from alone(draft)
    if same_emoji(draft.approve_emoji, draft.reject_emoji):
        yield (
            ("LEGACYTLS_REJECT_EMOJI", "LEGACYTLS_APPROVE_EMOJI"),
            "is the emoji that approves; choose another than LEGACYTLS_APPROVE_EMOJI",
        )


def _slack(draft: Settings, mode: str | None) -> Iterator[Finding]:
    yield from _missing(draft, "SLACK_BOT_TOKEN", "LEGACYTLS_CHANNEL", "LEGACYTLS_APPROVERS")
    if mode == "socket":
        yield from _missing(draft, "SLACK_APP_TOKEN")
    elif mode == "http":
        yield from _missing(draft, "SLACK_SIGNING_SECRET")
    elif draft.slack_app_token is None and draft.slack_signing_secret is None:
        neither = "is not set, and neither is SLACK_SIGNING_SECRET; set the first for Socket Mode or the second for HTTP"
        yield ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"), neither


def _exchange(draft: Settings) -> Iterator[Finding]:
    yield from _missing(draft, "AZURE_TENANT_ID")
    if draft.credential_kind is not CredentialKind.MANAGED:
        # A managed identity without an id is the machine's own.
        yield from _missing(draft, "AZURE_CLIENT_ID")
    if draft.credential_kind is None:
        yield tuple(CredentialKind), f"no credential is set; set exactly one of {', '.join(CredentialKind)}"
    for name in (CredentialKind.CERTIFICATE, CredentialKind.FEDERATED):
        path = getattr(draft, NAMES[name])
        if path is not None and not path.is_file():
            yield (name,), "names no file; write a path that this account can see, from the root or from the working directory"
        elif path is not None and name is CredentialKind.CERTIFICATE:
            yield from _certificate(Certificate(path, draft.azure_client_certificate_password))


def _certificate(credential: Certificate) -> Iterator[Finding]:
    """Open the file as the sign-in will: a wrong password is a wrong setting, not trouble to be met at night.

    Whether the key's numbers are right the sign-in tests, a moment later: to do it twice would hold up every start.
    """
    from bot.exchange.auth import keys  # noqa: PLC0415 - whoever has no certificate need not wait for cryptography

    try:
        keys.load(credential, proven=False)
    except keys.Unusable as unusable:
        found = f"the file {unusable.why}. {unusable.mend.rstrip('.')}"
    else:
        return
    yield (CredentialKind.CERTIFICATE, "AZURE_CLIENT_CERTIFICATE_PASSWORD"), found


def _credentials(draft: Settings) -> Iterator[Finding]:
    kinds = draft.credential_kinds
    if len(kinds) > 1:
        yield kinds[::-1], f"only one credential may be set; keep one of {', '.join(kinds)}"


def _keeping(draft: Settings, need: Collection[str]) -> Iterator[Finding]:
    """What guards the record from outside the database; only who serves, or is about to, writes into the folder."""
    if draft.record_key and draft.record_key_file:
        both = "is set, and so is LEGACYTLS_RECORD_KEY_FILE; keep one of them"
        yield ("LEGACYTLS_RECORD_KEY", "LEGACYTLS_RECORD_KEY_FILE"), both
    if draft.state_dir is not None and "slack" in need and not can_keep(draft.state_dir):
        yield ("LEGACYTLS_STATE_DIR",), "names no folder that this account may write to; make one, or choose another"


def _milestones(draft: Settings) -> Iterator[Finding]:
    """Every mistake in the operator's own file, a line each; without such a file nothing is opened."""
    if draft.milestones is not None:
        try:
            load_calendar(draft.milestones)
        except WrongMilestones as wrong:
            yield ("LEGACYTLS_MILESTONES",), str(wrong)


def _stream(draft: Settings) -> Iterator[Finding]:
    """Nothing is posted unsigned, and a secret alone sends nothing."""
    names = ("LEGACYTLS_EVENTS_URL", "LEGACYTLS_EVENTS_SECRET")
    if (draft.events_url is None) is not (draft.events_secret is None):
        unset, other = names if draft.events_url is None else names[::-1]
        yield (unset, other), f"is not set, and {other} is; set both, or neither"


def _missing(draft: Settings, *names: str) -> Iterator[Finding]:
    return (((name,), _HOW[name]) for name in names if not getattr(draft, NAMES[name]))


def _unknown(written: Mapping[str, str]) -> dict[str, str]:
    """Names of ours that do not exist, each with the nearest that does."""
    ours = [name for name in NAMES if name.startswith("LEGACYTLS_")]
    found = sorted(name for name in written if name.startswith("LEGACYTLS_") and name not in NAMES)
    return {name: difflib.get_close_matches(name, ours, n=1, cutoff=0.0)[0] for name in found}


def _line(name: str, why: str, unknown: Mapping[str, str]) -> str:
    misspelt = [other for other, nearest in unknown.items() if nearest == name]
    return f"{name}: {why}" + (f" ({', '.join(misspelt)} is set: a misspelling?)" if misspelt else "")


def _suspicious(draft: Settings, need: Collection[str]) -> list[str]:
    """Too few approvers are no mistake: opting out still works, and who is in a user group is not known here."""
    groups = any(is_group(entry) for entry in draft.approvers)
    if "slack" not in need or groups or len(draft.approvers) >= draft.approvals_required:
        return []
    return ["LEGACYTLS_APPROVALS_REQUIRED asks for more approvers than LEGACYTLS_APPROVERS names: nobody will be able to opt in"]
