"""Draw every layout the bot can send with examples, for Slack's ``blocks.validate``.

The examples are as long as Slack allows or the bot sends. Each function that draws a message or a view is
called here, and no block is ever sent that does not stand in one of these, on the same surface:
tests/handlers/slack/test_layouts.py.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.views import View

from handlers.calendar.calendar import Calendar
from handlers.outgoing.announcement_view import AnnouncementView, Offer
from handlers.outgoing.news import Overdue
from handlers.outgoing.reminders import ApprovalReminder, Ending, Weekly
from handlers.outgoing.request_view import SMTP_AUTH_OFF, RequestView
from handlers.policy.rule import Rule
from handlers.policy.votes import Tally
from handlers.ports import Cloud, Reading
from handlers.queries.history import HistoryLine, HistoryPage
from handlers.queries.status import Status
from handlers.slack.client import announcer
from handlers.slack.layouts import answers
from handlers.slack.layouts import devices as device_layouts
from handlers.slack.layouts import fleet as fleet_layouts
from handlers.slack.layouts.devices import RegisterExamples
from handlers.slack.layouts.home import HomeExamples
from handlers.slack.layouts.layout import Layout
from handlers.slack.views import (
    announcements,
    calendar,
    card_thread,
    cards,
    help_and_history,
    request_forms,
    request_outcomes,
    status_view,
    trial_card,
)
from handlers.slack.views.blocks import Message
from storage.lifecycle import Kind, State
from storage.messages.records import ReminderAnswer, ReminderReply
from storage.records import Baseline, ChangeRequest, Door, MailProtocol, Observation, SettingValue
from storage.streams import Backlog, Position

PERSON, OTHER, GROUP = "U00000001", "U00000002", "S00000001"
"""Ids as Slack spells them; they mention nobody where nothing is posted."""

LONG = "What a device needs, and why it cannot speak TLS 1.2 & more. " * 45
"""Close to the most that somebody can type into a field."""

TYPED = ("The lease ends in March.", LONG)


@dataclass(frozen=True, slots=True)
class Examples:
    """What the examples are drawn with."""

    rule: Rule
    cloud: Cloud
    calendar: Calendar
    zone: ZoneInfo
    now: datetime

    def layouts(self) -> Iterator[Layout]:
        """Draw each layout, those about requests in every state."""
        for kind, state, text in itertools.product(Kind, State, TYPED):
            yield from self._about_a_request(f"{kind.value}, {state.value}", self._view(kind, state, text))
        asked = self._register.naming(self._request(Kind.OPT_IN, State.PENDING, LONG))
        about = replace(self._view(Kind.OPT_IN, State.PENDING, LONG), request=asked)
        yield from self._about_a_request("devices of the register", about)
        for name, message in (*self._answers(), *self._channel()):
            for native in (False, True)[: 1 + bool(message.native)] if message.blocks else ():
                yield Layout(name, {"blocks": message.arguments(native=native)["blocks"]}, native)
        for name, view in (*self._forms(), *self._home.pages(asked)):
            yield Layout(name, {"view": view.to_dict()})

    @property
    def _register(self) -> RegisterExamples:
        return RegisterExamples(self.now, PERSON, LONG)

    @property
    def _home(self) -> HomeExamples:
        return HomeExamples(self.rule, self.cloud, self.calendar, self.zone, self.now, PERSON)

    def distinct(self) -> list[Layout]:
        """Return layouts that together have every shape, as Slack limits its calls."""
        seen: set[tuple[str, str]] = set()
        kept = []
        for layout in sorted(self.layouts(), key=lambda one: (one.native, -len(str(one.body)))):
            if not layout.shapes <= seen:
                seen |= layout.shapes
                kept.append(layout)
        return kept

    def _about_a_request(self, name: str, view: RequestView) -> Iterator[Layout]:
        drawn = {
            "card": cards.card(view, self.zone),
            "thread": card_thread.details(view),
            "outcome": request_outcomes.outcome(view, self.zone),
            "earlier outcome": request_outcomes.retired(view),
        }
        for what, message in drawn.items():
            if message.blocks:
                yield Layout(f"{what} ({name})", {"blocks": message.arguments()["blocks"]})

    def _view(self, kind: Kind, state: State, text: str) -> RequestView:
        request = self._request(kind, state, text)
        return RequestView(
            request=request,
            rule=replace(self.rule, approvers=(PERSON, GROUP)),
            tally=Tally(approved_by=(PERSON,), void=(), missing=1),
            reason_given=text,
            reason_by=OTHER if state is State.REJECTED else None,
            rejected_by=OTHER if state is State.REJECTED else None,
            briefing=self.calendar.briefing(self.cloud.name, self.now.date(), tuple(MailProtocol)),
            cloud=self.cloud,
            head=(1, "0" * 64),
            seen=self._seen(),
            in_vain="" if text is LONG else "Mind: it may help no device named here.",
            baseline=Baseline(SettingValue.OPTED_IN, self.now, request.id, request.window_end),
            hosts=self.cloud.legacy_hosts,
        )

    def _request(self, kind: Kind, state: State, text: str) -> ChangeRequest:
        out = kind is Kind.OPT_OUT
        return ChangeRequest(
            id=999_999_999,
            tenant_id="",
            kind=kind,
            requester_id=None if kind is Kind.OUTSIDE else PERSON,
            door=Door.COMMAND,
            reason=text,
            clients="" if out else text,
            protocols=() if out else tuple(MailProtocol),
            from_value=SettingValue.NOT_SET,
            to_value=SettingValue.OPTED_OUT if out else SettingValue.OPTED_IN,
            window_end=None if out else self.now + timedelta(days=30),
            rule_digest="0" * 64,
            created_at=self.now,
            expires_at=self.now + timedelta(days=1),
            state=state,
            version=1,
            detail="What happened to it, as one sentence.",
            retry_at=None,
            sent_at=self.now,
            settled_at=self.now,
        )

    def _seen(self, value: SettingValue = SettingValue.OPTED_IN) -> Observation:
        return Observation(self.now, value, True, "contoso.onmicrosoft.com", None)

    def _answers(self) -> Iterator[tuple[str, Message]]:
        """The private answers."""
        request = self._request(Kind.OPT_IN, State.PENDING, LONG)
        for value in (*SettingValue, None):
            yield (
                f"status ({value or 'not read'})",
                status_view.status(self._status(value, request), self.zone),
            )
        lines = [
            HistoryLine(self._request(kind, State.REJECTED, LONG), (PERSON,), OTHER, LONG, None)
            for kind in Kind
        ]
        for older in (7, None):
            yield (
                "history",
                help_and_history.history(
                    HistoryPage(lines=lines, older=older, unreadable=(7,)), self.zone, not_taken="pdf"
                ),
            )
        yield "history, empty", help_and_history.history(HistoryPage(lines=[], older=None), self.zone)
        yield from answers.messages(self.cloud, self.zone, request, PERSON, OTHER)
        yield from device_layouts.messages(PERSON, LONG, self.now)
        yield from fleet_layouts.messages(self.now, self.cloud)
        yield from self._register.news(self.zone)
        yield "test card", trial_card.trial_card()
        yield "answer", announcer.answer_message(LONG, 7, {"Reason": LONG})

    def _channel(self) -> Iterator[tuple[str, Message]]:
        """What is said in the channel beside requests."""
        listed = self.calendar.listing(self.cloud.name, self.now.date())
        yield "calendar", calendar.calendar(listed, "The dates were last checked long ago.")
        offer, number = Offer(slot="x", series="x", snooze=14, done=True), 999_999_999
        answer = ReminderAnswer("x", "x", ReminderReply.SNOOZED, PERSON, self.now)
        told = (
            Ending(request=number, end=self.now, days=7),
            Weekly(request=number, since=self.now, end=None),
            Overdue(request=number, end=self.now, problem=LONG),
            ApprovalReminder(
                request=number, requester=PERSON, expires_at=self.now, waiting_for=(PERSON, GROUP), others=()
            ),
        )
        for said in told:
            for view in (
                AnnouncementView(said=said, offer=offer, number=7),
                AnnouncementView(said=said, answer=answer),
            ):
                yield f"announcement ({said.kind})", announcements.announcement(view, self.zone)

    def _status(self, value: SettingValue | None, request: ChangeRequest) -> Status:
        read = Reading(value, True, "contoso.onmicrosoft.com", "", self.now, self.now, "") if value else None
        return Status(
            reading=read,
            problem=None if read else "Exchange could not be reached.",
            cloud=self.cloud,
            organization="contoso.onmicrosoft.com",
            timezone=self.rule.timezone,
            meanings=tuple((protocol, "refused") for protocol in MailProtocol),
            freshness="The dates were last checked long ago.",
            baseline=Baseline(SettingValue.OPTED_IN, self.now, request.id, request.window_end),
            decided=request,
            open_request=request,
            last_seen=self._seen(),
            stream=Backlog(
                999_999, self.now, Position(problem="it redirects (status 301), which is never followed")
            ),
        )

    def _forms(self) -> Iterator[tuple[str, View]]:
        day, briefing = (
            self.now.date(),
            self.calendar.briefing(self.cloud.name, self.now.date(), tuple(MailProtocol)),
        )
        for callback, runs_until in ((request_forms.OPT_IN, None), (request_forms.EXTENSION, day)):
            yield (
                f"form ({callback})",
                request_forms.opt_in(
                    callback=callback, channel="C00000001", briefing=briefing, warning=SMTP_AUTH_OFF,
                    proposed=day, latest=day, zone=self.zone.key, expires="then", runs_until=runs_until,
                    reason=LONG, clients=LONG,
                ),
            )  # fmt: skip
        for devices in ({}, {7: LONG}):
            yield (
                "form (opt_out)",
                request_forms.opt_out(
                    channel="C00000001",
                    cloud=self.cloud,
                    seen=SettingValue.OPTED_OUT,
                    seen_at="then",
                    devices=devices,
                ),
            )
        yield from self._register.forms(self.cloud)
        yield "form (rejection)", request_forms.rejection(7)
        yield "form (claim)", request_forms.claim(7)
        yield from device_layouts.forms(PERSON, LONG, self.now, self.zone)
        yield from fleet_layouts.forms(self.now)
