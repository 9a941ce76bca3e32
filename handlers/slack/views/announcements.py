"""Draw channel messages beside requests: reminders, changed rules, outages, heads."""

from dataclasses import replace
from typing import assert_never
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.outgoing.announcement import AboutWindow
from handlers.outgoing.announcement_view import AnnouncementView, AnyAboutWindow, Overtaken
from handlers.outgoing.device_news import DeviceNews, NoneLeft
from handlers.outgoing.news import Overdue
from handlers.outgoing.reminders import ApprovalReminder, Ending, Scheduled, Weekly
from handlers.slack.views import device_forms, device_news, news, reminders
from handlers.slack.views.blocks import Message, actions, button, section, small
from handlers.slack.views.card_buttons import APPROVE, EXTEND, OPT_OUT_NOW, REJECT, WITHDRAW
from handlers.slack.views.mrkdwn import instant, sentence
from storage.lifecycle import Kind
from storage.messages.records import ReminderAnswer

SNOOZE, DONE = "snooze", "done"


def announcement(view: AnnouncementView, zone: ZoneInfo) -> Message:
    """Return the message for one announcement; ``zone`` is for dates where Slack shows the fallback."""
    said = view.said
    if view.overtaken is not None and isinstance(said, AboutWindow):
        text = _over(said, view.overtaken, zone)
        return Message(text=text, blocks=[section(text)])
    text = _words(view, zone)
    blocks: list[Block] = [section(text)]
    buttons = [*_about_the_window(view), *_about_the_request(view), *_about_devices(view)]
    if view.answer is not None:
        blocks += small([_kept(view.answer) if isinstance(said, NoneLeft) else _replied(view.answer, zone)])
    else:
        buttons += _about_the_reminder(view)
    return Message(text=text, blocks=[*blocks, actions(*buttons)] if buttons else blocks)


def _words(view: AnnouncementView, zone: ZoneInfo) -> str:
    said = view.said
    if view.stands:
        return f":bell: {sentence(view.stands)}"
    if isinstance(said, DeviceNews):
        return device_news.words(_by_now(said, view), zone)
    return reminders.words(said, zone) if isinstance(said, Scheduled) else news.words(said, zone)


def _about_the_window(view: AnnouncementView) -> list[ButtonElement]:
    said = view.said
    if not isinstance(said, AboutWindow) or not said.request:
        return []
    opt_out = button("Opt out now", OPT_OUT_NOW, said.request)
    return [opt_out] if isinstance(said, Overdue) else [button("Extend", EXTEND, said.request), opt_out]


def _about_the_request(view: AnnouncementView) -> list[ButtonElement]:
    """The buttons of the request's own message, as long as it waits."""
    if not isinstance(view.said, ApprovalReminder) or view.stands:
        return []
    number = view.said.request
    approve, reject = (
        button("Approve", APPROVE, number, style="primary"),
        button("Reject", REJECT, number, style="danger"),
    )
    return [approve, reject, button("Withdraw", WITHDRAW, number)]


def _about_devices(view: AnnouncementView) -> list[ButtonElement]:
    """How owners and operators answer; whoever may not is told why when they press."""
    if view.stands or not isinstance(view.said, DeviceNews):
        return []
    return device_forms.answer_buttons(_by_now(view.said, view))


def _by_now(said: DeviceNews, view: AnnouncementView) -> DeviceNews:
    """What is said of devices as it is now: the bot does not opt out of a window that somebody keeps."""
    return replace(said, wait=None) if isinstance(said, NoneLeft) and view.answer is not None else said


def _about_the_reminder(view: AnnouncementView) -> list[ButtonElement]:
    """Draw buttons with the reminder's number; the answer is judged again at the click."""
    if view.number is None:
        return []
    days, done = view.offer.snooze, view.offer.done
    buttons = [button(f"Snooze for {days} days", SNOOZE, view.number)] if days else []
    return [*buttons, button("Done", DONE, view.number)] if done else buttons


def _replied(answer: ReminderAnswer, zone: ZoneInfo) -> str:
    """Who answered the reminder, in place of the buttons for that."""
    if answer.until is None:
        return f":white_check_mark: Done, says <@{answer.person_id}>. This is not told again."
    return f":zzz: Put off by <@{answer.person_id}> until {instant(answer.until, zone)}."


def _kept(answer: ReminderAnswer) -> str:
    return f":white_check_mark: Kept open to the end of the window by <@{answer.person_id}>."


def _over(said: AnyAboutWindow, since: Overtaken, zone: ZoneInfo) -> str:
    """Draw what is left of a message about a past window: its subject and what came after."""
    about = f"#{said.request}: " if said.request else ""
    came = _CAME[since.kind].format(id=since.by)
    return f":checkered_flag: {about}{_was(said, zone)}. Since then {came}, {instant(since.at, zone)}."


def _was(said: AnyAboutWindow, zone: ZoneInfo) -> str:
    match said:
        case Ending():
            return f"the opt-in to legacy TLS was to end {instant(said.end, zone)}"
        case Weekly():
            return "the tenant was still opted in to legacy TLS"
        case Overdue():
            return f"the window ended {instant(said.end, zone)}, and the opt-out was late"
        case _:
            assert_never(said)


_CAME = {
    Kind.OPT_IN: "#{id} has opted in again",
    Kind.EXTENSION: "#{id} has extended the opt-in",
    Kind.SHORTENING: "#{id} has given the opt-in an earlier end",
    Kind.OPT_OUT: "#{id} has opted out",
    Kind.OUTSIDE: "the live value was changed outside the bot (#{id})",
}
