"""Read what somebody typed behind the command: the subcommand, an address, the number of a change."""

import difflib
import re
from collections.abc import Collection

from handlers.policy.mail_addresses import mailbox
from handlers.slack.parsing import BUTTONS, number

_MEANT = {
    **dict.fromkeys(("off", "out", "optout"), "disable"),
    **dict.fromkeys(("on", "in", "optin"), "enable"),
    **dict.fromkeys(BUTTONS, "status"),
}
"""Words for a subcommand that are spelled nothing like it, without hyphens and spaces. Status names the open
request."""

_MAIL_LINK = re.compile(r"<mailto:[^|>]*\|([^|>]+)>")
"""An address that Slack made a link of; the text is what was typed, the target may be encoded."""


def subcommand(text: str, known: Collection[str]) -> tuple[str, str]:
    """Return the subcommand meant and, when none of those ``known``, the nearest.

    That is ``("status", "")`` or ``("", "status")``; ``help`` where none is near: a guess at random could be
    the opposite of what was meant.
    """
    words = text.split()
    if not words:
        return "help", ""
    word = words[0].lower()
    if word in known:
        return word, ""
    joined = ("".join(words[:length]).lower().replace("-", "") for length in (1, 2))
    meant = [_MEANT[spelled] for spelled in joined if spelled in _MEANT]
    return "", (meant or difflib.get_close_matches(word, known, n=1) or ["help"])[0]


def address(text: str) -> str | None:
    """Return the mailbox in ``why scanner@contoso.com``; ``None`` unless the rest is one address.

    Slack may send an address as a link (``<mailto:a@b.c|a@b.c>``) and escapes ``&``, ``<`` and ``>`` (Slack,
    "Formatting text").
    """
    said = text.strip().partition(" ")[2].strip()
    link = _MAIL_LINK.fullmatch(said)
    return mailbox(unescape(link[1] if link else said))


def request_number(text: str) -> int | None:
    """Return the number in ``whatif 12`` or ``whatif #12``; ``None`` where there is none.

    Raises ``Malformed`` for anything else.
    """
    said = text.strip().partition(" ")[2].strip()
    return number(said.removeprefix("#")) if said else None


def unescape(text: str) -> str:
    """Return what Slack escaped as it was typed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
