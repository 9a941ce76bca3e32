"""Draw the answer to status; ``views.plain`` turns it into text for the command line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement

from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.policy.days import spelled_end
from handlers.policy.overdue import Overdue
from handlers.policy.rule import STATE_WORDS
from handlers.queries.status import Status
from handlers.slack.views.blocks import Message, actions, button, section, small
from handlers.slack.views.help_and_history import OPEN_FORM, OPEN_HISTORY, OPEN_OPT_OUT
from handlers.slack.views.mrkdwn import escape, instant, people, sentence
from handlers.slack.views.probe_view import refusals
from handlers.suggested import Suggested
from storage.lifecycle import Kind
from storage.records import ChangeRequest, SettingValue
from storage.streams import Backlog

MEANING = {
    SettingValue.NOT_SET: "nobody ever chose; mail over old TLS is refused",
    SettingValue.OPTED_IN: "mail over TLS 1.0 and 1.1 is taken on the legacy hosts",
    SettingValue.OPTED_OUT: "mail over old TLS is refused",
}
"""What the value means where there are legacy hosts."""

WITHOUT_HOSTS = {
    SettingValue.NOT_SET: (
        "nobody ever chose; old TLS is refused for good in {cloud}, which has no legacy hosts"
    ),
    SettingValue.OPTED_IN: (
        "without effect: {cloud} has no legacy hosts, and old TLS is refused there whatever the setting says"
    ),
    SettingValue.OPTED_OUT: "old TLS is refused for good in {cloud}, which has no legacy hosts",
}
"""What it means in the US-government clouds."""

BADGE = {
    SettingValue.NOT_SET: ":white_circle:",
    SettingValue.OPTED_IN: ":warning:",
    SettingValue.OPTED_OUT: ":lock:",
}

_KINDS = {
    Kind.OPT_IN: "opt-in",
    Kind.EXTENSION: "extension",
    Kind.SHORTENING: "earlier end",
    Kind.OPT_OUT: "opt-out",
}


def status(report: Status, zone: ZoneInfo) -> Message:
    """Draw what holds, until when and by whom, then buttons, then the meaning by protocol."""
    first = _live(report, zone)
    late = f"{_tries(report.overdue, zone)} " if report.overdue else ""
    second = late + " ".join(part for part in (_decided(report, zone), _read(report, zone)) if part)
    more = [_drift(report), _LAGS if report.lagging else ""]
    more += [
        _end(report, zone),
        _under_way(report, zone),
        refusals(report.probes, report.cloud.legacy_hosts, zone),
    ]
    blocks: list[Block] = [section(first), section(second), *(section(line) for line in more if line)]
    blocks += [
        actions(*_ways(report)),
        *(section(line) for line in (_effects(report), _smtp_auth(report)) if line),
    ]
    freshness = escape(report.freshness) if report.freshness else ""
    blocks += small([freshness, _stream(report.stream, zone), _tenant(report)])
    return Message(text=first, blocks=blocks)


def _stream(backlog: Backlog | None, zone: ZoneInfo) -> str:
    """Say how far the receiver of the record's events is behind, where it is."""
    if backlog is None:
        return ""
    count = "1 event waits" if backlog.events == 1 else f"{backlog.events:,} events wait"
    since = f" since {instant(backlog.since, zone)}" if backlog.since else ""
    why = f": {escape(backlog.position.problem)}" if backlog.position.problem else ""
    return f":warning: The stream of the record lags: {count}{since}{why}."


def _ways(report: Status) -> list[ButtonElement]:
    history = button("History", OPEN_HISTORY, 0)
    if (
        report.reading is None
        or report.reading.value is not SettingValue.OPTED_IN
        or not report.cloud.offers_legacy
    ):
        return [history]
    return [button("Extend", OPEN_FORM[Kind.EXTENSION], 0), button("Opt out", OPEN_OPT_OUT, 0), history]


def _effects(report: Status) -> str:
    """Draw what the setting means by protocol, equal ones together; details: the calendar."""
    told: dict[str, list[str]] = {}
    for protocol, meaning in report.meanings:
        told.setdefault(meaning, []).append(PROTOCOL_NAMES[protocol])
    return "\n".join(f"• *{', '.join(names)}*: {escape(meaning)}" for meaning, names in told.items())


def _drift(report: Status) -> str:
    return f":rotating_light: *Drift:* {_DRIFT} {_no_end(report)}".strip() if report.drifted else ""


def _tenant(report: Status) -> str:
    if report.reading is None or report.reading.organization:
        return f"Tenant: {escape(report.organization or 'not known yet')}"
    return ":warning: This answer did not name its tenant. Nothing is written until one does."


_DRIFT = (
    "this is not the value the bot last applied or saw. It is read once more now; if it stays so, the "
    f"channel hears that it was changed outside the bot. {Suggested('disable')} opts out; "
    f"{Suggested('history')} shows what is on record."
)
"""Without the earlier value: its words are kept for the live one."""

_NO_END = f"No end is set: {Suggested('extend')} asks to give it one, {Suggested('disable')} opts out now."

_LAGS = "The server that answered does not know of the bot's newest change yet; ask again in a few minutes."


def _live(report: Status, zone: ZoneInfo) -> str:
    """The line that a phone shows: the value, until when it holds, and how long that still is."""
    if report.reading is None:
        last = ""
        if report.last_seen is not None and report.last_seen.value is not None:
            last = (
                f"\nThe last successful reading was {instant(report.last_seen.at, zone)}; what it is now "
                "is unknown."
            )
        late = f"\n{_overdue(report.overdue, zone)}" if report.overdue else ""
        return (
            ":grey_question: The live value *could not be read*: "
            f"{sentence(report.problem or '')}{last}{late}"
        )
    value, end = report.reading.value, _window_end(report)
    age = (
        ""
        if report.age is None
        else f" Read {round(report.age)} s ago: you asked often, so it was not read again."
    )
    if value is SettingValue.OPTED_IN and end is not None and report.cloud.offers_legacy:
        return (
            f"{BADGE[value]} *{value.value}* until {spelled_end(end, zone)}: "
            f"{time_left(end - report.reading.read_at)}.{age}"
        )
    if report.overdue is not None:
        return f":red_circle: *{value.value}*. {_overdue(report.overdue, zone)}{age}"
    meanings = MEANING if report.cloud.offers_legacy else WITHOUT_HOSTS
    return (
        f"{BADGE[value]} *{value.value}*: {meanings[value].format(cloud=escape(report.cloud.display))}.{age}"
    )


def time_left(span: timedelta) -> str:
    """Return how long a window still runs, in the largest whole unit: ``23 days left``."""
    for unit, length in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        count = span // length
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} left"
    return "it ends now"


def _window_end(report: Status) -> datetime | None:
    """Return the end of what holds; ``None``: no end, overdue, drifted, or not on record."""
    if report.overdue is not None or report.drifted or report.baseline is None:
        return None
    return report.baseline.window_end


def _read(report: Status, zone: ZoneInfo) -> str:
    return f"Read {instant(report.reading.read_at, zone)}." if report.reading and report.age is None else ""


def _decided(report: Status, zone: ZoneInfo) -> str:
    if not report.on_record:
        return (
            ":grey_question: The bot's record *could not be read*: what was decided, is open or is due "
            "cannot be told now."
        )
    request, baseline = report.decided, report.baseline
    if request is None or baseline is None:
        return "No change was made through this bot yet."
    again, made_at = "", baseline.since
    if report.confirmed is not None:
        again = f" Confirmed by {_by(report.confirmed)}, {instant(baseline.since, zone)}."
        made_at = request.settled_at or request.created_at
    if request.kind is Kind.OUTSIDE:
        return (
            f"Last change: #{request.id}, made outside the bot, noticed "
            f"{instant(request.created_at, zone)}.{again}"
        )
    if request.only_confirms:
        return f"Confirmed by {_by(request)}, {instant(made_at, zone)}; nothing had to be changed."
    approved = f", approved by {people(report.approved_by)}" if report.approved_by else ""
    return f"Last change: {_by(request)} ({_KINDS[request.kind]}){approved}, {instant(made_at, zone)}.{again}"


def _by(request: ChangeRequest) -> str:
    return f"#{request.id} by " + (f"<@{request.requester_id}>" if request.requester_id else "the bot itself")


def _end(report: Status, zone: ZoneInfo) -> str:
    """When the opt-in ends where the first line does not say so, or that it does not."""
    end = _window_end(report)
    if report.reading is None and end is not None:
        return f"The opt-in ends by itself {instant(end, zone)} ({spelled_end(end, zone)})."
    return "" if report.overdue is not None or report.drifted or end is not None else _no_end(report)


def _no_end(report: Status) -> str:
    """That what is opted in has no end, and what to do about that; nothing while that is not for sure."""
    opted_in = (
        report.on_record and report.reading is not None and report.reading.value is SettingValue.OPTED_IN
    )
    endless = report.baseline is None or report.baseline.value is SettingValue.OPTED_IN or report.drifted
    return _NO_END if opted_in and endless and report.cloud.offers_legacy else ""


def _overdue(late: Overdue, zone: ZoneInfo) -> str:
    """What is told in red until the opt-out is done."""
    of = f" of #{late.window_of}" if late.window_of else ""
    return f"*Overdue:* the window{of} ended {instant(late.ended_at, zone)}, and the opt-out is not done yet."


def _tries(late: Overdue, zone: ZoneInfo) -> str:
    """How often it was tried, what stood in the way, and when it is tried again."""
    tried = (
        ""
        if not late.failures
        else "Tried once. "
        if late.failures == 1
        else f"Tried {late.failures} times. "
    )
    if late.under_way is not None:
        following = f"Opt-out #{late.under_way.id} is under way."
        following += f" Next try {instant(late.under_way.retry_at, zone)}." if late.under_way.retry_at else ""
    else:
        following = (
            f"Next try {instant(late.next_try, zone)}."
            if late.next_try
            else "The opt-out begins in a moment."
        )
    problem = f"Last trouble: {sentence(late.problem)} " if late.problem else ""
    return f"{tried}{problem}{following}"


def _under_way(report: Status, zone: ZoneInfo) -> str:
    # by how often it was tried
    told = report.overdue.under_way.id if report.overdue and report.overdue.under_way else None
    others = [request for request in report.unsettled if request.id != told]
    lines = [
        f"#{request.id} is {STATE_WORDS[request.state]}: {sentence(request.detail)}" for request in others
    ]
    asked = report.open_request
    if asked is not None and asked not in report.unsettled:
        expires = f" Expires {instant(asked.expires_at, zone)}." if asked.expires_at else ""
        lines.append(
            f"Open request: #{asked.id} by <@{asked.requester_id}>, {STATE_WORDS[asked.state]}.{expires}"
        )
    return "\n".join(lines)


def _smtp_auth(report: Status) -> str:
    """One more lock, where it is closed or cannot be seen."""
    if not report.cloud.offers_legacy:
        return f"{escape(report.cloud.display)} has no legacy hosts: opting in is not possible there."
    if report.reading is None or report.reading.smtp_auth_disabled is None:
        return "SMTP AUTH for the organisation: unknown."
    if report.reading.smtp_auth_disabled:
        return (
            ":warning: SMTP AUTH is *switched off* for the organisation: opting in helps only mailboxes "
            "that are allowed it."
        )
    return ""
