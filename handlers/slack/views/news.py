"""Word what is told once, when it happens."""

from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.outgoing.news import (
    Accepted,
    AuditGap,
    Correction,
    Disagreement,
    Ended,
    Extended,
    FirstSight,
    GuardsMissing,
    News,
    Overdue,
    ProbeChanged,
    Readable,
    RuleChanged,
    SetAside,
    Shortened,
    StreamGone,
    Unreadable,
    Untrusted,
)
from handlers.slack.views import alarms, probe_view
from handlers.slack.views.mrkdwn import escape, instant, people, sentence
from handlers.suggested import Suggested


def words(said: News, zone: ZoneInfo) -> str:
    """Say what has happened; ``zone`` is for dates where Slack shows the fallback."""
    match said:
        case RuleChanged():
            return _rule(said)
        case Unreadable():
            return _unreadable(said)
        case Readable():
            return _readable()
        case FirstSight():
            return _first_sight()
        case Extended():
            return _extended(said, zone)
        case Shortened():
            return _shortened(said, zone)
        case Ended():
            return _ended(said)
        case Overdue():
            return _overdue(said, zone)
        case Correction():
            return _correction(said, zone)
        case Untrusted():
            return alarms.untrusted(said)
        case SetAside():
            return alarms.set_aside(said)
        case Accepted():
            return alarms.accepted(said)
        case Disagreement():
            return alarms.disagreement(said, zone)
        case GuardsMissing():
            return alarms.guards(said)
        case ProbeChanged():
            return probe_view.changed(said)
        case StreamGone():
            return alarms.stream_gone(said)
        case AuditGap():
            return alarms.audit_gap(said, zone)
        case _:
            assert_never(said)


def _rule(said: RuleChanged) -> str:
    return (
        f":scroll: The rule of this bot was changed by its settings (version `{escape(said.digest[:8])}`). "
        "It is recorded; votes on open requests no longer count and have to be cast again."
    )


def _unreadable(said: Unreadable) -> str:
    return (
        f":grey_question: The live value could not be read three times in a row: {sentence(said.problem)} "
        "What it is now is unknown. The bot keeps trying and says when it can read again."
    )


def _readable() -> str:
    return f":white_check_mark: The live value can be read again. {Suggested('status')} shows it."


def _first_sight() -> str:
    return (
        ":warning: The tenant is *opted in* to legacy TLS, and was so before this bot came: no end is set. "
        f"{Suggested('disable')} opts out, {Suggested('extend')} asks to give it an end; "
        f"{Suggested('status')} shows what it means."
    )


def _extended(said: Extended, zone: ZoneInfo) -> str:
    end = f" It ends {instant(said.end, zone)} now." if said.end else ""
    return (
        f":hourglass: <@{said.requester}> has extended the opt-in that you asked for, as "
        f"#{said.request}.{end}"
    )


def _shortened(said: Shortened, zone: ZoneInfo) -> str:
    end = instant(said.end, zone) if said.end else "none"
    return (
        f":scissors: <@{said.requester}> has given an earlier end to the opt-in that you asked for, as "
        f"#{said.request}: {end}. Should it be needed for longer, {Suggested('extend')} asks for that."
    )


def _ended(said: Ended) -> str:
    request = f"opt-in to legacy TLS that you asked for as #{said.asked_as}"
    over = (
        f"<@{said.requester}> has ended the {request}"
        if said.requester
        else f"The {request} has reached its end"
    )
    return (
        f":checkered_flag: {over}: #{said.request} opted out, as read back. Mail over TLS 1.0 and 1.1 is "
        f"refused from now on; should a device still need it, {Suggested('enable')} asks again."
    )


def _overdue(said: Overdue, zone: ZoneInfo) -> str:
    about = f"#{said.request}: " if said.request else ""
    ended = instant(said.end, zone)
    others = f"\n{people(said.mention)}: please see to it." if said.mention else ""
    again = f"tries again {instant(said.next, zone)}" if said.next else "keeps trying"
    return (
        f":red_circle: {about}the window ended {ended}, and the opt-out is *not done yet*: "
        f"{sentence(said.problem)} The bot {again}; {Suggested('help')} says how to opt out by hand.{others}"
    )


def _correction(said: Correction, zone: ZoneInfo) -> str:
    end = f" Its window holds: the bot opts out {instant(said.end, zone)}." if said.end else ""
    if said.again:
        end = f" A later opt-out holds, so the bot opts out again by itself: #{said.again}."
    return (
        f":rotating_light: Correction to #{said.request}: it was given up as failed, but the live value was "
        f"read as *{escape(said.value)}* since.{end}"
    )
