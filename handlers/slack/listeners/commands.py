"""Acknowledge, parse and hand over ``/legacytls``. Nothing is read or written before the acknowledgement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from slack_bolt import Ack, Respond
from slack_sdk.models.views import View

from handlers.changes.form_proposals import Proposal
from handlers.outgoing.request_view import SMTP_AUTH_OFF
from handlers.policy.invisible_characters import hidden
from handlers.policy.rule import Reason
from handlers.queries.export import Exports, Form, StillExporting
from handlers.queries.history import WrongWords, history_question
from handlers.queries.probe import Probed
from handlers.queries.status import Status
from handlers.slack import command_text
from handlers.slack.client.directory import Names
from handlers.slack.command_text import subcommand
from handlers.slack.edge import BUSY, PROGRESS_AFTER, STALE_COMMAND, Edge, Reply, answered
from handlers.slack.listeners import devices, evidence, what_if
from handlers.slack.parsing import invocation
from handlers.slack.views import (
    calendar,
    help_and_history,
    mailbox_diagnosis,
    probe_view,
    request_forms,
    status_view,
)
from handlers.slack.views.blocks import Message
from handlers.slack.views.mrkdwn import instant
from handlers.slack.views.tickets import ticket_field
from handlers.suggested import Suggested
from storage.lifecycle import Kind


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What the help says of a word behind the command, and what the word does.

    ``urgent`` is what leads to a change: nothing else that is asked for holds it up.
    """

    hint: str
    act: Callable[["Commands", Reply, dict[str, Any]], None]
    urgent: bool = False


class Commands:
    """One listener for the one command, with a table of subcommands."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self._newest: tuple[Status | None, Message] = (None, Message(text=""))

    def listen(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Acknowledge a command and hand it over; a full executor is told with the acknowledgement."""
        word, nearest = subcommand(str(body.get("text") or ""), SUBCOMMANDS)
        reply = Reply(self.edge, respond, person=str(body["user_id"]), channel=str(body["channel_id"]))
        within, urgent = STALE_COMMAND.total_seconds(), bool(word) and self.table[word].urgent
        act = partial(self._admit, word, nearest, reply, body)
        if self.edge.do(reply, act, within=within, urgent=urgent):
            ack()
        else:
            ack(BUSY)

    def _admit(self, word: str, nearest: str, reply: Reply, body: dict[str, Any]) -> None:
        verdict = self.edge.dispatch.may_read(reply.person)
        if not verdict.allowed:
            reply.refuse(word or "help", verdict)
        elif unseen := hidden(str(body.get("text") or "")):
            reply.say(f"Nothing was done. {unseen}")
        elif word:
            self.table[word].act(self, reply, body)
        else:
            reply.finish(help_and_history.no_such(str(body["text"]).split()[0][:40], nearest))

    def _help(self, reply: Reply, body: dict[str, Any]) -> None:
        alias = self.edge.signature.alias if self.edge.signature is not None else ""
        reply.finish(help_and_history.help_text(self.edge.around.cloud, SUBCOMMANDS, alias))

    def _status(self, reply: Reply, body: dict[str, Any]) -> None:
        def answer(status: Status) -> None:
            self.edge.executor.follow(
                answered(reply, lambda: reply.finish(self._drawn(status))), person=reply.person
            )

        self.edge.executor.follow(
            lambda: reply.progress(help_and_history.reading_now()), delay=PROGRESS_AFTER
        )
        self.edge.dispatch.status.ask(answer, person=reply.person)

    def _drawn(self, status: Status) -> Message:
        """The answer for everybody who waited for the same reading, drawn once."""
        report, message = self._newest
        if report is not status:
            message = status_view.status(status, self.edge.zone)
            self._newest = status, message
        return message

    def _history(self, reply: Reply, body: dict[str, Any]) -> None:
        words = command_text.unescape(str(body.get("text") or "")).split()[1:]
        history, today = self.edge.dispatch.history, self.edge.around.now().date()
        try:
            asked = history_question(words, reader=reply.person, today=today)
        except WrongWords as wrong:
            reply.finish(help_and_history.history(history.page(), self.edge.zone, not_taken=str(wrong)))
        else:
            reply.finish(
                help_and_history.history(history.page(before=asked.before, only=asked.only), self.edge.zone)
            )

    def _calendar(self, reply: Reply, body: dict[str, Any]) -> None:
        around = self.edge.around
        listed = around.calendar.listing(around.cloud.name, around.today())
        reply.finish(calendar.calendar(listed, around.calendar.freshness(around.today())))

    def _export(self, reply: Reply, body: dict[str, Any]) -> None:
        person = reply.person
        if not reply.admits("export", self.edge.dispatch.query(Exports).may_export(person)):
            return
        if not self.edge.dispatch.is_first(invocation(body)):
            return  # a copy, whatever replica it was sent to
        words = str(body.get("text") or "").split()[1:]
        form: Form = "csv" if "csv" in [word.lower() for word in words] else "jsonl"
        others = " ".join(word for word in words if word.lower() != "csv")
        name = f"legacytls-record.{form}"
        try:
            with self.edge.dispatch.query(Exports).file(person, form, Names(self.edge.client)) as file:
                reply.send_file(name, file.length, file.pieces())
        except StillExporting as still:
            reply.say(str(still))
        else:
            reply.say(
                help_and_history.exported(name, not_taken=others)
            )  # owed even where Slack takes it only later

    def _why(self, reply: Reply, body: dict[str, Any]) -> None:
        address = command_text.address(str(body.get("text") or ""))
        if not reply.admits("why", self.edge.dispatch.locks.may_ask(reply.person)):
            return
        if address is None:
            reply.say(f"Name one mailbox: {Suggested('why scanner@contoso.com')}")
        else:
            self.edge.executor.follow(
                lambda: reply.progress(help_and_history.reading_now()), delay=PROGRESS_AFTER
            )
            reply.finish(mailbox_diagnosis.locks(self.edge.dispatch.locks.of(address)))

    def _probe(self, reply: Reply, body: dict[str, Any]) -> None:
        """Show probes to every full member: anybody on the internet could see the same."""
        if str(body.get("text") or "").split()[1:]:
            reply.say(probe_view.TAKES_NO_HOST)
            return

        def answer(report: Probed) -> None:
            self.edge.executor.follow(
                answered(reply, lambda: reply.finish(probe_view.probed(report))), person=reply.person
            )

        self.edge.executor.follow(lambda: reply.progress(probe_view.under_way()), delay=PROGRESS_AFTER)
        self.edge.probing.ask(answer)

    table: ClassVar[Mapping[str, Subcommand]] = {
        "status": Subcommand("the live value, read now, and what it means per protocol", _status),
        "enable": Subcommand(
            "ask to opt in; a second person has to approve",
            lambda own, reply, body: open_request(own.edge, reply, body, Kind.OPT_IN),
            urgent=True,
        ),
        "extend": Subcommand(
            "ask to keep the opt-in longer, or give it an end: the same rule as for opting in. An earlier "
            "end takes one person",
            lambda own, reply, body: open_request(own.edge, reply, body, Kind.EXTENSION),
            urgent=True,
        ),
        "disable": Subcommand(
            "opt out; one operator or approver suffices",
            lambda own, reply, body: open_opt_out(own.edge, reply, body),
            urgent=True,
        ),
        "history": Subcommand(
            "who asked, who decided, what was read back: all of it, or `history rejected @name 2026-11`",
            _history,
        ),
        "devices": Subcommand(
            "what still needs old TLS, whose it is, until when: `devices D12` shows one, `devices add` "
            "registers one",
            lambda own, reply, body: devices.command(own.edge, reply, body),
        ),
        "why": Subcommand(
            f"which lock keeps one mailbox's devices from sending: {Suggested('why scanner@contoso.com')}",
            _why,
        ),
        "whatif": Subcommand(
            f"who could decide an open request now, who not and why: {Suggested('whatif 12')}",
            lambda own, reply, body: what_if.command(own.edge, reply, body),
        ),
        "calendar": Subcommand("Microsoft's dates: past, running and to come, with their sources", _calendar),
        "probe": Subcommand("which TLS versions Microsoft's hosts take, seen from the bot's machine", _probe),
        "evidence": Subcommand(
            f"a period for an auditor, as a file in a direct message: {Suggested('evidence 2026-Q4')}",
            lambda own, reply, body: evidence.command(own.edge, reply, body),
        ),
        "export": Subcommand(
            "the whole record as a file in a direct message (`export csv`: a table, one row a change)",
            _export,
        ),
        "help": Subcommand("this overview", _help),
    }
    """What may follow ``/legacytls``."""


SUBCOMMANDS = {word: one.hint for word, one in Commands.table.items()}
"""The same and what each does: for the help, for whoever mistypes, and for the sandbox's page."""


def open_request(
    edge: Edge,
    reply: Reply,
    body: Mapping[str, Any],
    kind: Kind,
    *,
    earlier: int | None = None,
    unread: bool = False,
) -> None:
    """Open the form of an opt-in or an extension for whoever may ask, and tell everybody else why not.

    Raises ``Unavailable``. Prefilled from the request with the number ``earlier``; an extension without one,
    from the request behind the present window. With ``unread`` the form opens although the value could not be
    read in time: it is read when the form is sent.
    """
    verdict = edge.dispatch.requests.may_ask(reply.person, kind)
    not_read = verdict.reason is Reason.NOT_READ
    if verdict.allowed or (not_read and unread):
        edge.open_form(
            body, _request_form(edge.dispatch.proposals.request(kind, earlier), reply.channel, edge.zone)
        )
    elif not_read:
        reply.finish(help_and_history.open_form(verdict.sentence, kind))
    else:
        reply.refuse(f"ask_{kind.value}", verdict, earlier)


def open_opt_out(edge: Edge, reply: Reply, body: Mapping[str, Any], *, earlier: int | None = None) -> None:
    """Open the confirmation before opting out; ``earlier`` is the change it was asked beside."""
    if not reply.admits("opt_out", edge.dispatch.optouts.may_opt_out(reply.person), earlier):
        return
    proposal = edge.dispatch.proposals.opt_out()
    newest = proposal.seen
    seen, seen_at = (newest.value, instant(newest.at, edge.zone)) if newest else (None, "")
    form = request_forms.opt_out(
        channel=reply.channel,
        cloud=edge.around.cloud,
        removals=proposal.removals,
        seen=seen,
        seen_at=seen_at,
        devices=proposal.devices,
        register=proposal.register,
        ticket=ticket_field(edge.around.tickets, optional=True),
    )
    edge.open_form(body, form)


def _request_form(proposal: Proposal, channel: str, zone: ZoneInfo) -> View:
    earlier = proposal.earlier
    return request_forms.opt_in(
        callback=proposal.kind.value,
        extension=proposal.extension,
        channel=channel,
        briefing=proposal.briefing,
        warning=SMTP_AUTH_OFF if proposal.smtp_auth_off else "",
        proposed=proposal.day,
        latest=proposal.latest,
        zone=zone.key,
        expires=instant(proposal.expires_at, zone),
        runs_until=proposal.runs_until,
        reason=earlier.reason if earlier else "",
        clients=proposal.clients,
        protocols=earlier.protocols if earlier else (),
        register=proposal.register,
        ticket=ticket_field(proposal.tickets, text=proposal.ticket, optional=proposal.extension is not None),
    )
