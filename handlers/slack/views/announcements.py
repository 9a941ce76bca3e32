"""Channel messages beside the requests: reminders, a changed rule, a setting that cannot be read, the record's head."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.outgoing.notices import ABOUT_THE_WINDOW
from handlers.policy.days import spelled_end
from handlers.slack.views import alarms, disagreements, probe_news
from handlers.slack.views.blocks import Message, actions, button, section, small
from handlers.slack.views.cards import APPROVE, EXTEND, OPT_OUT_NOW, REJECT, WITHDRAW
from handlers.slack.views.mrkdwn import escape, instant, people, sentence
from storage.lifecycle import Kind
from storage.record.standing import ACCEPTED
from storage.records import ReminderReply

SNOOZE, DONE = "snooze", "done"


def announcement(facts: Mapping[str, str], zone: ZoneInfo) -> Message:
    """The message for one kind of announcement; ``zone`` is for dates where Slack shows the fallback."""
    if facts.get("over"):
        text = _over(facts, zone)
        return Message(text=text, blocks=[section(text)])
    text = _SAYINGS[facts["what"]](facts, zone)
    blocks: list[Block] = [section(text)]
    buttons = [*_about_the_window(facts), *_about_the_request(facts)]
    if facts.get("reply"):
        blocks += small([_replied(facts, zone)])
    else:
        buttons += _about_the_reminder(facts)
    return Message(text=text, blocks=[*blocks, actions(*buttons)] if buttons else blocks)


def _about_the_window(facts: Mapping[str, str]) -> list[ButtonElement]:
    if facts["what"] not in ABOUT_THE_WINDOW or not facts.get("request"):
        return []
    number = int(facts["request"])
    opt_out = button("Opt out now", OPT_OUT_NOW, number)
    return [opt_out] if facts["what"] == "overdue" else [button("Extend", EXTEND, number), opt_out]


def _about_the_request(facts: Mapping[str, str]) -> list[ButtonElement]:
    """The buttons of the request's own message, as long as it waits."""
    if facts["what"] != "nudge" or facts.get("stands"):
        return []
    number = int(facts["request"])
    approve, reject = button("Approve", APPROVE, number, style="primary"), button("Reject", REJECT, number, style="danger")
    return [approve, reject, button("Withdraw", WITHDRAW, number)]


def _about_the_reminder(facts: Mapping[str, str]) -> list[ButtonElement]:
    """Buttons that carry the number of the reminder itself; what may be answered is judged again at the click."""
    number = int(facts.get("number") or 0)
    if not number:
        return []
    buttons = [button(f"Snooze for {facts['snooze']} days", SNOOZE, number)] if facts.get("snooze") else []
    return [*buttons, button("Done", DONE, number)] if facts.get("done") else buttons


def _replied(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """Who answered the reminder, in place of the buttons for that."""
    if facts["reply"] == ReminderReply.DONE:
        return f":white_check_mark: Done, says <@{facts['by']}>. This is not told again."
    return f":zzz: Put off by <@{facts['by']}> until {instant(datetime.fromisoformat(facts['until']), zone)}."


def _over(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    """What is left of a message about a window that is no longer the present one: what it was about, and what came after it."""
    about = f"#{facts['request']}: " if facts["request"] else ""
    end = instant(datetime.fromisoformat(facts["end"]), zone) if facts["end"] else ""
    was = {
        "ending": f"the opt-in to legacy TLS was to end {end}",
        "weekly": "the tenant was still opted in to legacy TLS",
        "overdue": f"the window ended {end}, and the opt-out was late",
    }[facts["what"]]
    came = _CAME[Kind(facts["over_by"])].format(id=facts["over"])
    return f":checkered_flag: {about}{was}. Since then {came}, {instant(datetime.fromisoformat(facts['over_at']), zone)}."


_CAME = {
    Kind.OPT_IN: "#{id} has opted in again",
    Kind.EXTENSION: "#{id} has extended the opt-in",
    Kind.SHORTENING: "#{id} has given the opt-in an earlier end",
    Kind.OPT_OUT: "#{id} has opted out",
    Kind.OUTSIDE: "the live value was changed outside the bot (#{id})",
}


def _rule(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f":scroll: The rule of this bot was changed by its settings (version `{escape(facts['digest'][:8])}`). "
        "It is recorded; votes on open requests no longer count and have to be cast again."
    )


def _unreadable(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f":grey_question: The live value could not be read three times in a row: {sentence(facts['problem'])} "
        "What it is now is unknown. The bot keeps trying and says when it can read again."
    )


def _readable(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return ":white_check_mark: The live value can be read again. `/legacytls status` shows it."


def _first_sight(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        ":warning: The tenant is *opted in* to legacy TLS, and was so before this bot came: no end is set. "
        "`/legacytls disable` opts out, `/legacytls extend` asks to give it an end; `/legacytls status` shows what it means."
    )


def _ending(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    about = f"#{facts['request']}: " if facts["request"] else ""
    end = datetime.fromisoformat(facts["end"])
    at, day = instant(end, zone), spelled_end(end, zone)
    days = "1 day" if facts["days"] == "1" else f"{facts['days']} days"
    when = f"tonight, at {day} ({at})" if facts.get("tonight") else f"in {days}, on {at} ({day})"
    return (
        f":hourglass: {about}the opt-in to legacy TLS ends {when}. The bot then opts out by itself. "
        "Whoever still needs it has to extend it before; an extension needs approval, as the opt-in did."
    )


def _extended(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    end = f" It ends {instant(datetime.fromisoformat(facts['end']), zone)} now." if facts["end"] else ""
    return f":hourglass: <@{facts['requester']}> has extended the opt-in that you asked for, as #{facts['request']}.{end}"


def _shortened(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    end = instant(datetime.fromisoformat(facts["end"]), zone)
    return (
        f":scissors: <@{facts['requester']}> has given the opt-in that you asked for an earlier end, as #{facts['request']}: "
        f"{end}. Should it be needed for longer, `/legacytls extend` asks for that."
    )


def _ended(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    request = f"opt-in to legacy TLS that you asked for as #{facts['wish']}"
    over = f"<@{facts['requester']}> has ended the {request}" if facts["requester"] else f"The {request} has reached its end"
    return (
        f":checkered_flag: {over}: #{facts['request']} opted out, as read back. Devices that need TLS 1.0 or 1.1 will be "
        "refused; should one still be needed, `/legacytls enable` asks again."
    )


def _overdue(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    about = f"#{facts['request']}: " if facts["request"] else ""
    ended = instant(datetime.fromisoformat(facts["end"]), zone)
    others = f"\n{people(facts['mention'].split(','))}: please see to it." if facts.get("mention") else ""
    again = f"tries again {instant(datetime.fromisoformat(facts['next']), zone)}" if facts.get("next") else "keeps trying"
    return (
        f":red_circle: {about}the window ended {ended}, and the opt-out is *not done yet*: {sentence(facts['problem'])} "
        f"The bot {again}; `/legacytls help` says how to opt out by hand.{others}"
    )


def _weekly(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    change = instant(datetime.fromisoformat(facts["since"]), zone)
    by = f"by #{facts['request']} of {change}" if facts["request"] else f"at least since {change}"
    end = f"It ends by itself on {instant(datetime.fromisoformat(facts['end']), zone)}." if facts["end"] else "No end is set."
    return (
        f":warning: The tenant is still *opted in* to legacy TLS, {by}. {end} "
        "Is the last old device gone? Then opt out now: `/legacytls disable`."
    )


def _milestone(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    notice = f" ({escape(facts['notice'])})" if facts["notice"] else ""
    near = f", {facts['near']}" if facts.get("near") else ""
    return (
        f":calendar: Coming up: *{escape(facts['display'])}*{near}{notice}. {escape(facts['effect'])} "
        "`/legacytls calendar` shows where that is written."
    )


def _certificate(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    expires = instant(datetime.fromisoformat(facts["expires"]), zone)
    return (
        f":key: The bot's own certificate expires on {expires}. Without a new one it can neither read nor change the setting: "
        "create one, upload it to the app registration, and set AZURE_CLIENT_CERTIFICATE_PATH."
    )


def _secret(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    expires = instant(datetime.fromisoformat(facts["expires"]), zone)
    return (
        f":key: The bot's own client secret expires {expires}. Without a new one it can neither read nor change the setting: "
        "add one to the app registration, and set AZURE_CLIENT_SECRET and AZURE_CLIENT_SECRET_EXPIRES."
    )


def _freshness(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return f":calendar: {escape(facts['warning'])} A file named by LEGACYTLS_MILESTONES takes newer dates."


def _nudge(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    if facts.get("stands"):
        return f":bell: {sentence(facts['stands'])}"
    expires = instant(datetime.fromisoformat(facts["lapses"]), zone)
    asked = f" by <@{facts['requester']}>" if facts["requester"] else ""
    who = f": {people(facts['waiting_for'].split(','))}, please decide" if facts["waiting_for"] else " for an approver"
    away = ", before the next working hours begin" if facts["away"] else ""
    others = f" {people(facts['others'].split(','))}: please see that somebody decides." if facts["others"] else ""
    waits = f":bell: #{facts['request']}{asked} still waits{who}. It lapses on {expires}{away}"
    return f"{waits}; its message says what it is about.{others}"


def _approvers(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    if facts.get("unknown_since"):
        since = instant(datetime.fromisoformat(facts["unknown_since"]), zone)
        return (
            f":grey_question: Whether enough approvers exist could not be checked since {since}: Slack does not say who is in "
            "the user groups, or who the listed people are. Until it does, an opt-in may find nobody to approve it; people "
            "listed by their own id can still opt out. `legacytls check` says what is missing."
        )
    found = "1 person" if facts["eligible"] == "1" else f"{facts['eligible']} people"
    return (
        f":warning: Too few approvers: {found} could approve right now, and {escape(facts['needed'])} besides the requester "
        "are needed. Opting out still works. Have LEGACYTLS_APPROVERS extended before it matters."
    )


def _correction(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    end = f" Its window holds: the bot opts out {instant(datetime.fromisoformat(facts['end']), zone)}." if facts["end"] else ""
    if facts.get("again"):
        end = f" A later opt-out holds, so the bot opts out again by itself: #{facts['again']}."
    return (
        f":rotating_light: Correction to #{facts['request']}: it was given up as failed, but the live value was read as "
        f"*{escape(facts['value'])}* since.{end}"
    )


def _head(facts: Mapping[str, str], zone: ZoneInfo) -> str:
    return (
        f":lock: The record stands at `{escape(facts['sequence'])}:{escape(facts['head'])}`. Nothing to do now: given to "
        "`legacytls verify --witness`, this shows later that nothing before it was altered."
    )


_SAYINGS: dict[str, Callable[[Mapping[str, str], ZoneInfo], str]] = {
    "rule": _rule,
    "unreadable": _unreadable,
    "readable": _readable,
    "first_sight": _first_sight,
    "ending": _ending,
    "extended": _extended,
    "shortened": _shortened,
    "ended": _ended,
    "overdue": _overdue,
    "weekly": _weekly,
    "milestone": _milestone,
    "freshness": _freshness,
    "certificate": _certificate,
    "secret": _secret,
    "nudge": _nudge,
    "approvers": _approvers,
    "head": _head,
    "correction": _correction,
    "estranged": alarms.estranged,
    "set_aside": alarms.set_aside,
    ACCEPTED: alarms.accepted,
    "stream_gone": alarms.stream_gone,
    "disagreement": disagreements.disagreement,
    "probe": probe_news.changed,
    "guards": disagreements.guards,
}
