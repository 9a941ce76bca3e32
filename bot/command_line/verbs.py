"""What each verb of the command line does, but for those that serve; each imports only what it needs."""

import argparse
import json
import logging
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

from bot.command_line.several_tenants import for_tenants, is_all, no_such
from bot.failure_messages import WRONG_SETTINGS

if TYPE_CHECKING:
    from bot.settings.model import Settings


def init(options: argparse.Namespace) -> int:
    """Ask for the settings, prove each answer, and write ``.env``. Returns the exit code."""
    from bot.observability import logs
    from bot.setup.run import init

    logs.configure((), level="info")
    _quieten()
    return init(options.answers, force=options.force, unproven=options.unproven)


def migrate(options: argparse.Namespace) -> int:
    """Bring the database to the current schema. Returns the exit code."""
    settings = settings_for("database")
    from storage.migrate import put_guards_back, upgrade

    url = settings.database_url.get_secret_value()
    print(f"The database is at schema {upgrade(url)}.")
    put_back = put_guards_back(url)
    if put_back:
        print(
            f"Guards of the record were missing and are back: {', '.join(put_back)}. `legacytls verify` "
            "tells what was changed."
        )
    return 0


def check(options: argparse.Namespace) -> int:
    """Prove the set-up, one verdict a line. Returns the exit code."""
    from bot.checks.run import check
    from bot.settings.load import WrongSettings

    def act(settings: "Settings", one: argparse.Namespace) -> int:
        return check(settings, as_json=one.json, post=one.post)

    try:
        return for_tenants(options, settings_for("slack", "exchange", "database"), act)
    except WrongSettings as wrong:
        if wrong.names != {"DATABASE_URL"}:
            raise
        rest = settings_for("slack", "exchange", without=wrong.names)
        why = [line.partition(": ")[2] for line in wrong.lines]

        def rest_of(settings: "Settings", one: argparse.Namespace) -> int:
            return check(settings, as_json=one.json, post=one.post, no_database=why)

        for_tenants(options, rest, rest_of)
        return WRONG_SETTINGS


def status(options: argparse.Namespace) -> int:
    """Print the live value and what it means. Returns the exit code."""
    return for_tenants(options, settings_for("exchange", "database"), _status)


def _status(settings: "Settings", options: argparse.Namespace) -> int:
    from bot.reports.status_and_history import status, status_data

    report = status(settings)
    if options.json:
        print(json.dumps(status_data(report), indent=2))
    else:
        from bot.reports.slack_names import names_of
        from bot.reports.status_and_history import show_status

        show_status(report, settings.timezone, names_of(settings))
    return 0 if report.problem is None else 1


def history(options: argparse.Namespace) -> int:
    """Print the newest changes. Returns the exit code."""
    from bot.process import utc_now
    from handlers.queries.history import WrongWords, history_question

    try:
        options.asked = history_question(options.words, reader=None, today=utc_now().date())
    except WrongWords as wrong:
        sys.stderr.write(f"legacytls: {wrong}\n")
        return WRONG_SETTINGS
    return for_tenants(options, settings_for("database"), _history)


def _history(settings: "Settings", options: argparse.Namespace) -> int:
    from bot.reports.status_and_history import history, history_data

    before = options.before or options.asked.before
    page = history(settings, before=before, limit=options.limit, only=options.asked.only)
    if options.json:
        print(json.dumps(history_data(page), indent=2))
    else:
        from bot.reports.slack_names import names_of
        from bot.reports.status_and_history import show_history

        show_history(page, settings.timezone, names_of(settings))
    return 0


def calendar(options: argparse.Namespace) -> int:
    """Print Microsoft's dates. Returns the exit code."""
    alone = "a calendar file is of one tenant" if options.ics else ""
    return for_tenants(options, settings_for("database"), _calendar, alone=alone)


def _calendar(settings: "Settings", options: argparse.Namespace) -> int:
    from bot.reports.calendar import show_calendar

    return show_calendar(settings, as_json=options.json, as_ics=options.ics)


def devices(options: argparse.Namespace) -> int:
    """Print the register, or import a report. Returns the exit code."""
    from bot.reports.devices import import_or_show

    alone = "a report is of one tenant" if "file" in options else ""
    alone = "a table for a spreadsheet is of one tenant" if getattr(options, "csv", False) else alone
    return for_tenants(options, settings_for("database"), import_or_show, alone=alone)


def verify(options: argparse.Namespace) -> int:
    """Check the hash chain of the record. Returns the exit code."""
    alone = "a restored database is accepted" if options.accept_restore else ""
    alone = "a head is" if options.witness else alone
    return for_tenants(
        options, settings_for("database"), _verify, alone=f"{alone} of one tenant" if alone else ""
    )


def _verify(settings: "Settings", options: argparse.Namespace) -> int:
    from bot.reports.verify import accept_record, check_record

    if options.accept_restore:
        return accept_record(settings)
    return check_record(settings, witness=options.witness, as_json=options.json)


def export(options: argparse.Namespace) -> int:
    """Write the record to standard output. Returns the exit code."""
    alone = "a table for a spreadsheet is of one tenant" if options.format == "csv" else ""
    alone = "each tenant counts its own events" if _behind_a_number(options) else alone
    return for_tenants(options, settings_for("database"), _export, alone=alone, gathers=False)


def _behind_a_number(options: argparse.Namespace) -> bool:
    return options.follow or isinstance(options.since, int)


def _export(settings: "Settings", options: argparse.Namespace) -> int:
    days = {"form": options.format, "since": options.since, "until": options.until}
    if _behind_a_number(options):
        from bot.reports.export import export_behind

        return export_behind(settings, **days, follow=options.follow)
    from bot.reports.export import export_record

    return export_record(settings, **days)


def evidence(options: argparse.Namespace) -> int:
    """Write the evidence of a period. Returns the exit code."""
    settings = settings_for("database")
    from bot.process import utc_now
    from bot.reports.evidence import WrongTarget, folder_of
    from handlers.policy.periods import WrongPeriod, period_of

    if is_all(options) and settings.fleet is not None:
        try:
            period_of(options.first, options.last, utc_now().date())
            folder_of(options.output)
        except (WrongPeriod, WrongTarget) as wrong:
            print(f"legacytls: {wrong}", file=sys.stderr)
            return WRONG_SETTINGS
    return for_tenants(options, settings, _evidence)


def _evidence(settings: "Settings", options: argparse.Namespace) -> int:
    from bot.reports.evidence import write_evidence

    days, output = {"first": options.first, "last": options.last}, options.output
    if is_all(options):
        output = output / f"{options.alias}.zip"
        if output.exists() and not options.force:
            print(f"{output} is there already; --force writes it anew.")
            return 0
    return write_evidence(settings, **days, output=output, force=options.force, names=options.names)


def onboard(options: argparse.Namespace) -> int:
    """Print what a tenant's administrator has to do. Returns the exit code."""
    settings = settings_for()
    from bot.settings.tenants import fleet_of
    from bot.setup.onboarding import onboard

    fleet = fleet_of(settings)
    if fleet is None:
        print(
            "legacytls: it is for several tenants, and LEGACYTLS_TENANTS is not set; set it to the path of "
            "the file that names them.",
            file=sys.stderr,
        )
        return WRONG_SETTINGS
    one = fleet.find(options.alias)
    return onboard(one) if one is not None else no_such(options.alias, fleet)


def probe(options: argparse.Namespace) -> int:
    """Print which TLS versions the endpoints take. Returns the exit code."""
    settings = settings_for()
    from bot.probe.run import probe_and_show

    return probe_and_show(options.targets or settings.probed(), as_json=options.json)


def settings_for(
    *need: str, mode: str | None = None, serving: bool = False, without: Collection[str] = ()
) -> "Settings":
    """Load settings and print their warnings; ``need`` and the rest as in ``bot.settings.load``."""
    from bot.observability import logs
    from bot.settings.load import load

    settings = load(need=set(need), mode=mode, without=without)
    logs.configure(settings.secrets(), level=settings.log_level)
    if not serving and settings.log_level == "info":
        _quieten()
    for warning in settings.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return settings


def _quieten() -> None:
    """Leave what libraries log out of the output of a short verb: its answer says what Slack did."""
    logging.getLogger().setLevel(logging.WARNING)
    for name in ("slack_sdk", "slack_sdk.web.base_client"):  # the second has a level of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)
