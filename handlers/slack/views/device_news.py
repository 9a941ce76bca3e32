"""Word what is said about devices: to an owner, to the operators, and when none is left."""

from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.outgoing.device_news import (
    DeviceDue,
    DeviceNews,
    DevicesOrphaned,
    DevicesUnanswered,
    DevicesWeekly,
    DevicesYours,
    DeviceYours,
    NoneLeft,
)
from handlers.slack.views.mrkdwn import calendar_day, escape, people
from handlers.suggested import Suggested


def words(said: DeviceNews, zone: ZoneInfo) -> str:
    """Say what is to be said of devices; due days are days of ``zone``."""
    match said:
        case DeviceYours():
            until, shows = calendar_day(said.due, zone), f"{Suggested(f'devices D{said.device}')} shows it."
            return (
                f":label: You answer for D{said.device} from now on, says <@{said.by}>: old TLS until "
                f"{until}. {shows}"
            )
        case DevicesYours():
            shows = f"{Suggested('devices mine')} shows them."
            return f":label: You answer for {_named(said)} from now on, says <@{said.by}>. {shows}"
        case DeviceDue():
            return _due(said, zone)
        case DevicesWeekly():
            return _weekly(said)
        case DevicesUnanswered():
            return f":mega: Nobody says what became of {_named(said)}. {_mention(said)}please see to it."
        case DevicesOrphaned():
            why = f"<@{said.by}> says that it is not theirs" if said.by else f"<@{said.owner}> has left"
            return (
                f":mega: Without an owner: {_named(said)}. {why}. {_mention(said)}please give it to somebody."
            )
        case NoneLeft():
            return _none_left(said)
        case _:
            assert_never(said)


def _due(said: DeviceDue, zone: ZoneInfo) -> str:
    when = f"in {said.days} days" if said.days > 1 else {1: "tomorrow", 0: "today"}.get(said.days, "over")
    moved = f" It was moved {said.moves} times." if said.moves > 1 else ""
    day = calendar_day(said.due, zone)
    return (
        f":alarm_clock: Is D{said.device} ({escape(said.name)}) replaced? Its due day, {day}, is "
        f"{when}.{moved}"
    )


def _weekly(said: DevicesWeekly) -> str:
    more = [
        f"{said.overdue} overdue" if said.overdue else "",
        f"{said.orphaned} without an owner" if said.orphaned else "",
    ]
    need = "device still needs" if said.active == 1 else "devices still need"
    told = "".join(f", {part}" for part in more if part)
    pace = f" By the week: {escape(said.pace)}." if said.pace else ""
    named = len(said.devices)
    who = "The one that needs somebody is" if named == 1 else f"The {named} that need somebody are"
    rest = f"; {said.more} more in {Suggested('devices')}" if said.more else ""
    thread = f" {who} in the thread{rest}." if named else ""
    return f":bar_chart: {said.active} {need} old TLS{told}.{pace}{thread}"


def _none_left(said: NoneLeft) -> str:
    gone = f":checkered_flag: #{said.request}: no active device is left (D{said.device} was the last)."
    if said.wait is None:
        return f"{gone} Old TLS is on until the window ends, unless somebody opts out now."
    return f"{gone} The bot opts out in {said.wait} hours, unless somebody chooses *Keep until the end*."


def _named(said: DevicesUnanswered | DevicesOrphaned | DevicesYours) -> str:
    return ", ".join(f"D{number}" for number in said.devices) + (
        f" and {said.more} more" if said.more else ""
    )


def _mention(said: DevicesUnanswered | DevicesOrphaned) -> str:
    return f"{people(said.mention)}: " if said.mention else ""
