"""Word each reminder."""

from typing import assert_never
from zoneinfo import ZoneInfo

from handlers.outgoing.reminders import (
    ApprovalReminder,
    Approvers,
    Certificate,
    Ending,
    Freshness,
    Head,
    MilestoneAhead,
    Reminder,
    Secret,
    Weekly,
)
from handlers.policy.days import spelled_end
from handlers.slack.views.mrkdwn import escape, instant, people
from handlers.suggested import Suggested


def words(said: Reminder, zone: ZoneInfo) -> str:
    """Say what one reminder has to say; ``zone`` is for dates where Slack shows the fallback."""
    match said:
        case Ending():
            return _ending(said, zone)
        case Weekly():
            return _weekly(said, zone)
        case MilestoneAhead():
            return _milestone(said)
        case ApprovalReminder():
            return _approval_reminder(said, zone)
        case Freshness():
            return _freshness(said)
        case Certificate():
            return _certificate(said, zone)
        case Secret():
            return _secret(said, zone)
        case Head():
            return _head(said)
        case Approvers():
            return _approvers(said, zone)
        case _:
            assert_never(said)


def _ending(said: Ending, zone: ZoneInfo) -> str:
    about = f"#{said.request}: " if said.request else ""
    at, day = instant(said.end, zone), spelled_end(said.end, zone)
    days = "1 day" if said.days == 1 else f"{said.days} days"
    when = f"tonight, at {day} ({at})" if said.tonight else f"in {days}, on {at} ({day})"
    return (
        f":hourglass: {about}the opt-in to legacy TLS ends {when}. The bot then opts out by itself. "
        "Whoever still needs it has to extend it before; an extension needs approval, as the opt-in did."
    )


def _weekly(said: Weekly, zone: ZoneInfo) -> str:
    change = instant(said.since, zone)
    by = f"by #{said.request} of {change}" if said.request else f"at least since {change}"
    end = f"It ends by itself on {instant(said.end, zone)}." if said.end else "No end is set."
    return (
        f":warning: The tenant is still *opted in* to legacy TLS, {by}. {end} "
        f"Is the last old device gone? Then opt out now: {Suggested('disable')}."
    )


def _milestone(said: MilestoneAhead) -> str:
    notice = f" ({escape(said.notice)})" if said.notice else ""
    near = f", {said.near}" if said.near else ""
    return (
        f":calendar: Coming up: *{escape(said.display)}*{near}{notice}. {escape(said.effect)} "
        f"{Suggested('calendar')} shows where that is written."
    )


def _certificate(said: Certificate, zone: ZoneInfo) -> str:
    expires = instant(said.expires, zone)
    return (
        f":key: The bot's own certificate expires on {expires}. Without a new one it can neither read nor "
        "change the setting: create one, upload it to the app registration, and set "
        "AZURE_CLIENT_CERTIFICATE_PATH."
    )


def _secret(said: Secret, zone: ZoneInfo) -> str:
    expires = instant(said.expires, zone)
    return (
        f":key: The bot's own client secret expires {expires}. Without a new one it can neither read nor "
        "change the setting: add one to the app registration, and set AZURE_CLIENT_SECRET and "
        "AZURE_CLIENT_SECRET_EXPIRES."
    )


def _freshness(said: Freshness) -> str:
    return f":calendar: {escape(said.warning)} A file named by LEGACYTLS_MILESTONES takes newer dates."


def _approval_reminder(said: ApprovalReminder, zone: ZoneInfo) -> str:
    expires = instant(said.expires_at, zone)
    asked = f" by <@{said.requester}>" if said.requester else ""
    who = f": {people(said.waiting_for)}, please decide" if said.waiting_for else " for an approver"
    away = ", before the next working hours begin" if said.away else ""
    others = f" {people(said.others)}: please see that somebody decides." if said.others else ""
    waits = f":bell: #{said.request}{asked} still waits{who}. It expires on {expires}{away}"
    return f"{waits}; its message says what it is about.{others}"


def _approvers(said: Approvers, zone: ZoneInfo) -> str:
    if said.unknown_since:
        since = instant(said.unknown_since, zone)
        return (
            f":grey_question: Whether enough approvers exist could not be checked since {since}: Slack does "
            "not say who is in the user groups, or who the listed people are. Until it does, an opt-in may "
            "find nobody to approve it; people listed by their own id can still opt out. `legacytls check` "
            "says what is missing."
        )
    found = "1 person" if said.eligible == 1 else f"{said.eligible} people"
    return (
        f":warning: Too few approvers: {found} could approve right now, and {said.needed} besides the "
        "requester are needed. Opting out still works. Have LEGACYTLS_APPROVERS extended before it matters."
    )


def _head(said: Head) -> str:
    return (
        f":lock: The record stands at `{said.sequence}:{escape(said.head)}`. Nothing to do now: given to "
        "`legacytls verify --witness`, this shows later that nothing before it was altered."
    )
