"""Call Slack's Web API for everybody and turn failures into sentences without a token."""

import http.client
import re
import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError

from handlers.ports import Unavailable
from handlers.slack.client.web_api import Redirected, TooLarge
from handlers.suggested import all_without_alias

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name cannot be resolved"),
    (ssl.SSLCertVerificationError, "its certificate could not be verified"),
    (ssl.SSLError, "no TLS connection came about"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, "the connection broke off"),
    (http.client.HTTPException, "the answer broke off"),
    (UnicodeError, "the address or the proxy is not written as it has to be"),
    (OSError, "no connection came about"),
    (ValueError, "the address or the proxy is not written as it has to be"),
)
"""The first that fits; each class stands before those it is one of."""


def why_lost(failure: BaseException) -> str:
    """Say what kept the call from Slack.

    ``urllib`` wraps most failures into one of its own, which is taken off.
    """
    cause = (
        failure.reason
        if isinstance(failure, URLError) and isinstance(failure.reason, BaseException)
        else failure
    )
    return next((said for kind, said in _REASONS if isinstance(cause, kind)), "the call failed")


MENDS = {
    "not_in_channel": ("The bot is not a member of the channel.", "Invite it there: /invite @legacytls."),
    "channel_not_found": (
        "Slack does not know the channel, or the bot cannot see it.",
        "Check LEGACYTLS_CHANNEL and invite the bot.",
    ),
    "is_archived": ("The channel is archived.", "Unarchive it, or set LEGACYTLS_CHANNEL to another one."),
    "is_inactive": ("The channel is frozen.", "Unarchive it, or set LEGACYTLS_CHANNEL to another one."),
    "missing_scope": ("The bot's token lacks a scope.", "Reinstall the app from manifest.yml."),
    "invalid_auth": ("Slack refuses the bot's token.", "Put a valid SLACK_BOT_TOKEN into the settings."),
    "token_revoked": ("The bot's token was revoked.", "Reinstall the app and set the new SLACK_BOT_TOKEN."),
    "account_inactive": (
        "The bot's account is deactivated.",
        "Reinstall the app and set the new SLACK_BOT_TOKEN.",
    ),
    **dict.fromkeys(
        ("not_authed", "token_expired", "not_allowed_token_type"),
        ("Slack refuses the bot's token.", "Put a valid SLACK_BOT_TOKEN into the settings."),
    ),
    **dict.fromkeys(
        (
            "access_denied",
            "no_permission",
            "ekm_access_denied",
            "team_access_not_granted",
            "restricted_action",
        ),
        (
            "Slack does not let the bot do this.",
            "Ask an admin of the workspace what was restricted for the app.",
        ),
    ),
    "user_not_found": ("Slack does not know this person.", ""),
    "users_not_found": ("Slack does not know this person.", ""),
    "user_not_visible": ("Slack does not show this person to the bot.", ""),
    "no_such_subteam": ("Slack does not know this user group.", "Check the S… ids in the settings."),
    "message_not_found": ("The message was deleted.", ""),
    "cant_update_message": ("This message is not the bot's.", ""),
    **dict.fromkeys(
        ("expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged"),
        ("Slack's three seconds for opening a form were over.", "Try once more."),
    ),
}
"""Slack's error code -> what it means, and what to do. These do not pass by themselves."""


PASSING = (
    *("fatal_error", "internal_error", "request_timeout", "service_unavailable", "update_failed"),
    *("external_channel_migrating", "org_login_required", "team_added_to_org"),
)
"""Slack's error codes for what passes by itself: a failure of its own, and a channel or a workspace that is
being moved (docs.slack.dev, the errors of ``chat.update`` and ``chat.postMessage``)."""

_CODE = re.compile(r"[a-z0-9_]+")
"""How Slack spells its codes (docs.slack.dev, the errors of each method); ``slack_sdk`` puts a sentence of
its own with a piece of the answer into the same place when that is no JSON: a proxy's page, an empty answer,
one that broke off."""

UNREADABLE = "What answered was not Slack's API, or its answer broke off."
REDIRECTED = (
    "Slack's address answered with a redirect, which the bot does not follow: its token would go along."
)
CHECK_ADDRESS = "Check SLACK_API_URL, and what a proxy or gateway makes of it."


LONGEST_WAIT = 3600.0
"""Seconds that Slack is left alone for at most, whatever it asks for: nothing is to stay owed for days
because of one header."""


def call(method: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Call one Web API method.

    Raises ``Unavailable`` with a sentence; ``retryable`` unless waiting cannot help.
    """
    return call_with_headers(method, **arguments)[0]


def call_with_headers(method: Callable[..., Any], **arguments: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the same with the answer's headers, names in lower case. Raises ``Unavailable``."""
    try:
        response = method(**all_without_alias(arguments))
    except SlackApiError as refused:
        raise _refused(refused) from None
    except Redirected:
        raise Unavailable(REDIRECTED, mend=CHECK_ADDRESS) from None
    except (AttributeError, LookupError, RecursionError, UnicodeError, TooLarge):
        # The SDK takes JSON that is no object for one, and lets through what charset and nesting raise.
        raise Unavailable(UNREADABLE) from None
    except (SlackClientError, SlackRequestError, OSError, http.client.HTTPException, ValueError) as lost:
        raise Unavailable(f"Slack could not be reached ({why_lost(lost)}).") from None
    if not isinstance(response.data, dict):
        raise Unavailable(UNREADABLE)
    return response.data, {
        str(name).lower(): str(value) for name, value in dict(response.headers or {}).items()
    }


def direct(client: WebClient, person: str) -> str:
    """Return where direct messages to somebody go: a conversation, or their id if none opened.

    ``chat.postMessage`` takes a person's id as well. Raises ``Unavailable`` where nothing would reach them.
    """
    try:
        opened = call(client.conversations_open, users=person).get("channel")
    except Unavailable as unopened:
        if not unopened.retryable and not unopened.mend:
            raise
        return person
    return str(opened.get("id") or person) if isinstance(opened, dict) else person


def _refused(error: SlackApiError) -> Unavailable:
    response = error.response
    code = _code(response.data)
    if response.status_code == 429 or code in ("ratelimited", "rate_limited"):
        return Unavailable(
            "Slack asks the bot to slow down.", retry_after=_retry_after(response.headers), code=code
        )
    if code in MENDS:
        sentence, mend = MENDS[code]
        return Unavailable(sentence, mend=mend, retryable=False, code=code)
    if response.status_code >= 500 or not code:
        return Unavailable(
            "Slack had a problem of its own." if response.status_code >= 500 else UNREADABLE, code=code
        )
    return Unavailable(f"Slack refused the call ({code}).", retryable=code in PASSING, code=code)


def _code(body: Any) -> str:
    """Slack's word for its refusal; empty where the body holds none.

    Whatever it holds instead is never shown.
    """
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, str) and _CODE.fullmatch(found) else ""


def _retry_after(headers: Any) -> float:
    """Seconds to wait, from one to ``LONGEST_WAIT``; one where Slack says nothing or nonsense."""
    found = {str(name).lower(): value for name, value in dict(headers or {}).items()}.get("retry-after", "1")
    text = found[0] if isinstance(found, list) else found
    try:
        return min(LONGEST_WAIT, max(1.0, float(text)))
    except (TypeError, ValueError):
        return 1.0
