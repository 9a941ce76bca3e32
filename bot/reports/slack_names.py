"""Look up the names behind Slack ids for the command line; without Slack, ids stand alone."""

from collections.abc import Callable

from bot.settings.model import Settings

PATIENCE = 3
"""Seconds that Slack may take for a name: an id is an answer too."""


def bare_names_of(settings: Settings) -> Callable[[str], str]:
    """Return a function from an id to the name, or to nothing where nobody tells it.

    Each id is asked for once, and nobody any more once Slack could not be reached.
    """
    if settings.slack_bot_token is None:
        return lambda person: ""
    from bot.from_settings import slack_client  # noqa: PLC0415 - only where somebody is asked
    from handlers.slack.client.directory import Names  # noqa: PLC0415

    client = slack_client(settings)
    client.timeout = PATIENCE
    return Names(client)


def names_of(settings: Settings) -> Callable[[str], str]:
    """Return the same from an id to ``@alice (U0ALICE)``, or to the bare id."""
    if settings.slack_bot_token is None:
        return str
    bare = bare_names_of(settings)

    def name(person: str) -> str:
        found = bare(person)
        return f"@{found} ({person})" if found else person

    return name
