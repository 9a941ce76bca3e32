"""The command line: one verb a function, each importing only what it needs. The only place that prints."""

import argparse
import json
import logging
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from bot import arguments, streams
from bot.failures import WRONG_SETTINGS, told
from bot.settings.home import see_to_a_home

if TYPE_CHECKING:
    from bot.settings.model import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 not, 2 wrong settings or a wrong call."""
    streams.make_usable()
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
        streams.discard()
        return 1
    except Exception as error:
        return _explain(error)
    return code


def _end_quietly_when_told() -> None:
    """End at once when told to: until ``bot.stopping`` listens, nothing is in hand that could be lost."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _explain(error: Exception) -> int:
    logging.getLogger(__name__).debug("failed", exc_info=error)
    lines, code = told(error)
    for line in lines:
        print(line, file=sys.stderr)
    if isinstance(error, OSError):
        streams.discard_what_cannot_be_written()
    return code


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
    """Import ``structlog`` without ``rich``, which it would load for tracebacks that the bot never prints.

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
    what = "Exchange Online's AllowLegacyTLSClients under four-eyes control."
    parser = argparse.ArgumentParser(prog="legacytls", description=what)
    verbs = parser.add_subparsers(required=True, metavar="verb")
    arguments.add_run(_verb(verbs, "run", _run, "serve Slack"))
    sandbox = "a whole workspace and tenant on this machine, nothing to configure"
    arguments.add_sandbox(_verb(verbs, "sandbox", _sandbox, sandbox))
    _verb(verbs, "migrate", _migrate, "bring the database to the current schema")
    arguments.add_json(_verb(verbs, "check", _check, "prove the set-up, one verdict a line"))
    arguments.add_json(_verb(verbs, "status", _status, "the live value and what it means"))
    arguments.add_history(_verb(verbs, "history", _history, "the newest changes"))
    calendar = "Microsoft's dates; with --ics also the ends of windows, as a calendar file"
    arguments.add_calendar(_verb(verbs, "calendar", _calendar, calendar))
    devices = _verb(verbs, "devices", _devices, "the register of devices that still need legacy TLS")
    arguments.add_devices(devices, _devices)
    arguments.add_verify(_verb(verbs, "verify", _verify, "check the hash chain of the record"))
    arguments.add_export(_verb(verbs, "export", _export, "write the record to standard output"))
    evidence = "write the evidence of a period for an auditor, as one zip"
    arguments.add_evidence(_verb(verbs, "evidence", _evidence, evidence))
    probe = "which TLS versions an endpoint takes; sends no credential and no mail"
    arguments.add_probe(_verb(verbs, "probe", _probe, probe))
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    parser.set_defaults(verb=function)
    return parser
