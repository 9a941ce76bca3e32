"""Status and history for the command line: the same facts as in Slack, as data and as text. Nothing is sent to Slack."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.process import utc_now
from bot.record import tenant_of
from bot.settings import Settings
from bot.wiring import context_of
from handlers.days import last_day
from handlers.history import History, HistoryLine
from handlers.optouts import Overdue
from handlers.people import People
from handlers.policy import Home, Rule
from handlers.ports import Person, Unavailable
from handlers.status import Status, StatusReports
from storage.engine import Database
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.records import ChangeRequest


class _Nobody:
    """The command line asks Slack nothing, so it knows nobody and may decide nothing."""

    def person(self, user_id: str) -> Person:
        raise Unavailable("The command line does not ask Slack who somebody is.", retryable=False)

    def members(self, group_id: str) -> frozenset[str]:
        raise Unavailable("The command line does not ask Slack who is in a group.", retryable=False)


def status(settings: Settings) -> dict[str, Any]:
    """Read the live value now. ``value`` is ``None`` when it could not be read, and ``problem`` says why."""
    url = settings.database_url.get_secret_value()
    upgrade(url)
    database = Database(url)
    try:
        context = context_of(settings, database, _nobody(), utc_now, lambda: None)
        report = StatusReports(context).report()
    finally:
        database.close()
    return _status(report)


def history(settings: Settings, *, before: int | None, limit: int) -> dict[str, Any]:
    """The newest changes below number ``before``."""
    tenant_id, url = tenant_of(settings), settings.database_url.get_secret_value()
    upgrade(url)
    database = Database(url)
    try:
        page = History(Ledger(database, tenant_id)).page(before=before, limit=limit)
    finally:
        database.close()
    return {"changes": [_change(line) for line in page.lines], "older": page.older}


def status_text(answer: dict[str, Any]) -> str:
    """The status as a person reads it."""
    lines = [f"Live value: {answer['value']}" if answer["value"] else f"Live value: could not be read. {answer['problem']}"]
    if answer["drift"]:
        lines.append("Drift: this is not the value the bot last applied or saw; it was changed outside the bot.")
    if answer["overdue"]:
        lines.append(_overdue_text(answer["overdue"]))
    lines += [f"#{change['number']} is {change['state']}: {change['detail']}" for change in answer["under_way"]]
    lines += [f"  {effect['protocol']}: {effect['effect']}" for effect in answer["protocols"]]
    smtp = {True: "switched off", False: "switched on", None: "unknown"}[answer["smtp_auth_disabled"]]
    lines.append(f"SMTP AUTH for the organisation: {smtp}")
    lines.append("Legacy hosts: " + (", ".join(answer["legacy_hosts"]) or "none in this cloud"))
    if answer["window_end"]:
        lines.append(f"The opt-in ends by itself: {answer['window_end']} (last day {answer['last_day']})")
    if answer["open_request"]:
        lines.append(f"Open request: #{answer['open_request']['number']}, {answer['open_request']['state']}")
    return "\n".join(lines)


def _overdue_text(late: dict[str, Any]) -> str:
    of = f" of #{late['window_of']}" if late["window_of"] else ""
    tried = f" Tries that failed: {late['failures']}." if late["failures"] else ""
    problem = f" Last trouble: {late['problem']}" if late["problem"] else ""
    following = f" Next try: {late['next_try']}" if late["next_try"] else ""
    return f"OVERDUE: the window{of} ended at {late['ended_at']}, and the opt-out is not done yet.{tried}{problem}{following}"


def history_text(answer: dict[str, Any]) -> str:
    """History as a person reads it."""
    if not answer["changes"]:
        return "No change is on record yet."
    lines = [
        f"#{change['number']}  {change['created_at']}  {change['kind'].replace('_', ' ')}  {change['state']}  {change['detail']}"
        for change in answer["changes"]
    ]
    return "\n".join([*lines, f"Older changes: --before {answer['older']}"] if answer["older"] else lines)


def _nobody() -> People:
    nothing = timedelta(0)
    rule = Rule((), (), 1, nothing, nothing, nothing, "", "", "", "")
    return People(_Nobody(), Home(team_id=""), rule)


def _status(report: Status) -> dict[str, Any]:
    reading, baseline = report.reading, report.baseline
    end = baseline.window_end if baseline else None
    return {
        "value": reading.value.value if reading else None,
        "read_at": _stamp(reading.read_at if reading else None),
        "problem": report.problem,
        "organization": report.organization,
        "cloud": report.cloud.name,
        "legacy_hosts": list(report.cloud.legacy_hosts),
        "smtp_auth_disabled": reading.smtp_auth_disabled if reading else None,
        "protocols": [{"protocol": protocol.value, "effect": effect} for protocol, effect in report.effects],
        "baseline": baseline.value.value if baseline else None,
        "drift": report.drifted,
        "overdue": _overdue(report.overdue) if report.overdue else None,
        "under_way": [_request(change) for change in report.unsettled],
        "window_end": _stamp(end),
        "last_day": last_day(end, ZoneInfo(report.timezone)).isoformat() if end else None,
        "last_change": _request(report.decided) if report.decided else None,
        "approved_by": list(report.approved_by),
        "open_request": _request(report.open_wish) if report.open_wish else None,
        "warning": report.freshness,
    }


def _overdue(late: Overdue) -> dict[str, Any]:
    return {
        "window_of": late.window_of,
        "ended_at": _stamp(late.ended_at),
        "failures": late.failures,
        "problem": late.problem,
        "under_way": late.under_way.id if late.under_way else None,
        "next_try": _stamp(late.next_try),
    }


def _change(line: HistoryLine) -> dict[str, Any]:
    return _request(line.request) | {
        "approved_by": list(line.approved_by),
        "rejected_by": list(line.rejected_by),
        "rejection_reason": line.reason,
        "read_back": line.read_back.value if line.read_back else None,
    }


def _request(request: ChangeRequest) -> dict[str, Any]:
    return {
        "number": request.id,
        "kind": request.kind.value,
        "state": request.state.value,
        "detail": request.detail,
        "requester": request.requester_id,
        "reason": request.reason,
        "clients": request.clients,
        "protocols": [protocol.value for protocol in request.protocols],
        "from": request.from_value.value if request.from_value else None,
        "to": request.to_value.value,
        "window_end": _stamp(request.window_end),
        "created_at": _stamp(request.created_at),
        "settled_at": _stamp(request.settled_at),
    }


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
