"""Opens the forms for whoever may use them: gathers what a form needs to show and opens it within Slack's three seconds."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from slack_sdk.models.views import View

from handlers.context.context import Context
from handlers.outgoing.notices import SMTP_AUTH_OFF
from handlers.policy.days import default_day, end_of_day, last_day, latest_day, local_day
from handlers.policy.forms import day_problem
from handlers.policy.rule import Reason
from handlers.slack.edge import Edge, Reply
from handlers.slack.views import modals, replies
from handlers.slack.views.mrkdwn import instant
from storage.lifecycle import Kind
from storage.reading import Reader
from storage.records import ChangeRequest, MailProtocol


def request(
    edge: Edge,
    reply: Reply,
    body: Mapping[str, Any],
    kind: Kind,
    *,
    earlier: int | None = None,
    unread: bool = False,
) -> None:
    """Open the form of an opt-in or an extension for whoever may ask, and tell everybody else why not. Raises ``Unavailable``.

    Prefilled from the request with the number ``earlier``; an extension without one, from the request behind the present window.
    With ``unread`` the form opens although the value could not be read in time: it is read when the form is sent.
    """
    verdict = edge.dispatch.requests.may_ask(reply.person, kind)
    not_read = verdict.reason is Reason.NOT_READ
    if verdict.allowed or (not_read and unread):
        edge.open_form(body, _request(edge.dispatch.context, kind, reply.channel, earlier))
    elif not_read:
        reply.finish(replies.open_form(verdict.sentence, kind))
    else:
        reply.refuse(f"ask_{kind.value}", verdict, earlier)


def opt_out(edge: Edge, reply: Reply, body: Mapping[str, Any], *, earlier: int | None = None) -> None:
    """Open the one confirmation before opting out, likewise; ``earlier`` is the change beside which it was asked for."""
    verdict = edge.dispatch.optouts.may_opt_out(reply.person)
    if not verdict.allowed:
        reply.refuse("opt_out", verdict, earlier)
        return
    context = edge.dispatch.context
    with context.ledger.reading() as reader:
        newest = reader.readings.newest_observation(readable=True)
        devices = _devices(reader)
    seen, seen_at = (newest.value, instant(newest.at, context.zone)) if newest else (None, "")
    removals = [context.calendar.removal(protocol, context.cloud.name, context.today()) for protocol in MailProtocol]
    form = modals.opt_out(
        channel=reply.channel, cloud=context.cloud, removals=removals, seen=seen, seen_at=seen_at, devices=devices
    )
    edge.open_form(body, form)


LISTED = 10
"""Lists of devices that the form has room for; history has all of them."""


def _devices(reader: Reader) -> dict[int, str]:
    """The devices and owners on record for what is opted in now, by request, the oldest first; the same list once."""
    baseline = reader.baseline()
    requests_ = reader.requests_behind(baseline.request_id) if baseline and baseline.request_id else []
    first = {
        request.clients: request.id for request in requests_
    }  # the newest come first, so that the oldest with these words stays
    return {number: clients for clients, number in list(first.items())[:LISTED]}


def _request(context: Context, kind: Kind, channel: str, number: int | None) -> View:
    with context.ledger.reading() as reader:
        newest = reader.readings.newest_observation(readable=True)
        earlier = reader.find(number) if number is not None else None
        runs_until = extension = None
        if kind is Kind.EXTENSION:
            extension = reader.open_request()
            baseline = reader.baseline()
            runs_until = baseline.window_end if baseline else None
            earlier = earlier if earlier and earlier.kind is not Kind.OUTSIDE else _present_request(reader)
    return modals.opt_in(
        callback=kind.value,
        extension=extension if runs_until else None,
        channel=channel,
        briefing=context.calendar.briefing(context.cloud.name, context.today(), tuple(MailProtocol)),
        warning=SMTP_AUTH_OFF if newest and newest.smtp_auth_disabled else "",
        proposed=_proposed(context, earlier, runs_until, only_earlier=extension is not None),
        latest=latest_day(context.now(), context.rule.max_window, context.zone),
        zone=context.zone.key,
        expires=instant(context.expiry_of(context.now()), context.zone),
        runs_until=last_day(runs_until, context.zone) if runs_until else None,
        reason=earlier.reason if earlier else "",
        clients=earlier.clients if earlier else "",
        protocols=earlier.protocols if earlier else (),
    )


def _present_request(reader: Reader) -> ChangeRequest | None:
    """The newest request behind the window there is; ``None`` where nobody asked the bot for it."""
    baseline = reader.baseline()
    requests_ = reader.requests_behind(baseline.request_id) if baseline and baseline.request_id else []
    return requests_[0] if requests_ else None


def _proposed(
    context: Context, earlier: ChangeRequest | None, runs_until: datetime | None, *, only_earlier: bool = False
) -> date:
    """The day that was asked for before, if it can be taken now; else the default. ``only_earlier``: a later end is asked for."""
    now, rule, zone = context.now(), context.rule, context.zone
    if only_earlier and runs_until is not None:
        return max(last_day(runs_until, zone) - timedelta(days=1), local_day(now, zone))
    if earlier is not None and earlier.window_end is not None:
        day = last_day(earlier.window_end, zone)
        if not day_problem(day.isoformat(), rule=rule, now=now, zone=zone, later_than=runs_until):
            return day
    day = default_day(now, rule.default_window, rule.max_window, zone, runs_until=runs_until)
    latest = runs_until is not None and end_of_day(day, zone) <= runs_until
    return max(day - timedelta(days=1), local_day(now, zone)) if latest else day  # it can be given an earlier end only
