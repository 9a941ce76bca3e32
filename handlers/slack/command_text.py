"""Read what somebody typed behind the command: the subcommand, an address, the number of a change."""

import difflib
import re

from handlers.policy.addresses import mailbox
from handlers.slack.parsing import BUTTONS, number

SUBCOMMANDS = {
    "status": "the live value, read now, and what it means per protocol",
    "enable": "ask to opt in; a second person has to approve",
    "extend": (
        "ask to keep the opt-in longer, or give it an end: the same rule as for opting in. An earlier end "
        "takes one person"
    ),
    "disable": "opt out; one operator or approver suffices",
    "history": "who asked, who decided, what was read back: all of it, or `history rejected @name 2026-11`",
    "devices": (
        "what still needs old TLS, whose it is, until when: `devices D12` shows one, `devices add` "
        "registers one"
    ),
    "why": "which lock keeps one mailbox's devices from sending: `/legacytls why scanner@contoso.com`",
    "whatif": "who could decide an open request now, who not and why: `/legacytls whatif 12`",
    "calendar": "Microsoft's dates: past, running and to come, with their sources",
    "probe": "which TLS versions Microsoft's hosts take, seen from the bot's machine",
    "evidence": "a period for an auditor, as a file in a direct message: `/legacytls evidence 2026-Q4`",
    "export": "the whole record as a file in a direct message (`export csv`: a table, one row a change)",
    "help": "this overview",
}
"""What may follow ``/legacytls``, and what each does: for the help, for whoever mistypes, and for the
sandbox's page."""

_MEANT = {
    **dict.fromkeys(("off", "out", "optout"), "disable"),
    **dict.fromkeys(("on", "in", "optin"), "enable"),
    **dict.fromkeys(BUTTONS, "status"),
}
"""Words for a subcommand that are spelled nothing like it, without hyphens and spaces. Status names the open
request."""

_MAIL_LINK = re.compile(r"<mailto:[^|>]*\|([^|>]+)>")
"""An address that Slack made a link of; the text is what was typed, the target may be encoded."""


def subcommand(text: str) -> tuple[str, str]:
    """Return the subcommand meant and, when none, the nearest: ``("status", "")`` or ``("", "status")``.

    ``help`` where none is near: a guess at random could be the opposite of what was meant.
    """
    words = text.split()
    if not words:
        return "help", ""
    word = words[0].lower()
    if word in SUBCOMMANDS:
        return word, ""
    joined = ("".join(words[:length]).lower().replace("-", "") for length in (1, 2))
    meant = [_MEANT[spelled] for spelled in joined if spelled in _MEANT]
    return "", (meant or difflib.get_close_matches(word, SUBCOMMANDS, n=1) or ["help"])[0]


def address(text: str) -> str | None:
    """Return the mailbox in ``why scanner@contoso.com``; ``None`` unless the rest is one address.

    Slack may send an address as a link (``<mailto:a@b.c|a@b.c>``) and escapes ``&``, ``<`` and ``>`` (Slack,
    "Formatting text").
    """
    said = text.strip().partition(" ")[2].strip()
    link = _MAIL_LINK.fullmatch(said)
    return mailbox(unescape(link[1] if link else said))


def request_number(text: str) -> int | None:
    """The number in ``whatif 12`` or ``whatif #12``; ``None`` where there is none.

    Raises ``Malformed`` for anything else.
    """
    said = text.strip().partition(" ")[2].strip()
    return number(said.removeprefix("#")) if said else None


def unescape(text: str) -> str:
    """Return what Slack escaped as it was typed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
