"""Look up people, their names and groups (``users.info``, ``usergroups.users.list``)."""

from typing import Any

from slack_sdk import WebClient

from handlers.ports import Person, Unavailable
from handlers.slack.client.calls import call
from handlers.slack.parsing import Malformed, identity

UNKNOWN = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
"""Slack's error codes that say of somebody that they are nobody here; every other failure says nothing about
them."""


class SlackDirectory:
    """Implements ``handlers.ports.Directory``; nothing is remembered: rights are checked when they matter."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def person(self, user_id: str) -> Person:
        """Look somebody up.

        ``deleted`` and a team or enterprise have to be told: without them ``policy`` refuses. The flags of
        bots, guests, strangers and the invited are set on whom they concern (docs.slack.dev, the user
        object). One that is left out means no: taken for the worse, it would refuse the full members, of whom
        Slack need not say it. In an Enterprise Grid organisation ``enterprise_user.id`` is the person's,
        whatever ids their workspaces know them by.

        Raises ``Unavailable``: not retryable where Slack does not know the person, and retryable for
        everything else, which says nothing about them.
        """
        user = self._info(user_id).get("user")
        found: dict[str, Any] = user if isinstance(user, dict) else {}
        deleted = found.get("deleted")
        enterprise = found.get("enterprise_user")
        enterprise = enterprise if isinstance(enterprise, dict) else {}
        return Person(
            id=user_id,
            team_id=found.get("team_id") if isinstance(found.get("team_id"), str) else None,
            enterprise_id=enterprise.get("enterprise_id"),
            deleted=deleted if isinstance(deleted, bool) else None,
            is_bot=found.get("is_bot", False) is not False or user_id == "USLACKBOT",
            is_guest=any(found.get(flag) for flag in ("is_restricted", "is_ultra_restricted")),
            is_stranger=bool(found.get("is_stranger")) or found.get("id", user_id) != user_id,
            is_invited=bool(found.get("is_invited_user")),
            enterprise_user_id=_id(enterprise.get("id")),
        )

    def _info(self, user_id: str) -> dict[str, Any]:
        try:
            return call(self._client.users_info, user=user_id)
        except Unavailable as away:
            if away.code in UNKNOWN:
                raise
            sentence = f"The account @{user_id} could not be checked: {away.sentence}"
            mend = f"{away.mend} Then try again." if away.mend else ""
            sentence += "" if mend else " Try again in a moment."
            raise Unavailable(sentence, mend=mend, retry_after=away.retry_after) from None

    def members(self, group_id: str) -> frozenset[str]:
        """Expand a user group by id; disabled counts as empty, because Slack leaves its people out."""
        users = call(self._client.usergroups_users_list, usergroup=group_id).get("users")
        return (
            frozenset(user for user in users if isinstance(user, str))
            if isinstance(users, list)
            else frozenset()
        )


def _id(found: object) -> str | None:
    """One of Slack's ids; what is none says nothing."""
    try:
        return identity(found)
    except Malformed:
        return None


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
