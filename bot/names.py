"""The names of people beside their Slack ids, for the command line; where Slack cannot be asked, ids stand alone."""

from collections.abc import Callable

from bot.options import Settings
from handlers.ports import Unavailable
from handlers.slack.calls import call

PATIENCE = 3
"""Seconds that Slack may take for a name: an id is an answer too."""


def names_of(settings: Settings) -> Callable[[str], str]:
    """A function from an id to ``@alice (U0ALICE)``, or to the bare id where nobody tells the name.

    Each id is asked for once, and nobody any more once Slack could not be reached.
    """
    if settings.slack_bot_token is None:
        return str
    from bot.wiring import slack_client  # noqa: PLC0415 - only where somebody is asked

    client, known, away = slack_client(settings), dict[str, str](), False
    client.timeout = PATIENCE

    def name(person: str) -> str:
        nonlocal away
        if person not in known and not away:
            try:
                known[person] = _called(call(client.users_info, user=person).get("user"))
            except Unavailable as why:
                away = why.retryable or why.code in ("invalid_auth", "not_authed", "token_revoked", "missing_scope")
        found = known.get(person)
        return f"@{found} ({person})" if found else person

    return name


def _called(user: object) -> str:
    """What somebody is called in Slack: the display name, else the real name, else the handle; without unprintable signs."""
    found = user if isinstance(user, dict) else {}
    profile = found.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), found.get("real_name"), found.get("name"))
    chosen = next((name for name in names if isinstance(name, str) and name.strip()), "")
    return "".join(sign for sign in chosen if sign.isprintable())[:80]
