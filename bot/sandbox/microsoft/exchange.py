"""Simulate the admin API: ``POST /adminapi/beta/{tenant}/InvokeCommand`` and its surroundings.

Decides who may call what, what is applied and what is lost; plays the ordered faults. State is the tenant's,
bytes are ``odata``'s and ``fault_answers``'. Must never apply a write twice, nor one it answers as refused.
"""

import asyncio
import re
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.microsoft import fault_answers
from bot.sandbox.microsoft.cmdlets import Cmdlets, Command, Outcome, command_of, continuation
from bot.sandbox.microsoft.faults import FAULTS, Fault
from bot.sandbox.microsoft.odata import Envelope, Refused, envelope, role_missing, success
from bot.sandbox.microsoft.tenant import EXCHANGE_ADMINISTRATOR, Tenant
from bot.sandbox.microsoft.tokens import Caller, TokenRefused, Tokens
from bot.sandbox.shared import wire
from bot.sandbox.shared.wire import Answer

PATH = re.compile(r"/adminapi/(?P<version>beta|v1\.0)/(?P<tenant>[^/]+)/(?P<what>[A-Za-z]+)", re.IGNORECASE)
FOREIGN = "/foreign"
DEFAULT_DELAY = 5.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One admitted call on its way to an answer; ``number`` is its place in the tenant's record."""

    request: web.Request
    command: Command
    caller: Caller
    number: int


class Exchange:
    """The admin API of one tenant."""

    def __init__(self, tenant: Tenant, tokens: Tokens) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self._cmdlets = Cmdlets(tenant)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        route = PATH.fullmatch(request.path)
        if route is None or route["what"].lower() != "invokecommand":
            return web.Response(status=404)
        if request.method != "POST" or route["version"].lower() != "beta":
            return web.Response(status=405, headers={"Allow": "POST"})
        return await self._invoke(request, route["tenant"])

    async def _invoke(self, request: web.Request, tenant: str) -> web.StreamResponse:
        number: int | None = None
        try:
            command = await _command(request)
            number = self._tenant.begin_call(command.name, command.parameters, command.client_request_id)
            visit = Visit(request, command, self._admitted(request, tenant), number)
            fault = self._tenant.take_fault(command.name)
            return await (self._answer(visit) if fault is None else self._spoil(visit, fault))
        except Refused as refusal:
            if number is not None:
                self._tenant.settle_call(number, status=refusal.answer.status, note=refusal.note)
            return wire.respond(refusal.answer)

    def _admitted(self, request: web.Request, tenant: str) -> Caller:
        """The caller behind the bearer token. Raises ``Refused`` with 401."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise TokenRefused("There is no bearer token.")
            caller = self._tokens.verify(token)
            if tenant.lower() not in {self._tenant.tenant_id, self._tenant.organization}:
                raise TokenRefused("The token is of another tenant than the request.")
        except TokenRefused as refusal:
            claims = fault_answers.claims_challenge() if refusal.renew else None
            raise Refused(fault_answers.unauthorized(refusal.reason, claims=claims), refusal.reason) from None
        return caller

    async def _answer(self, visit: Visit) -> web.StreamResponse:
        return wire.respond(self._finish(visit, success(self._body(visit))))

    async def _spoil(self, visit: Visit, fault: Fault) -> web.StreamResponse:
        """Answer as ``fault`` says; the order of applying and losing is the whole point of each case."""
        delay = fault.patience(DEFAULT_DELAY)
        match fault.name:
            case "slow":
                self._note(visit, fault)
                await asyncio.sleep(delay)
                return await self._answer(visit)
            case "slow_drip":
                return await wire.drip(
                    visit.request, self._finish(visit, success(self._body(visit)), fault), delay
                )
            case "cut_short":
                return await wire.cut_short(
                    visit.request, self._finish(visit, success(self._body(visit)), fault)
                )
            case "reset_before" | "lose_answer" | "late_apply":
                return self._break_off(visit, fault)
            case "redirect_same" | "redirect_307" | "redirect_foreign":
                return wire.respond(self._finish(visit, _redirect(visit.request, fault), fault))
            case _:
                return wire.respond(self._finish(visit, self._spoilt(visit, fault), fault))

    def _break_off(self, visit: Visit, fault: Fault) -> web.StreamResponse:
        """Reset the connection with the cmdlet not run, run, or to be run later."""
        self._note(visit, fault)
        if fault.name == "lose_answer":
            self._body(visit)
        if fault.name == "late_apply":
            asyncio.get_running_loop().call_later(fault.patience(DEFAULT_DELAY), self._apply_late, visit)
        return wire.reset(visit.request)

    def _apply_late(self, visit: Visit) -> None:
        try:
            self._body(visit)
        except Refused as refusal:
            self._tenant.settle_call(visit.number, note=refusal.note)

    def _spoilt(self, visit: Visit, fault: Fault) -> Answer:
        """The answer of a fault that leaves the connection whole."""
        if (given := fault_answers.instead(fault)) is not None:
            return given
        match fault.name:
            case "unauthorized_claims":
                self._tokens.revoke(visit.caller.token_id)
                return fault_answers.unauthorized(
                    "The token has been revoked.", claims=fault_answers.claims_challenge()
                )
            case "apply_then_500" | "apply_then_400" | "proxy_timeout":
                self._body(visit)
                return fault_answers.applied_all_the_same(fault)
            case "errors_in_200" if visit.command.writes:
                return fault_answers.altered(fault, envelope(self._tenant.tenant_id, []))
            case "truncated":
                return fault_answers.truncated(success(self._body(visit)))
            case "other_tenant":
                return fault_answers.of_other_tenant(success(self._body(visit)))
        return fault_answers.altered(fault, self._body(visit))

    def _body(self, visit: Visit) -> Envelope:
        """Run the cmdlet, record whether it changed anything, and word the answer. Raises ``Refused``."""
        command = visit.command
        if not self._allows(visit.caller, command):
            raise Refused(role_missing(), "role missing or cmdlet unknown")
        outcome = self._cmdlets.run(command, visit.caller.actor())
        self._tenant.settle_call(visit.number, effective=outcome.effective, note=outcome.note or None)
        return self._worded(visit.request, outcome)

    def _allows(self, caller: Caller, command: Command) -> bool:
        """Nobody without a directory role; other roles than Exchange Administrator only read."""
        granted = EXCHANGE_ADMINISTRATOR in caller.directory_roles or (
            caller.directory_roles and not command.writes
        )
        withheld = {name.lower() for name in self._tenant.grants.withheld}
        return bool(granted) and self._cmdlets.knows(command.name) and command.name.lower() not in withheld

    def _worded(self, request: web.Request, outcome: Outcome) -> Envelope:
        extra: dict[str, object] = {}
        if outcome.more_from is not None:
            extra["@odata.nextLink"] = (
                f"{request.url.origin()}{request.path}?%24skiptoken={continuation(outcome.more_from)}"
            )
        return envelope(self._tenant.tenant_id, outcome.rows, warnings=outcome.warnings, **extra)

    def _finish(self, visit: Visit, answer: Answer, fault: Fault | None = None) -> Answer:
        self._tenant.settle_call(
            visit.number, status=answer.status, note=FAULTS[fault.name] if fault else None
        )
        return answer

    def _note(self, visit: Visit, fault: Fault) -> None:
        self._tenant.settle_call(visit.number, note=FAULTS[fault.name])

    async def strayed(self, request: web.Request) -> web.StreamResponse:
        """Stand for the foreign host of ``redirect_foreign``, to which no token must ever come."""
        carried = (
            "with the bearer token" if "Authorization" in request.headers else "without the bearer token"
        )
        number = self._tenant.begin_call("(foreign host)", {}, "")
        self._tenant.settle_call(
            number, status=200, note=f"a redirect to a foreign host was followed {carried}"
        )
        return wire.respond(success(envelope(self._tenant.tenant_id, [])))


async def _command(request: web.Request) -> Command:
    return command_of(request.content_type, await request.read(), request.query, request.headers)


def _redirect(request: web.Request, fault: Fault) -> Answer:
    """A redirect to another front end of the same host, or to a host that is none of Microsoft's business."""
    if fault.name != "redirect_foreign":
        target = request.url.update_query(fe="eur01")
    else:
        host = "localhost" if request.url.host != "localhost" else "127.0.0.1"
        target = request.url.with_host(host).with_path(f"{FOREIGN}{request.path}")
    return Answer(307 if fault.name == "redirect_307" else 302, b"", {"Location": str(target)})
