"""The command line: one verb a function, each importing only what it needs. The only place that prints."""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from bot.command_line import arguments, verbs
from bot.command_line.several_tenants import add_tenant
from bot.failure_messages import told
from bot.settings.home_directory import see_to_a_home
from bot.terminal import discard_output, flush_or_discard_output, make_streams_usable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 not, 2 wrong settings or a wrong call."""
    make_streams_usable()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.tenant is not None and options.verb in OF_NO_TENANT:
        parser.error("this verb is of no single tenant; leave --tenant out")
    see_to_a_home()
    if options.verb in (_run, _sandbox) or vars(options).get("follow"):
        _end_quietly_when_told()
    verb: Callable[[argparse.Namespace], int] = options.verb
    try:
        return _attempt(partial(_flushed, verb, options))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        discard_output()
        return 1


def _flushed(verb: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    code = verb(options)
    sys.stdout.flush()
    return code


def _attempt(act: Callable[[], int], tell: Callable[[str], object] | None = None) -> int:
    """Act and return the exit code; what fails is told, to standard error unless ``tell`` takes it."""
    try:
        return act()
    except BrokenPipeError:
        raise
    except Exception as error:
        return _explain(error, tell)


def _end_quietly_when_told() -> None:
    """End at once when told to: until ``bot.stop_signals`` listens, nothing is in hand that could be lost."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _explain(error: Exception, tell: Callable[[str], object] | None) -> int:
    logging.getLogger(__name__).debug("failed", exc_info=error)
    lines, code = told(error)
    if tell is not None:
        tell("\n".join(lines))
        return code
    for line in lines:
        print(line, file=sys.stderr)
    if isinstance(error, OSError):
        flush_or_discard_output()
    return code


def _run(options: argparse.Namespace) -> int:
    from bot import gc_tuning

    gc_tuning.put_off()  # until all of it is imported and wired: bot.process.run
    load_logging_plainly()
    settings = verbs.settings_for("slack", "exchange", "database", mode=options.mode, serving=True)
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

    return run(port=options.port, mode=options.mode, tenants=options.tenants)


OF_NO_TENANT = (_run, _sandbox, verbs.init, verbs.migrate, verbs.onboard, verbs.probe)


def _parser() -> argparse.ArgumentParser:
    what = "Exchange Online's AllowLegacyTLSClients under four-eyes control."
    parser = argparse.ArgumentParser(prog="legacytls", description=what)
    add_tenant(parser, attempt=_attempt)
    added = parser.add_subparsers(required=True, metavar="verb")
    arguments.add_run(_verb(added, "run", _run, "serve Slack"))
    sandbox = "a whole workspace and tenant on this machine, nothing to configure"
    arguments.add_sandbox(_verb(added, "sandbox", _sandbox, sandbox))
    init = "ask for the settings, prove each answer, and write .env"
    arguments.add_init(_verb(added, "init", verbs.init, init))
    _verb(added, "migrate", verbs.migrate, "bring the database to the current schema")
    arguments.add_check(_verb(added, "check", verbs.check, "prove the set-up, one verdict a line"))
    arguments.add_json(_verb(added, "status", verbs.status, "the live value and what it means"))
    arguments.add_history(_verb(added, "history", verbs.history, "the newest changes"))
    calendar = "Microsoft's dates; with --ics also the ends of windows, as a calendar file"
    arguments.add_calendar(_verb(added, "calendar", verbs.calendar, calendar))
    devices = _verb(added, "devices", verbs.devices, "the register of devices that still need legacy TLS")
    arguments.add_devices(devices, verbs.devices)
    arguments.add_verify(_verb(added, "verify", verbs.verify, "check the hash chain of the record"))
    arguments.add_export(_verb(added, "export", verbs.export, "write the record to standard output"))
    evidence = "write the evidence of a period for an auditor, as one zip"
    arguments.add_evidence(_verb(added, "evidence", verbs.evidence, evidence))
    probe = "which TLS versions an endpoint takes; sends no credential and no mail"
    onboard = "what the administrator of one of several tenants has to do"
    arguments.add_alias(_verb(added, "onboard", verbs.onboard, onboard))
    arguments.add_probe(_verb(added, "probe", verbs.probe, probe))
    return parser


def _verb(
    added: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    what: str,
) -> argparse.ArgumentParser:
    parser = added.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    parser.set_defaults(verb=function)
    if function not in OF_NO_TENANT:
        add_tenant(parser)
    return parser
