"""``/legacytls calendar``: Microsoft's dates, past, running and to come, each with where it was read."""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from handlers.calendar.milestone import Phase
from handlers.calendar.milestones import Listed
from handlers.slack.views.blocks import Message, header, section, small
from handlers.slack.views.mrkdwn import escape

_GROUPS = (
    ("Running now", (Phase.RUNNING,)),
    ("To come", (Phase.UPCOMING, Phase.UNANNOUNCED)),
    ("Past", (Phase.PAST,)),
    ("Replaced dates, which stale advice still names", (Phase.SUPERSEDED,)),
)

SHOWN = 12
"""Entries per group: the newest ones; a message holds fifty blocks."""


def calendar(listed: Sequence[Listed], warning: str | None) -> Message:
    """The whole calendar; people read the date as Microsoft gave it, never a day where it gave a month."""
    blocks: list[Block] = [section(f":warning: {escape(warning)}")] if warning else []
    for title, phases in _GROUPS:
        rows = [row for row in listed if row.phase in phases][-SHOWN:]
        if rows:
            blocks += [header(title), *(section(_line(row)) for row in rows)]
    blocks += small(["Microsoft moves these dates; the message centre of your tenant has the last word."])
    return Message(text="Microsoft's dates for legacy TLS and Basic SMTP AUTH", blocks=blocks[:50])


def _line(row: Listed) -> str:
    milestone = row.milestone
    replaced = f" Replaced by: {escape(row.replaced_by.display)}." if row.replaced_by else ""
    notice = f" ({escape(milestone.message_center_id)})" if milestone.message_center_id else ""
    source = next((f"<{source.url}|{escape(source.title)}>" for source in milestone.sources if source.url), "")
    where = source or escape(milestone.sources[0].title if milestone.sources else "")
    return f"*{escape(milestone.display)}*{notice}: {escape(milestone.effect)}{replaced}\n_{where}_"
