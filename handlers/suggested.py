"""Mark the commands that the bot suggests, so that each is shown as it can be typed where it is read. Pure.

Whoever writes a sentence does not know where it is read: in a tenant's own channel ``/legacytls status`` is
enough, elsewhere the tenant's alias stands in it. So the place of the alias is kept within the text by a
noncharacter, which Unicode reserves for use inside a program (The Unicode Standard, 23.7), and Slack's edge
fills it. Nothing is found by its words: what a person typed has no such place. None is put on record, printed
or sent.
"""

from dataclasses import dataclass
from typing import Any, Final

COMMAND: Final = "/legacytls"

_PLACE: Final = "\ufdd0"


@dataclass(frozen=True, slots=True)
class Suggested:
    """A command of one tenant, as what is typed behind ``/legacytls``; formatted, it is marked-up text.

    What is typed for all tenants, such as ``/legacytls fleet``, is none.
    """

    words: str

    def __str__(self) -> str:
        """Return the command as code, with the place of the alias in it."""
        return f"`{COMMAND} {_PLACE}{self.words}`"


def with_alias(text: str, alias: str) -> str:
    """Return a text with the alias in every command that it suggests."""
    return text.replace(_PLACE, f"@{alias} ")


def without_alias(text: str) -> str:
    """Return a text with the commands that it suggests as they are typed in the tenant's own channel."""
    return text.replace(_PLACE, "")


def all_without_alias(found: Any) -> Any:
    """Return the same of every text in dictionaries and lists; whatever else there is stays as it is."""
    if isinstance(found, str):
        return without_alias(found)
    if isinstance(found, dict):
        return {name: all_without_alias(inner) for name, inner in found.items()}
    return [all_without_alias(inner) for inner in found] if isinstance(found, list) else found
