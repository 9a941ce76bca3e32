"""Show status and history at the command line: tables in colour at a terminal, text elsewhere, or data.

The facts are the same as in Slack. Nothing is sent to Slack.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.from_settings import exchange_of, rule_of
from bot.process import utc_now
from bot.reports.opened_record import tenant_of
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from bot.tenants.tenant import context_of
from bot.terminal import is_terminal, line, table
from handlers.context.people import People
from handlers.policy.days import last_day
from handlers.policy.overdue import Overdue
from handlers.ports import Person, Unavailable
from handlers.probe_ports import ProbeOutcome
from handlers.queries.history import History, HistoryLine, HistoryPage
from handlers.queries.status import Status, StatusReports
from handlers.slack.views import help_and_history, status_view
from handlers.slack.views.help_and_history import unreadable
from handlers.slack.views.plain_text import Names, plain, unmarked
from storage.engine import Database
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.ledger import Ledger
from storage.migrate import upgrade
from storage.probes import KnownVersion
from storage.records import ChangeRequest, SettingValue
from storage.streams import Backlog


class _Nobody:
    """The command line asks Slack nothing, so it knows nobody and may decide nothing."""

    def person(self, user_id: str) -> Person:
        raise Unavailable("The command line does not ask Slack who somebody is.", retryable=False)

    def members(self, group_id: str) -> frozenset[str]:
        raise Unavailable("The command line does not ask Slack who is in a group.", retryable=False)


def status(settings: Settings) -> Status:
    """Read the live value now; where it could not be read, ``problem`` says why."""
    with ledger_of(settings) as ledger:
        exchange, people = exchange_of(settings, utc_now, ledger), People(_Nobody(), None, rule_of(settings))
        calendar, given = load_calendar(settings.milestones), (settings, ledger, exchange, people)
        context = context_of(*given, clock=utc_now, calendar=calendar, wake_worker=lambda: None)
        return StatusReports(context).report()


def history(
    settings: Settings, *, before: int | None, limit: int, only: HistoryFilter = EVERYTHING
) -> HistoryPage:
    """Return the newest changes below number ``before`` that the filter lets through."""
    with ledger_of(settings) as ledger:
        return History(ledger).page(before=before, limit=limit, only=only)


@contextmanager
def ledger_of(settings: Settings) -> Iterator[Ledger]:
    """The tenant's ledger, brought up to date first. Raises ``WrongSettings`` where no tenant is named."""
    tenant_id, url = tenant_of(settings), settings.database_url.get_secret_value()
    upgrade(url)
    database = Database(url, keys=settings.keyring())
    try:
        yield Ledger(database, tenant_id)
    finally:
        database.close()


def status_text(report: Status, zone: ZoneInfo, name: Names = str) -> str:
    """Return the status as a person reads it: the value, then every sentence of Slack's answer.

    ``name`` stands for somebody's id.
    """
    value = (
        report.reading.value.value
        if report.reading
        else f"could not be read. {unmarked(report.problem or '')}"
    )
    # that it failed is said by the first line
    said = plain(status_view.status(report, zone), name)[0 if report.reading else 1 :]
    return "\n".join([f"Live value: {value}", *(f"  {line}" for line in said)])


def history_text(page: HistoryPage, zone: ZoneInfo, name: Names = str) -> str:
    """History as a person reads it: a line with the number, then every sentence of Slack's answer."""
    if not page.lines and not page.unreadable:
        return (
            "No change is on record yet."
            if page.only == EVERYTHING
            else "No change on record is of that kind."
        )
    lines = [unmarked(help_and_history.unreadable(page))] if page.unreadable else []
    for change in page.lines:
        first, *more = plain(help_and_history.history(HistoryPage(lines=[change], older=0), zone), name)[1:]
        lines += [first, *(f"    {line}" for line in more)]
    return "\n".join([*lines, f"Older changes: --before {page.older}"] if page.older else lines)


def history_data(page: HistoryPage) -> dict[str, Any]:
    """History for machines."""
    changes = [_change(line) for line in page.lines]
    return {"changes": changes, "older": page.older, "unreadable": list(page.unreadable)}


def status_data(report: Status) -> dict[str, Any]:
    """The status for machines; ``value`` is ``None`` when it could not be read, and ``problem`` says why."""
    reading, baseline = report.reading, report.baseline
    end = baseline.window_end if baseline else None
    return {
        "value": reading.value.value if reading else None,
        "read_at": _stamp(reading.read_at if reading else None),
        "problem": unmarked(report.problem) if report.problem else None,
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
        "open_request": _request(report.open_request) if report.open_request else None,
        "probes": [_probe(version) for version in report.probes],
        "stream": _lag(report.stream) if report.stream else None,
        "warning": report.freshness,
    }


def _lag(backlog: Backlog) -> dict[str, Any]:
    return {"waiting": backlog.events, "since": _stamp(backlog.since), "problem": backlog.position.problem}


def _probe(known: KnownVersion) -> dict[str, Any]:
    outcome = (
        None if known.accepted is None else ProbeOutcome.ACCEPTED if known.accepted else ProbeOutcome.REFUSED
    )
    stamps = {
        "since": _stamp(known.since),
        "seen_at": _stamp(known.seen_at),
        "tried_at": _stamp(known.tried_at),
    }
    return {"host": known.host, "port": known.port, "tls": known.tls, "outcome": outcome, **stamps}


def _overdue(late: Overdue) -> dict[str, Any]:
    return {
        "window_of": late.window_of,
        "ended_at": _stamp(late.ended_at),
        "failures": late.failures,
        "problem": unmarked(late.problem),
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
        "detail": unmarked(request.detail),
        "requester": request.requester_id,
        "reason": request.reason,
        "clients": request.clients,
        "ticket": request.ticket or None,
        "protocols": [protocol.value for protocol in request.protocols],
        "from": request.from_value.value if request.from_value else None,
        "to": request.to_value.value,
        "window_end": _stamp(request.window_end),
        "created_at": _stamp(request.created_at),
        "settled_at": _stamp(request.settled_at),
    }


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


_VALUES = {
    SettingValue.OPTED_IN: "bold yellow",
    SettingValue.OPTED_OUT: "bold green",
    SettingValue.NOT_SET: "bold",
}
COLUMNS = ("#", "Change", "State", "Asked", "By", "Approved by", "Until", "Reason")


def show_status(report: Status, zone: ZoneInfo, name: Names) -> None:
    """The value first, in the colour of what it means; then every sentence of the answer."""
    first, *more = status_text(report, zone, name).splitlines()
    line(first, _VALUES[report.reading.value] if report.reading else "bold red")
    for each in more:
        line(each)


def show_history(page: HistoryPage, zone: ZoneInfo, name: Names) -> None:
    """One row a change at a terminal; everywhere else a line for each with all its sentences."""
    if not is_terminal() or not page.lines:
        line(history_text(page, zone, name))
        return
    table(COLUMNS, [_row(change, zone, name) for change in page.lines])
    if page.unreadable:
        line(unmarked(unreadable(page)))
    if page.older:
        line(f"Older changes: --before {page.older}")


def _row(change: HistoryLine, zone: ZoneInfo, name: Names) -> tuple[str, ...]:
    request = change.request
    by = name(request.requester_id) if request.requester_id else "-"
    approvers = ", ".join(name(person) for person in change.approved_by) or "-"
    asked, until = _moment(request.created_at, zone), _moment(request.window_end, zone)
    kind, state = (word.value.replace("_", " ") for word in (request.kind, request.state))
    return f"#{request.id}", kind, state, asked, by, approvers, until, request.reason or "-"


def _moment(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}" if instant else "-"
