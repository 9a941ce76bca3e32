"""Show ``/legacytls fleet`` to fleet operators; ``fleet disable`` opts several out, one by one.

There is nothing here that opts in. Whether somebody may opt a tenant out is judged by that tenant, one by
one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, Respond

from handlers.commands import OptOut
from handlers.dispatch import Kept
from handlers.interaction import Interaction
from handlers.policy.forms import REASON, text_problem
from handlers.policy.rule import Reason
from handlers.slack.client.calls import call
from handlers.slack.edge import BUSY, NOT_KNOWN_FORM, NOT_RECORDED, Reply
from handlers.slack.listeners.by_tenant import ListenersByTenant, TenantListeners
from handlers.slack.parsing import person_of, token, trigger, values
from handlers.slack.shared_edge import SharedEdge
from handlers.slack.views import fleet as view
from storage.engine import Unreachable
from storage.records import Door
from storage.tenants import FleetRecord

FLEET, DISABLE = "fleet", "disable"

NOT_UNDERSTOOD = "It is `/legacytls fleet`, `fleet csv` for all tenants as a file, or `fleet disable`."
NOT_YET = "The bot has not been able to sign in to Slack yet. Try again in a moment."
NONE = "You neither decide nor may ask in any tenant, so there is none that you could opt out."
CHOOSE = "Choose at least one tenant in which you decide or may ask."
GONE = (
    "Nothing was done, because the bot does not serve one of these tenants any more. Close this form and "
    "send /legacytls fleet disable again."
)
NOT_ONE_OF_THEM = (
    "You are not one of the fleet operators, who may see all tenants. Whoever runs the bot names them in the "
    "file of tenants (`fleet_operators`)."
)


class Fleet:
    """The listener for the command and its two forms."""

    def __init__(self, shared_edge: SharedEdge, by_tenant: ListenersByTenant, record: FleetRecord) -> None:
        self._shared_edge = shared_edge
        self._by_tenant = by_tenant
        self._record = record

    def listen(self, ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        """Acknowledge and hand over."""
        words = str(body.get("text") or "").lower().split()[1:]
        reply = self._shared_edge.reply(respond, person=str(body["user_id"]), channel=str(body["channel_id"]))

        def act() -> None:
            if words == [DISABLE]:
                self._choose(reply, body)
            elif words in ([], ["csv"]):
                self._show(reply, as_file=bool(words))
            else:
                reply.say(NOT_UNDERSTOOD)

        if self._shared_edge.do(reply, act, urgent=words == [DISABLE]):
            ack()
        else:
            ack(BUSY)

    def submitted(self, ack: Ack, body: Mapping[str, Any]) -> bool:
        """Take one of the two forms; ``False`` for any other."""
        ways = {view.CHOICE: self._confirm, view.CONFIRMATION: self._opt_out}
        name = str(body["view"].get("callback_id"))
        way = ways.get(name)
        if way is None:
            return False
        try:
            way(ack, body)
        except Unreachable:
            # some of them may have been kept
            block, told = (
                (REASON, NOT_KNOWN_FORM) if name == view.CONFIRMATION else (view.TENANTS, NOT_RECORDED)
            )
            ack(response_action="errors", errors={block: told.replace("*", "")})
        return True

    def _show(self, reply: Reply, *, as_file: bool) -> None:
        if self._by_tenant.fleet_operators is None:
            reply.say(NOT_YET)
            return
        verdict = self._by_tenant.fleet_operators.operator(reply.person)
        if verdict.reason is Reason.NOT_OPERATOR:
            verdict = replace(verdict, sentence=NOT_ONE_OF_THEM)
        if not reply.admits(FLEET, verdict):
            return
        lines = self._lines(list(self._by_tenant))
        reply.finish(view.table(lines))
        if as_file or len(view.fitting(lines)) < len(lines):
            data = view.spreadsheet(lines)
            reply.send_file("legacytls-fleet.csv", len(data), iter([data]))

    def _choose(self, reply: Reply, body: Mapping[str, Any]) -> None:
        if not reply.admits(FLEET, self._shared_edge.people.member(reply.person)):
            return
        if mine := self._involved(reply.person):
            form = view.choice(self._lines(mine))
            call(self._shared_edge.client.views_open, trigger_id=trigger(body), view=form.to_dict())
        else:
            reply.say(NONE)

    def _confirm(self, ack: Ack, body: Mapping[str, Any]) -> None:
        chosen = set(values(body["view"]).get(view.TENANTS, []))
        by_tenant = [one for one in self._involved(person_of(body)) if one.signature.tenant_id in chosen]
        if not by_tenant:
            ack(response_action="errors", errors={view.TENANTS: CHOOSE})
            return
        ids = [one.signature.tenant_id for one in by_tenant]
        form = view.confirmation(self._lines(by_tenant), self._record.devices(ids), ",".join(ids))
        ack(response_action="update", view=form.to_dict())

    def _opt_out(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """Keep one opt-out for each tenant before it is acknowledged.

        Raises ``Unreachable``; nothing is kept twice.
        """
        form, person = body["view"], person_of(body)
        reason = "".join(values(form).get(REASON, []))
        carried = str(form.get("private_metadata") or "").split(",")
        found = [one for tenant_id in carried if (one := self._by_tenant.of(tenant_id)) is not None]
        problem = text_problem(reason, "") if len(found) == len(carried) else GONE
        if problem:
            ack(response_action="errors", errors={REASON: problem})
            return
        acts = [(one, self._keep(one, person, reason, token(form.get("id")))) for one in found]
        ack()
        for listeners, kept in acts:
            if kept is not None:
                listeners.edge.work(kept)

    def _keep(self, listeners: TenantListeners, person: str, reason: str, form: str) -> Kept | None:
        now = listeners.edge.around.now()
        return listeners.edge.dispatch.take(
            OptOut(reason), Interaction(f"view:{form}", person, Door.COMMAND, now)
        )

    def _involved(self, person: str) -> list[TenantListeners]:
        return [one for one in self._by_tenant if one.edge.dispatch.seems_involved(person)]

    def _lines(self, by_tenant: Sequence[TenantListeners]) -> list[view.Line]:
        now = by_tenant[0].edge.around.now()
        standings = self._record.standings([one.signature.tenant_id for one in by_tenant], now.date())
        return [
            view.Line(one.signature.alias, found, now)
            for one, found in zip(by_tenant, standings, strict=True)
        ]
