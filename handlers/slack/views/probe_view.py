"""Draw what a probe has found: the answer to ``/legacytls probe``, what has changed, and a line of status."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from handlers.outgoing.news import ProbeChanged
from handlers.probe_ports import ProbeOutcome, ProbeRow
from handlers.queries.probe import Probed
from handlers.slack.views.blocks import Message, section, small
from handlers.slack.views.mrkdwn import escape, fitted, instant
from handlers.suggested import Suggested
from storage.probes import KnownVersion

TAKES_NO_HOST = (
    "Nothing was probed: here it takes no host, so that nobody looks around the network through the bot. "
    f"{Suggested('probe')} alone probes what the settings name; at the command line, `legacytls probe "
    "HOST:PORT` probes any."
)
PROVES = (
    "What the endpoints do towards the bot's machine, never whether the tenant is opted in: "
    f"{Suggested('status')} tells that."
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
    """Return the progress line after two seconds."""
    return Message(text=UNDER_WAY)


def probed(report: Probed) -> Message:
    """Return what each endpoint does, and what that does not prove."""
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


USELESS = (
    "An opt-in serves nothing there any more: old devices have to be replaced, or sent through a relay "
    "that speaks TLS 1.2."
)


def changed(said: ProbeChanged) -> str:
    """Tell that an endpoint takes, or refuses, what it did not when it was last probed."""
    does = [f"no longer takes TLS {said.refused}"] if said.refused else []
    does += [f"takes TLS {said.taken} now"] if said.taken else []
    useless = f" {USELESS}" if said.useless else ""
    return (
        f":satellite_antenna: `{escape(said.target)}` {' and '.join(does)}, as probed from the bot's "
        f"machine.{useless}"
    )


def refusals(known: Sequence[KnownVersion], hosts: Sequence[str], zone: ZoneInfo) -> str:
    """Draw a line for each legacy host seen to refuse old TLS; empty where none was probed."""
    old = [one for one in known if one.host in hosts and one.tls in ("1.0", "1.1") and one.accepted is False]
    return "\n".join(_refusals(old, zone))


def _refusals(old: Sequence[KnownVersion], zone: ZoneInfo) -> Iterator[str]:
    for host, versions in groupby(old, key=lambda one: one.host):
        each = list(versions)
        since = min(one.since for one in each if one.since is not None)
        useless = " An opt-in serves nothing there." if len({one.tls for one in each}) == 2 else ""
        told = (
            f"`{escape(host)}` refuses TLS {' and '.join(one.tls for one in each)}, seen {_at(since, zone)}."
        )
        yield f":no_entry: {told}{useless}"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return instant(moment, zone)
