"""Judge which texts name a change ticket, by the operator's pattern, and which patterns are safe.

A pattern is judged before it is used: what people type is matched while Slack waits, and on some patterns
Python's matching takes years (OWASP, Regular expression Denial of Service).
"""

import re
import warnings
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 64
"""Characters of a ticket's number."""

LONGEST_PATTERN: Final = 200

MOST_WAYS: Final = 300_000
"""Ways at most in which a pattern may match ``LONGEST`` characters; each takes microseconds."""

PLACE: Final = "{ticket}"
"""What stands for the number in the address of a ticket (``handlers.slack.views.tickets``)."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """Hold what the settings say of change tickets; without a pattern no form asks for one."""

    pattern: str | None = None
    url: str | None = None
    """An address with ``PLACE`` in it; ``None``: no link leads to a ticket."""

    def problem(self, ticket: str, *, needed: bool = True) -> str:
        """Say what is wrong with a number that was typed, or return an empty string."""
        if self.pattern is None or not (needed or ticket):
            return ""
        if not re.fullmatch(self.pattern, ticket[: LONGEST + 1]) or len(ticket) > LONGEST:
            return f"Write the number of the change ticket; it has to match {self.pattern}"
        return ""


NO_TICKETS = Tickets()

_TOKENS = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<case>\(\?i\))"
    r"|(?P<open>\((?:\?:|\?P<\w+>)?(?!\?))|(?P<close>\))|(?P<either>\|)"
    r"|(?P<times>(?:[*+?]|\{[0-9]+\}|\{[0-9]*,[0-9]*\})[?+]?)|(?P<sign>.)",
    re.DOTALL,
)
_OTHERS = "a group may be (…), (?:…) or (?P<name>…), without looking ahead or behind and without \\1"


def pattern_problem(pattern: str) -> str:
    """Say why a regular expression cannot be taken, or return an empty string."""
    if len(pattern) > LONGEST_PATTERN:
        return f"at most {LONGEST_PATTERN} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning):
        return r"this is no regular expression of Python's; one is INC\d{7}"
    return _too_slow(pattern)


@dataclass(slots=True)
class _Group:
    """Hold the ways of a group's branches that are closed, and of the present one."""

    closed: int = 0
    ways: int = 1

    @property
    def all(self) -> int:
        return self.closed + self.ways


def _too_slow(pattern: str) -> str:
    groups, behind = [_Group()], ""
    inner = 1
    for token in _TOKENS.finditer(pattern):
        kind, text = str(token.lastgroup), token[0]
        if (kind == "escape" and text[1] in "123456789") or (kind == "sign" and text == "("):
            return _OTHERS
        if kind == "open":
            groups.append(_Group())
        elif kind == "close":
            inner = groups.pop().all
            groups[-1].ways *= inner
        elif kind == "either":
            groups[-1].closed, groups[-1].ways = groups[-1].all, 1
        elif kind == "times" and behind == "close":
            if text[0] != "?":
                return (
                    "a group may not be repeated: write * + or {…} behind one sign or a set, such as [A-Z]+"
                )
            groups[-1].ways = groups[-1].ways // inner * (inner + 1)
        elif kind == "times":
            groups[-1].ways *= _times(text)
        if groups[-1].all > MOST_WAYS:
            return "it repeats too much, and would take too long: give an upper bound, such as [A-Z]{2,10}"
        behind = kind
    return ""


def _times(text: str) -> int:
    """How many lengths one repetition can have in a text of ``LONGEST`` characters."""
    if text[0] != "{":
        return 2 if text[0] == "?" else LONGEST + 1
    least, comma, most = text.rstrip("?+")[1:-1].partition(",")
    return max(1, min(int(most or LONGEST), LONGEST) - int(least or 0) + 1) if comma else 1
