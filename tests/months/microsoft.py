"""Microsoft in the same process: the sandbox's tenants behind the admin API's own bytes, with trouble by the
hour instead of by the call."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.exchange.auth.entra import Entra
from bot.exchange.http.transport import Answer, Silence
from bot.sandbox.microsoft import fault_answers
from bot.sandbox.microsoft.audit import Actor
from bot.sandbox.microsoft.cmdlets import Cmdlets, command_of
from bot.sandbox.microsoft.faults import Fault
from bot.sandbox.microsoft.odata import Refused, envelope, success
from bot.sandbox.microsoft.simulation import CLIENT_ID, OBJECT_ID
from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.microsoft.tokens import SERVICE_PRINCIPAL
from tests.months.timing import Moment

BOT = Actor(f"ServicePrincipal_{OBJECT_ID}", CLIENT_ID, OBJECT_ID, SERVICE_PRINCIPAL)
SLOW = 10.0
"""Seconds of a slow answer."""


@dataclass
class Microsoft:
    """All tenants. ``trouble`` names the fault of a tenant at this moment; empty for none."""

    moment: Moment
    tenants: Mapping[str, Tenant]
    trouble: Callable[[str], str]

    def transport(self, strike: Callable[[str], None]) -> type:
        """The class in the place of ``bot.exchange.admin_api.Transport``; ``strike`` may end the process."""
        world = self

        class Transport:
            def __init__(self, origin: str, connections: object = None) -> None:
                self.origin = origin

            def post(self, path: str, payload: object, **named: Any) -> Answer | Silence:
                tenant = path.split("/")[3]
                strike(f"before {named['headers']['X-CmdletName']}")
                return world.answer(tenant, payload, named["headers"])

            def close(self) -> None:
                pass

        return Transport

    def entra(self) -> type[Entra]:
        """The class in the place of ``bot.exchange.auth.entra.Entra``."""
        world = self

        class SignIn(Entra):
            def _ask(self, claims_challenge: str | None) -> Any:
                if world.trouble(self._signs_in.tenant_id) == "expired":
                    return {"error": "invalid_client", "error_codes": [7000222]}
                return {"access_token": "token", "expires_in": 3600}

        return SignIn

    def answer(self, tenant_id: str, payload: object, headers: Mapping[str, str]) -> Answer:
        """What the admin API says."""
        tenant, wrong = self.tenants[tenant_id], self.trouble(tenant_id)
        if wrong == "slow":
            self.moment.wait(SLOW)
        if wrong == "throttle":
            return _received(fault_answers.instead(Fault("throttle", seconds=30)))
        if wrong == "unavailable":
            return _received(fault_answers.instead(Fault("unavailable")))
        command = command_of("application/json", json.dumps(payload).encode(), {}, headers)
        try:
            outcome = Cmdlets(tenant).run(command, BOT)
        except Refused as refused:
            return _received(refused.answer)
        rows = [_hostile(row) for row in outcome.rows] if wrong == "hostile" else outcome.rows
        answer = success(envelope(tenant_id, rows, warnings=outcome.warnings))
        return _received(fault_answers.truncated(answer) if wrong == "malformed" else answer)


HOSTILE = "<!channel> *<@U0BOB>* `t001` \u202e& <https://evil.example|Approve>"


def _hostile(row: dict[str, object]) -> dict[str, object]:
    """Every text of an answer, but what names the tenant, says something else."""
    kept = ("OrganizationId", "OrganizationalUnitRoot", "Identity", "AuditData", "CreationDate")
    return {
        name: HOSTILE
        if isinstance(value, str) and "@" not in name and name not in kept and "Changed" not in name
        else value
        for name, value in row.items()
    }


def _received(answer: Any) -> Answer:
    return Answer(answer.status, answer.headers, answer.body)
