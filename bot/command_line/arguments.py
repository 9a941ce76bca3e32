"""Read single arguments of the command line: text in, value out, or a sentence that says what to write."""

import argparse
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.command_line.several_tenants import add_tenant

if TYPE_CHECKING:
    from handlers.probe_ports import ProbeTarget


def number(text: str) -> int:
    """Return a count, or the number of a change."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) < 1_000_000_000:
        raise argparse.ArgumentTypeError("write a whole number, 1 or more")
    return int(text)


def few(text: str) -> int:
    """How many tenants the sandbox plays: no more than it has names for (``bot.sandbox.tenants.MOST``)."""
    if not re.fullmatch(r"[1-8]", text):
        raise argparse.ArgumentTypeError("write a number between 1 and 8")
    return int(text)


def port(text: str) -> int:
    """Return a TCP port; 0 lets the system choose.

    What is larger the system would take all the same, without its upper bits.
    """
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError("write a port number between 0 and 65535; 0 takes a free one")
    return int(text)


def day(text: str) -> date:
    """A day as YYYY-MM-DD; the other forms of ISO 8601 are none: ``20261123`` may be an event's number."""
    try:
        return date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        raise argparse.ArgumentTypeError("write a day, such as 2026-11-23") from None


def beginning(text: str) -> int | date:
    """Return where an export begins: the number of an event, behind which; or a day."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else day(text)


def mapped(text: str) -> tuple[str, str]:
    """Return which column of a file a field is."""
    field, equals, column = text.partition("=")
    if not field or not equals or not column:
        raise argparse.ArgumentTypeError("write it as FIELD=COLUMN, such as sender=Absender")
    return field.strip(), column


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, which every verb takes that shows something."""
    parser.add_argument("--json", action="store_true", help="for machines")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add what ``run`` takes."""
    modes = "default: socket when SLACK_APP_TOKEN is set, else http"
    parser.add_argument("--mode", choices=("socket", "http"), help=modes)
    parser.add_argument(
        "--host", default="127.0.0.1", help="HTTP mode: address to listen on (default 127.0.0.1)"
    )
    parser.add_argument("--port", type=port, default=3000, help="HTTP mode: port to listen on (default 3000)")


def add_sandbox(parser: argparse.ArgumentParser) -> None:
    """Add what ``sandbox`` takes."""
    modes = "how the simulated Slack reaches the bot"
    several = "so many tenants, at most 8, each with a channel of its own (default 1)"
    parser.add_argument("--tenants", type=few, default=1, metavar="N", help=several)
    parser.add_argument("--port", type=port, default=8642, help="port of the page (default 8642)")
    parser.add_argument("--mode", choices=("socket", "http"), default="socket", help=modes)


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add what ``check`` takes."""
    add_json(parser)
    post = "also send one test card to the channel, and take it away again"
    parser.add_argument("--post", action="store_true", help=post)


def add_init(parser: argparse.ArgumentParser) -> None:
    """Add what ``init`` takes."""
    file = "ask nothing: YAML, or the form of .env; - is standard input"
    parser.add_argument("--answers", type=Path, metavar="FILE", help=file)
    parser.add_argument("--force", action="store_true", help="change a .env that is there without asking")
    unproven = "with --answers: write them even where a proof fails"
    parser.add_argument("--unproven", action="store_true", help=unproven)


def add_calendar(parser: argparse.ArgumentParser) -> None:
    """Add what ``calendar`` takes."""
    add_json(parser)
    parser.add_argument("--ics", action="store_true", help="an iCalendar (RFC 5545)")


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Add what ``verify`` takes."""
    head = "a head that was posted in Slack"
    accept = (
        "go on with a database that was put back, or is not authenticated, as it stands: open requests "
        "become stale"
    )
    parser.add_argument("--witness", type=witness, metavar="SEQUENCE:HASH", help=head)
    parser.add_argument("--accept-restore", action="store_true", help=accept)
    add_json(parser)


def add_probe(parser: argparse.ArgumentParser) -> None:
    """Add what ``probe`` takes."""
    where = (
        "SMTP with STARTTLS, POP3, IMAP or implicit TLS (default: the cloud's legacy hosts and its "
        "standard host)"
    )
    parser.add_argument("targets", nargs="*", type=target, metavar="HOST:PORT", help=where)
    add_json(parser)


def add_alias(parser: argparse.ArgumentParser) -> None:
    """Add what ``onboard`` takes."""
    parser.add_argument("alias", metavar="ALIAS", help="the tenant's name in the file of LEGACYTLS_TENANTS")


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add what ``history`` takes."""
    add_json(parser)
    narrowed = "a state, a kind, a person's Slack id or a period, such as: rejected U0BOB 2026-11"
    parser.add_argument("words", nargs="*", metavar="WORD", help=narrowed)
    parser.add_argument("--before", type=number, metavar="N", help="start below this change number")
    parser.add_argument("--limit", type=number, metavar="N", default=20, help="changes to show (default 20)")


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add what ``export`` takes."""
    forms = (
        "jsonl (default): every event, which proves itself; csv: a table with one row a change, for a "
        "spreadsheet"
    )
    parser.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help=forms)
    since = "the events behind this number; or a first day (UTC), of a table: on which a change was asked for"
    parser.add_argument("--since", type=beginning, metavar="SEQ|YYYY-MM-DD", help=since)
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="last day (UTC), included")
    parser.add_argument(
        "--follow", action="store_true", help="go on with each event as it is recorded, until told to stop"
    )


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """Add what ``evidence`` takes."""
    parser.add_argument(
        "--from", dest="first", type=day, required=True, metavar="YYYY-MM-DD", help="first day (UTC)"
    )
    last = "last day (UTC), included"
    parser.add_argument("--to", dest="last", type=day, required=True, metavar="YYYY-MM-DD", help=last)
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the zip to write; it must not exist yet"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")
    nameless = "leave the names of people out; their Slack ids stand alone"
    parser.add_argument("--no-names", dest="names", action="store_false", help=nameless)


def add_devices(parser: argparse.ArgumentParser, verb: Callable[[argparse.Namespace], int]) -> None:
    """Add what ``devices`` takes, and ``devices import``, which the same function does."""
    add_json(parser)
    parser.add_argument("--csv", action="store_true", help="for a spreadsheet")
    what = "read a report of senders or sign-ins, or a saved message"
    read = parser.add_subparsers(metavar="import FILE").add_parser(
        "import", help=what, description=f"{what.capitalize()}."
    )
    read.set_defaults(verb=verb)
    add_tenant(read)
    add_import(read)


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add what ``devices import`` takes."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="CSV, JSON or a message, told apart by its content"
    )
    parser.add_argument(
        "--from", dest="first_day", type=day, metavar="YYYY-MM-DD", help="first day of the report"
    )
    parser.add_argument(
        "--to", dest="last_day", type=day, metavar="YYYY-MM-DD", help="last day of the report"
    )
    columns = (
        "which column a field is: sender, tls10, tls11, tls12, messages or last_seen; may be given several "
        "times"
    )
    parser.add_argument(
        "--map", action="append", default=[], type=mapped, metavar="FIELD=COLUMN", help=columns
    )
    add_json(parser)


def target(text: str) -> "ProbeTarget":
    """Return an endpoint to probe."""
    from bot.probe import targets  # noqa: PLC0415 - only who probes waits for it

    try:
        return targets.target(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def witness(text: str) -> tuple[int, str]:
    """Return a head of the record: its sequence number and hash."""
    sequence, _, digest = text.strip().partition(":")
    if not re.fullmatch(r"[0-9]{1,18}", sequence) or not re.fullmatch(r"[0-9A-Fa-f]{64}", digest):
        raise argparse.ArgumentTypeError("write it as SEQUENCE:HASH, both as posted in the channel")
    return int(sequence), digest.lower()
