"""Give examples of the short answers to subcommands, for Slack to judge."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from handlers.policy.rule import ALLOWED, Reason, Verdict
from handlers.ports import Cloud
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from handlers.queries.mailbox_diagnosis import Diagnosis, Lock
from handlers.queries.probe import Probed
from handlers.queries.what_if import Foresight, WhatIf
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.views import help_and_history, mailbox_diagnosis, probe_view, what_if
from handlers.slack.views.blocks import Message
from storage.lifecycle import Kind
from storage.records import ChangeRequest, SettingValue


def messages(
    cloud: Cloud, zone: ZoneInfo, request: ChangeRequest, person: str, other: str
) -> Iterator[tuple[str, Message]]:
    """Yield each with its name; ``request`` is open, ``person`` and ``other`` are ids of people."""
    yield "help", help_and_history.help_text(cloud, SUBCOMMANDS)
    yield "no such command", help_and_history.no_such("enabel", "enable")
    yield "reading", help_and_history.reading_now()
    yield "form to be opened", help_and_history.open_form("The value could not be read in time.", Kind.OPT_IN)
    yield "who can decide", what_if.what_if(_what_if(request, person, other), zone)
    rows = [
        ProbeRow(ProbeTarget("relay.contoso.com", 25), tls, ProbeOutcome.REFUSED, "refused")
        for tls in TlsVersion
    ]
    yield "probe", probe_view.probed(Probed(tuple(rows)))
    yield "probe, failed", probe_view.probed(Probed(()))
    yield "probing", probe_view.under_way()
    locks = (Lock("SMTP AUTH of the mailbox", False, "Set-CASMailbox"), Lock("The setting", None))
    for exists in (True, False):
        yield "why", mailbox_diagnosis.locks(Diagnosis("scanner@contoso.com", locks, exists=exists))


def _what_if(request: ChangeRequest, person: str, other: str) -> WhatIf:
    refused = Verdict(allowed=False, reason=Reason.NOT_APPROVER, sentence="You are not one of the approvers.")
    people = tuple(
        Foresight(person, verdict, counts=verdict.allowed)
        for verdict in (ALLOWED, refused)
        for _ in range(20)
    )
    live = SettingValue.NOT_SET
    return WhatIf(
        request,
        (person,),
        (other,),
        1,
        people,
        7,
        False,
        live,
        request.created_at,
        "",
        "The database is another one.",
    )
