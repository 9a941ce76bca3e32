"""Draws the answer to ``/legacytls probe``: a line for each endpoint."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from handlers.probe_ports import ProbeOutcome, ProbeRow
from handlers.queries.probing import Probed
from handlers.slack.views.blocks import Message, section, small
from handlers.slack.views.mrkdwn import escape, fitted

TAKES_NO_HOST = (
    "Nothing was probed: here it takes no host, so that nobody looks around the network through the bot. "
    "`/legacytls probe` alone probes what the settings name; at the command line, `legacytls probe "
    "HOST:PORT` probes any."
)
PROVES = (
    "What the endpoints do towards the bot's machine, never whether the tenant is opted in: `/legacytls "
    "status` tells that."
)
FAILED = "The endpoints could not be probed. Try again; should it stay like this, tell whoever runs the bot."
UNDER_WAY = "Probing the endpoints, one connection a TLS version…"

_SAYS = {
    ProbeOutcome.ACCEPTED: "takes TLS {versions}",
    ProbeOutcome.REFUSED: "refuses {versions}",
    ProbeOutcome.NOT_TESTABLE: "{versions} not testable here",
    ProbeOutcome.UNREACHABLE: "unreachable ({detail})",
    ProbeOutcome.UNKNOWN: "{versions} unknown ({detail})",
}
"""In the order in which they are told."""

_LINES = 8
"""Endpoints a section, so that it stays below Slack's 3,000 characters."""


def under_way() -> Message:
    """The progress line after two seconds."""
    return Message(text=UNDER_WAY)


def probed(report: Probed) -> Message:
    """What each endpoint does, and what that does not prove."""
    if not report.rows:
        return Message(text=FAILED, blocks=[section(FAILED)])
    lines = [f"• {_line(list(rows))}" for _, rows in groupby(report.rows, key=lambda row: row.target)]
    age = "" if report.age is None else f"Probed {round(report.age)} s ago; once a minute at most. "
    parts = [section("\n".join(some)) for some in _batches(lines)]
    return Message(text="\n".join(lines), blocks=[*parts, *small([age + PROVES])])


def _batches(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    return (lines[at : at + _LINES] for at in range(0, len(lines), _LINES))


def _line(rows: Sequence[ProbeRow]) -> str:
    return fitted(f"`{escape(str(rows[0].target))}` {'; '.join(_outcomes(rows))}", 350)


def _outcomes(rows: Sequence[ProbeRow]) -> Iterator[str]:
    for outcome, says in _SAYS.items():
        of = [row for row in rows if row.outcome is outcome]
        if of:
            yield says.format(versions=", ".join(row.tls for row in of), detail=escape(of[0].detail))
