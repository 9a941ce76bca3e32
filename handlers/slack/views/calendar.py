"""Draw ``/legacytls calendar``: Microsoft's dates, past, running and to come, each with its source."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from handlers.calendar.calendar import Listed
from handlers.calendar.milestone import Phase
from handlers.slack.views.blocks import Message, header, section, small
from handlers.slack.views.mrkdwn import CHUNK, escape, packed

_GROUPS = (
    ("Running now", (Phase.RUNNING,)),
    ("To come", (Phase.UPCOMING, Phase.UNANNOUNCED)),
    ("Past", (Phase.PAST,)),
    ("Replaced dates, which stale advice still names", (Phase.SUPERSEDED,)),
)

SHOWN = 12
"""Entries per group: the newest ones; a message holds fifty blocks."""


def calendar(listed: Sequence[Listed], warning: str | None) -> Message:
    """Draw the whole calendar, a line a date: as Microsoft gave it, never a day where it gave a month."""
    blocks: list[Block] = [section(f":warning: {escape(warning)}")] if warning else []
    for title, phases in _GROUPS:
        rows = [row for row in listed if row.phase in phases][-SHOWN:]
        if rows:
            blocks += [header(title), *(section(text) for text in packed(map(_line, rows), CHUNK - 1))]
    blocks += small(
        [
            (
                "Each date leads to its source. Microsoft moves them; your tenant's message centre has the "
                "last word."
            )
        ]
    )
    return Message(text="Microsoft's dates for legacy TLS and Basic SMTP AUTH", blocks=blocks[:50])


def _line(row: Listed) -> str:
    milestone = row.milestone
    replaced = f" Now: {escape(row.replaced_by.display)}." if row.replaced_by else ""
    notice = f" ({escape(milestone.message_center_id)})" if milestone.message_center_id else ""
    url = next((source.url for source in milestone.sources if source.url), None)
    when = f"<{url}|{escape(milestone.display)}>" if url else escape(milestone.display)
    unlinked = f" ({escape(milestone.sources[0].title)})" if milestone.sources and not url else ""
    return f"• *{when}*{notice}: {escape(milestone.effect)}{replaced}{unlinked}"
