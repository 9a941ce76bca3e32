"""Draws what a probe has found changed: in the channel, and as a line of status."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from handlers.outgoing.news import ProbeChanged
from handlers.slack.views.mrkdwn import escape, instant
from storage.probes import KnownVersion

USELESS = (
    "An opt-in serves nothing there any more: old devices have to be replaced, or sent through a relay "
    "that speaks TLS 1.2."
)


def changed(said: ProbeChanged) -> str:
    """That an endpoint takes, or refuses, what it did not when it was last probed."""
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
