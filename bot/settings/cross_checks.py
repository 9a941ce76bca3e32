"""Check what holds between settings: what is missing, what must not stand together, files that can be opened.

Judges what ``bot.settings.load`` has read, and never reads the environment itself.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TypeAlias

from bot.exchange.auth.credentials import Certificate
from bot.settings.milestones import load_calendar
from bot.settings.model import NAMES, WHERE, CredentialKind, Settings
from handlers.calendar.milestone_file import WrongMilestones
from handlers.slack.emoji import same_emoji
from storage.record.head_file import can_keep

Finding: TypeAlias = tuple[tuple[str, ...], str]
"""The settings that take part, the one to mend first, and the sentence for it (or several, a line each)."""


def unusable_certificate(credential: Certificate) -> Iterator[Finding]:
    """Say why a certificate cannot be used, if so.

    Whether the key's numbers are right the sign-in tests, a moment later: to do it twice would hold up
    every start.
    """
    from bot.exchange.auth import keys  # noqa: PLC0415 - without a certificate cryptography is not needed

    try:
        keys.load(credential, proven=False)
    except keys.Unusable as unusable:
        found = f"the file {unusable.why}. {unusable.mend.rstrip('.')}"
    else:
        return
    yield (CredentialKind.CERTIFICATE, "AZURE_CLIENT_CERTIFICATE_PASSWORD"), found


def unusable_authorities(own: Path) -> str:
    """Return why this file or folder of certificate authorities does not serve; empty where it does."""
    import ssl  # noqa: PLC0415 - only where such a file is named

    mend = "name a PEM file, or a folder, of certificate authorities that this account may read"
    try:
        own.stat()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            *((None, own) if own.is_dir() else (own,))
        )
    except FileNotFoundError:
        return f"names no file; {mend}"
    except (OSError, ValueError):
        return f"cannot be used; {mend}"
    return ""


LEFT_TO_THE_FILE: frozenset[tuple[str, ...]] = frozenset(
    {
        ("LEGACYTLS_CHANNEL",),
        ("LEGACYTLS_APPROVERS",),
        ("AZURE_TENANT_ID",),
        ("AZURE_CLIENT_ID",),
        tuple(CredentialKind),
    }
)
"""What need not be set where there is a file of tenants: there it is said for whom it is missing."""

_TOGETHER = (
    ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_CLIENT_CERTIFICATE_PATH", "password"),
    ("AZURE_CLIENT_SECRET_EXPIRES", "AZURE_CLIENT_SECRET", "day"),
    ("LEGACYTLS_CALENDAR_TOKEN", "LEGACYTLS_HEALTH_PORT", "token"),
    ("LEGACYTLS_TICKET_URL", "LEGACYTLS_TICKET_PATTERN", "address"),
)
"""A setting, the one that it needs, and what it holds."""


def between(draft: Settings, need: Collection[str], mode: str | None) -> Iterator[Finding]:
    """Yield what is missing, and what does not go together."""
    left_out = LEFT_TO_THE_FILE if draft.tenants is not None else frozenset()
    missing = [
        *(_slack(draft, mode) if "slack" in need else ()),
        *(_exchange(draft) if "exchange" in need else ()),
    ]
    yield from (finding for finding in missing if finding[0] not in left_out)
    yield from _credentials(draft)
    yield from _keeping(draft, need)
    if draft.default_window > draft.max_window:
        yield (
            ("LEGACYTLS_DEFAULT_WINDOW", "LEGACYTLS_MAX_WINDOW"),
            "is longer than LEGACYTLS_MAX_WINDOW; make one of them fit the other",
        )
    yield from _milestones(draft)
    yield from _stream(draft)
    yield from _alone(draft)
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
        neither = (
            "is not set, and neither is SLACK_SIGNING_SECRET; set the first for Socket Mode or the second "
            "for HTTP"
        )
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
            yield (
                (name,),
                (
                    "names no file; write a path that this account can see, from the root or from the "
                    "working directory"
                ),
            )
        elif path is not None and name is CredentialKind.CERTIFICATE:
            yield from unusable_certificate(Certificate(path, draft.azure_client_certificate_password))


def _credentials(draft: Settings) -> Iterator[Finding]:
    kinds = draft.credential_kinds
    if len(kinds) > 1:
        yield kinds[::-1], f"only one credential may be set; keep one of {', '.join(kinds)}"


def _keeping(draft: Settings, need: Collection[str]) -> Iterator[Finding]:
    """Judge what guards the record outside the database; only serving writes into the folder."""
    if draft.record_key and draft.record_key_file:
        both = "is set, and so is LEGACYTLS_RECORD_KEY_FILE; keep one of them"
        yield ("LEGACYTLS_RECORD_KEY", "LEGACYTLS_RECORD_KEY_FILE"), both
    if draft.state_dir is not None and "slack" in need and not can_keep(draft.state_dir):
        yield (
            ("LEGACYTLS_STATE_DIR",),
            "names no folder that this account may write to; make one, or choose another",
        )


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
    return (((name,), f"is not set; {WHERE[name]}") for name in names if not getattr(draft, NAMES[name]))


def _alone(draft: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """Name each setting that is set without the one it needs, and say what to do."""
    for name, needed, what in _TOGETHER:
        if getattr(draft, NAMES[name]) and getattr(draft, NAMES[needed]) is None:
            yield (name, needed), f"is set without {needed}; set that, or remove the {what}"
