"""An announcement as texts: what its notice keeps, with what a drawing of it shows beside that. For tests
only."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.outgoing.announcement_view import (
    AnnouncementView,
    Overtaken,
    announcement_of,
    facts_of,
    offer_of,
)
from handlers.slack.views import announcements
from handlers.slack.views.blocks import Message
from storage.lifecycle import Kind
from storage.messages.records import ReminderAnswer, ReminderReply


def texts_shown(view: AnnouncementView) -> dict[str, str]:
    """Every fact of one drawing as a text."""
    shown = facts_of(view.said, view.offer) | {"number": str(view.number or ""), "stands": view.stands}
    if view.overtaken is not None:
        since = view.overtaken
        shown |= {"over": str(since.by), "over_by": since.kind.value, "over_at": since.at.isoformat()}
    if view.answer is not None:
        until = view.answer.until.isoformat() if view.answer.until else ""
        shown |= {"reply": view.answer.reply.value, "by": view.answer.person_id, "until": until}
    return {name: text for name, text in shown.items() if text or name not in ("number", "stands")}


def view_of(texts: Mapping[str, str]) -> AnnouncementView:
    """What ``texts_shown`` took apart."""
    said = announcement_of(texts)
    assert said is not None, texts
    over = None
    if texts.get("over"):
        over = Overtaken(int(texts["over"]), Kind(texts["over_by"]), datetime.fromisoformat(texts["over_at"]))
    answer = None
    if texts.get("reply"):
        until = datetime.fromisoformat(texts["until"]) if texts.get("until") else None
        answer = ReminderAnswer("", "", ReminderReply(texts["reply"]), texts["by"], until)
    number = int(texts["number"]) if texts.get("number") else None
    return AnnouncementView(
        said=said,
        offer=offer_of(texts),
        number=number,
        overtaken=over,
        stands=texts.get("stands", ""),
        answer=answer,
    )


def announcement(texts: Mapping[str, str], zone: ZoneInfo) -> Message:
    """Draw it as Slack shows it."""
    return announcements.announcement(view_of(texts), zone)
