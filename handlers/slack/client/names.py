"""Look up names of people in Slack for readers outside of it; each person is asked for once."""

from slack_sdk import WebClient

from handlers.ports import Unavailable
from handlers.slack.client.calls import call

LONGEST = 80
"""Characters of a name that are kept, as Slack allows for a display name."""

_NOBODY_MORE = frozenset({"invalid_auth", "not_authed", "token_revoked", "account_inactive", "missing_scope"})
"""Refusals that are not about one person."""


class Names:
    """Keep names by Slack id, from ``users.info``, for one answer or file."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}
        self._away = False

    def __call__(self, person: str) -> str:
        """Return somebody's name; empty where Slack does not say, or once it cannot be asked."""
        if person not in self._known:
            self._known[person] = "" if self._away else self._asked(person)
        return self._known[person]

    def _asked(self, person: str) -> str:
        try:
            return _called(call(self._client.users_info, user=person).get("user"))
        except Unavailable as why:
            self._away = why.retryable or why.code in _NOBODY_MORE
            return ""


def _called(user: object) -> str:
    """Return the display name, else real name, else handle, without unprintable signs."""
    found = user if isinstance(user, dict) else {}
    profile = found.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), found.get("real_name"), found.get("name"))
    chosen = next((name for name in names if isinstance(name, str) and name.strip()), "")
    return "".join(sign for sign in chosen if sign.isprintable())[:LONGEST]
