"""Write Slack's mark-up: typed text escaped, people as mentions, instants in the reader's zone."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from handlers.policy.days import read_instant
from handlers.suggested import without_alias

_MENTION = re.compile(r"(?<![^\s(])@(?:([UW][A-Z0-9]{2,20})|(S[0-9][A-Z0-9]{2,20}))\b")
"""A word of its own: within one it is a mail address, such as the audit log's ``carol@WOODGROVE.COM``. Groups
begin with S0."""

_INSTANT = re.compile(r"\b\d{1,2} [A-Z][a-z]{2,8} \d{4}, \d\d:\d\d UTC\b", re.ASCII)

CHUNK = 2900
"""Characters per section; Slack allows 3000 and escaping may lengthen a text fivefold."""

SECTION = 3000
"""Slack's limit for a text with mark-up; beyond it the whole message would be refused."""

NAMED = 100
"""People mentioned in one text; with the longest ids they fill five sixths of a section."""


def escape(text: str) -> str:
    """Escape typed text so that no mention, link, ping or place for an alias survives.

    Slack: ``&``, ``<``, ``>``.
    """
    return without_alias(_escaped(text))


def sentence(text: str) -> str:
    """Mark up our own sentence: escaped, ``@U1`` and ``@S1`` as mentions, instants localised."""
    return _INSTANT.sub(_date, _MENTION.sub(_mention, _escaped(text)))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def people(ids: Iterable[str], *, most: int = NAMED) -> str:
    """List people as mentions: the first of them, and how many more there are."""
    mentions = [f"<@{person}>" if person[0] in "UW" else f"<!subteam^{person}>" for person in ids]
    more = f" and {len(mentions) - most} more" if len(mentions) > most else ""
    return ", ".join(mentions[:most]) + more


def instant(at: datetime, zone: ZoneInfo) -> str:
    """Write an instant for the reader's zone; the fallback (notifications) in the configured one."""
    local = at.astimezone(zone)
    return (
        f"<!date^{int(at.timestamp())}^{{date_long}} at {{time}}|{local:%-d %B %Y, %H:%M} {local.tzname()}>"
    )


def calendar_day(day: date, zone: ZoneInfo) -> str:
    """Return a day in each reader's language, told by its noon in ``zone``."""
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return f"<!date^{int(noon.timestamp())}^{{date_long}}|{day:%-d %B %Y}>"


def _mention(found: re.Match[str]) -> str:
    return f"<@{found[1]}>" if found[1] else f"<!subteam^{found[2]}>"


def _date(found: re.Match[str]) -> str:
    try:
        seconds = int(read_instant(found[0]).timestamp())
    except ValueError:  # whoever changed the setting may be named by anything
        return found[0]
    return f"<!date^{seconds}^{{date_long}} at {{time}}|{found[0]}>" if seconds > 0 else found[0]


def fitted(text: str, limit: int) -> str:
    """Cut marked-up text with an ellipsis, never within a mention, date, link or entity."""
    if len(text) <= limit:
        return text
    cut = limit - 1
    for opens, closes in (("<", ">"), ("&", ";")):
        start = text.rfind(opens, 0, cut)
        if start != -1 and closes not in text[start:cut]:
            cut = start
    return text[:cut] + "…"


def packed(lines: Iterable[str], most: int = SECTION) -> list[str]:
    """Join marked-up lines into as few parts as fit a section each, as far as the lines do."""
    parts: list[str] = []
    for line in lines:
        if not parts or (parts[-1] and len(parts[-1]) + 1 + len(line) > most):
            parts.append("")
        parts[-1] += f"\n{line}" if parts[-1] else line
    return parts


def quotation(text: str) -> list[str]:
    """Escape typed text and quote every line, in parts that fit a section each; nothing is lost."""
    return packed(f"{QUOTE}{piece}" for line in text.splitlines() for piece in _pieces(escape(line)))


QUOTE = "> "
"""How Slack marks a quoted line (docs.slack.dev, messaging/formatting-message-text); lines wrapped by the
screen stay inside."""


def _pieces(line: str) -> list[str]:
    """Cut an escaped line to what fits, between words where there are any, and never within an entity."""
    pieces = []
    while len(line) > CHUNK:
        cut = line.rfind(" ", CHUNK // 2, CHUNK) + 1 or _outside_entity(line, CHUNK)
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def _outside_entity(text: str, cut: int) -> int:
    start = text.rfind("&", cut - 5, cut)
    return start if start != -1 and ";" not in text[start:cut] else cut


def brief(text: str, words: int) -> str:
    """Return the first words of a marked-up text, with an ellipsis before more; a date counts as one."""
    found = _WORD.findall(text)
    return text if len(found) <= words else "".join(found[:words]).rstrip() + "…"


_WORD = re.compile(r"(?:<[^>]*>|\S)+\s*")
