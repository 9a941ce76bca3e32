"""The command line: one verb a function, each importing only what it needs. The only place that prints."""

import argparse
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot import arguments
from bot.failures import WRONG_SETTINGS, told
from bot.settings.home import see_to_a_home

if TYPE_CHECKING:
    from bot.settings.model import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 not, 2 wrong settings or a wrong call."""
    _see_to_streams()
    options = _parser().parse_args(arguments)
    see_to_a_home()
    if options.verb in (_run, _sandbox):
        _end_quietly_when_told()
    verb: Callable[[argparse.Namespace], int] = options.verb
    try:
        code = verb(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _unheard()
    except Exception as error:
        return _explain(error)
    return code


def _see_to_streams() -> None:
    """Make every stream one that can be written to, and every sign one that can be written.

    Python has ``None`` for a stream that was closed by whoever started it (``status >&-``), and the next file to be opened, such
    as a database, would get its number. A terminal that knows ASCII only gets question marks.
    """
    while (free := os.open(os.devnull, os.O_RDWR)) < 3:  # 0, 1 and 2 are the standard streams
        os.set_inheritable(free, True)
    os.close(free)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_quietly_when_told() -> None:
    """Until the bot listens itself (``bot.stopping``) there is nothing in hand that could be lost, and loading takes a second."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _unheard() -> int:
    """Nobody reads any more (``legacytls export | head``): what is still buffered goes nowhere, and that is no error to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _explain(error: Exception) -> int:
    logging.getLogger(__name__).debug("failed", exc_info=error)
    lines, code = told(error)
    for line in lines:
        print(line, file=sys.stderr)
    if isinstance(error, OSError):
        _discard_what_cannot_be_written()
    return code


def _discard_what_cannot_be_written() -> None:
    """Python writes at its end what is still buffered, and tells of a full disk in its own words."""
    try:
        sys.stdout.flush()
    except OSError:
        _unheard()


def _run(options: argparse.Namespace) -> int:
    from bot import gc_tuning

    gc_tuning.put_off()  # until all of it is imported and wired: bot.process.run
    load_logging_plainly()
    settings = _settings("slack", "exchange", "database", mode=options.mode, serving=True)
    from bot.observability import logs
    from bot.process import run
    from bot.settings.load import withhold_from_bolt

    logs.catch_uncaught()
    withhold_from_bolt()
    return run(settings, mode=options.mode or settings.mode, host=options.host, port=options.port)


def load_logging_plainly() -> None:
    """Import ``structlog`` without what it draws tracebacks with at a terminal: the bot logs JSON, and pays for nothing else.

    ``None`` in ``sys.modules`` is what the import system takes for a module that is not installed.
    """
    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]
        import structlog  # noqa: F401 - its own modules look for rich now, and not again

        del sys.modules["rich"]


def _sandbox(options: argparse.Namespace) -> int:
    from bot.sandbox.run import run

    return run(port=options.port, mode=options.mode)


def _migrate(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from storage.migrate import put_guards_back, upgrade

    url = settings.database_url.get_secret_value()
    print(f"The database is at schema {upgrade(url)}.")
    put_back = put_guards_back(url)
    if put_back:
        print(
            f"Guards of the record were missing and are back: {', '.join(put_back)}. `legacytls verify` tells what was changed."
        )
    return 0


def _check(options: argparse.Namespace) -> int:
    from bot.checks.run import check
    from bot.settings.load import WrongSettings

    try:
        return check(_settings("slack", "exchange", "database"), as_json=options.json)
    except WrongSettings as wrong:
        if wrong.names != {"DATABASE_URL"}:
            raise
        rest = _settings("slack", "exchange", without=wrong.names)
        check(rest, as_json=options.json, no_database=[line.partition(": ")[2] for line in wrong.lines])
        return WRONG_SETTINGS


def _status(options: argparse.Namespace) -> int:
    settings = _settings("exchange", "database")
    from bot.reports.answers import status, status_data

    report = status(settings)
    if options.json:
        print(json.dumps(status_data(report), indent=2))
    else:
        from bot.reports.names import names_of
        from bot.reports.tables import show_status

        show_status(report, settings.timezone, names_of(settings))
    return 0 if report.problem is None else 1


def _history(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.answers import history, history_data

    page = history(settings, before=options.before, limit=options.limit)
    if options.json:
        print(json.dumps(history_data(page), indent=2))
    else:
        from bot.reports.names import names_of
        from bot.reports.tables import show_history

        show_history(page, settings.timezone, names_of(settings))
    return 0


def _calendar(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.calendar import show_calendar

    return show_calendar(settings, as_json=options.json, as_ics=options.ics)


def _devices(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.devices import import_or_show

    return import_or_show(settings, options)


def _verify(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.record import accept_record, check_record

    if options.accept_restore:
        return accept_record(settings)
    return check_record(settings, witness=options.witness, as_json=options.json)


_FORMATS = "jsonl (default): every event, which proves itself; csv: a table with one row a change, for a spreadsheet"


def _export(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.record import export_record

    return export_record(settings, form=options.format, since=options.since, until=options.until)


def _evidence(options: argparse.Namespace) -> int:
    settings = _settings("database")
    from bot.reports.evidence import write_evidence

    days = {"first": options.first, "last": options.last}
    return write_evidence(settings, **days, output=options.output, force=options.force, names=options.names)


def _probe(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.probe.answers import probe_and_show

    return probe_and_show(options.targets or settings.probed(), as_json=options.json)


def _settings(*need: str, mode: str | None = None, serving: bool = False, without: Collection[str] = ()) -> "Settings":
    from bot.observability import logs
    from bot.settings.load import load

    settings = load(need=set(need), mode=mode, without=without)
    logs.configure(settings.secrets(), level=settings.log_level)
    if not serving and settings.log_level == "info":
        logging.getLogger().setLevel(logging.WARNING)
        for name in ("slack_sdk", "slack_sdk.web.base_client"):  # the second has its own level (handlers.slack.client.web_api)
            logging.getLogger(name).setLevel(logging.CRITICAL)  # the answer itself says what Slack did
    for warning in settings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="legacytls", description="Exchange Online's AllowLegacyTLSClients under four-eyes control."
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")
    run = _verb(verbs, "run", _run, "serve Slack")
    run.add_argument("--mode", choices=("socket", "http"), help="default: socket when SLACK_APP_TOKEN is set, else http")
    run.add_argument("--host", default="127.0.0.1", help="HTTP mode: address to listen on (default 127.0.0.1)")
    run.add_argument("--port", type=arguments.port, default=3000, help="HTTP mode: port to listen on (default 3000)")
    sandbox = _verb(verbs, "sandbox", _sandbox, "a whole workspace and tenant on this machine, nothing to configure")
    sandbox.add_argument("--port", type=arguments.port, default=8642, help="port of the page (default 8642)")
    sandbox.add_argument("--mode", choices=("socket", "http"), default="socket", help="how the simulated Slack reaches the bot")
    _verb(verbs, "migrate", _migrate, "bring the database to the current schema")
    for name, function, what in (
        ("check", _check, "prove the set-up, one verdict a line"),
        ("status", _status, "the live value and what it means"),
        ("history", _history, "the newest changes"),
        ("calendar", _calendar, "Microsoft's dates; with --ics also the ends of windows, as a calendar file"),
    ):
        verb = _verb(verbs, name, function, what)
        verb.add_argument("--json", action="store_true", help="for machines")
        if name == "calendar":
            verb.add_argument("--ics", action="store_true", help="an iCalendar (RFC 5545)")
        if name == "history":
            arguments.add_history(verb)
    arguments.add_devices(_verb(verbs, "devices", _devices, "the register of devices that still need legacy TLS"), _devices)
    _record_verbs(verbs)
    probe = _verb(verbs, "probe", _probe, "which TLS versions an endpoint takes; sends no credential and no mail")
    where = "SMTP with STARTTLS, POP3, IMAP or implicit TLS (default: the cloud's legacy hosts and its standard host)"
    probe.add_argument("targets", nargs="*", type=arguments.target, metavar="HOST:PORT", help=where)
    probe.add_argument("--json", action="store_true", help="for machines")
    return parser


def _record_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = _verb(verbs, "verify", _verify, "check the hash chain of the record")
    verify.add_argument("--witness", type=arguments.witness, metavar="SEQUENCE:HASH", help="a head that was posted in Slack")
    accept = "go on with a database that was put back, or is not authenticated, as it stands: open requests become stale"
    verify.add_argument("--accept-restore", action="store_true", help=accept)
    verify.add_argument("--json", action="store_true", help="for machines")
    export = _verb(verbs, "export", _export, "write the record to standard output")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help=_FORMATS)
    days = "first day (UTC); of a table: on which a change was asked for"
    export.add_argument("--since", type=arguments.day, metavar="YYYY-MM-DD", help=days)
    export.add_argument("--until", type=arguments.day, metavar="YYYY-MM-DD", help="last day (UTC), included")
    evidence = _verb(verbs, "evidence", _evidence, "write the evidence of a period for an auditor, as one zip")
    arguments.add_evidence(evidence)


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    parser.set_defaults(verb=function)
    return parser
