"""List what the bot asks of a workspace: scopes, events and its one command, each with its reason.

``manifest.yml`` is tested against this file, and ``legacytls check`` compares it with what the token was
granted. It must never list what no code here uses: no history scope is asked for, so the bot cannot read what
people write to each other. Slack sends it the messages that mention it, and nothing here looks at their text.
"""

REACTIONS = ("reaction_added", "reaction_removed")
"""Events that decide: kept before they are acknowledged, so that Slack sends again what could not be kept."""

MENTION = "app_mention"
"""Somebody typed ``@legacytls`` in a channel that the bot is in
(docs.slack.dev/reference/events/app_mention)."""

HOME_OPENED = "app_home_opened"
"""Somebody opened the app; needs no scope (docs.slack.dev/reference/events/app_home_opened)."""

SHORTCUT, SHORTCUT_NAME = "legacytls", "Legacy TLS"
"""Callback id and name of the one global shortcut, for which the scope ``commands`` is needed."""

EVENTS = (MENTION, HOME_OPENED, *REACTIONS)
"""Events with a listener; any other is acknowledged, and logged once."""

BOT_SCOPES: dict[str, str] = {
    "app_mentions:read": "tells whoever mentions the bot what to type instead",
    "channels:read": "sees whether a public channel is shared with another organisation (conversations.info)",
    "chat:write": "posts change requests, results and reminders; answers privately",
    "commands": "receives /legacytls",
    "files:read": "reads the report that somebody gives to /legacytls devices import (url_private_download)",
    "files:write": "uploads the record, or the evidence of a period, as a file when somebody asks for it",
    "groups:read": "sees the same of a private channel (conversations.info)",
    "im:write": "opens the direct message that answers a reaction (conversations.open)",
    "reactions:read": (
        "receives the reactions that decide, and tells which request they are on (reactions.get)"
    ),
    "usergroups:read": "expands a user group named as approvers or operators (usergroups.users.list)",
    "users:read": "refuses guests, bots, strangers and deactivated people (users.info)",
}
"""Scope of the bot token -> what would not work without it."""

COMFORTS = frozenset({"app_mentions:read", "channels:read", "files:read", "files:write", "groups:read"})
"""Scopes without which the bot still serves: it cannot warn of a shared channel, read or upload a file, or
answer a mention."""


def needed(*, groups: bool) -> frozenset[str]:
    """Return the scopes that are needed; ``groups`` tells whether the rule names user groups."""
    return frozenset(BOT_SCOPES) - COMFORTS - (frozenset() if groups else {"usergroups:read"})


APP_SCOPE = "connections:write"
"""Scope of the app-level token (``xapp-…``), needed for Socket Mode only; Slack's manifest has no place for
it."""
