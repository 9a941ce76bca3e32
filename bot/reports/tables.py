"""Show answers at the command line: tables in colour at a terminal, the same text elsewhere."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.reports.answers import history_text, status_text
from bot.terminal import is_terminal, line, table
from handlers.queries.history import HistoryLine, HistoryPage
from handlers.queries.status import Status
from handlers.slack.views.plain import Names, unmarked
from handlers.slack.views.replies import unreadable
from storage.records import SettingValue

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
