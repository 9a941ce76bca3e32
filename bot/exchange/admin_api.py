"""One call of the admin API: token, request, answer, judgement.

The only place that spells ``InvokeCommand``. Sends once, and once more only after a 401 that asks for other
claims: that answer is given before anything runs.
"""

import logging
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from time import monotonic
from typing import Final

from bot.exchange.answers import judge
from bot.exchange.auth.tokens import Tokens
from bot.exchange.http.session import Wire
from bot.exchange.http.transport import Answer, Silence, Transport
from bot.exchange.outcomes import Meaning, Outcome
from handlers.ports import Clock, Unavailable

log = logging.getLogger(__name__)

_SYSTEM_MAILBOX: Final = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
"""Routing hint for calls without a user (CIPP; azure-auth)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A cmdlet to run. Times are of the monotonic clock.

    A command that ``writes`` is not sent to where a redirect points, and not sent at all after ``send_by``:
    too short a wait would leave its outcome unknown for no reason, and whoever has been frozen since may no
    longer send it.
    """

    cmdlet: str
    parameters: Mapping[str, object]
    client_request_id: str
    until: float
    writes: bool = False
    send_by: float = math.inf


def unheard(call: str, outcome: str) -> None:
    """Nobody asked to hear of calls."""


class AdminApi:
    """The admin API of one tenant at ``api_url``, an origin; safe to share among threads.

    ``called`` hears of each call: ``read`` or ``write``, and what its answer amounted to (a ``Meaning``, or
    ``no_token``).
    """

    def __init__(
        self,
        api_url: str,
        tenant_id: str,
        tokens: Tokens,
        clock: Clock,
        called: Callable[[str, str], None] = unheard,
        *,
        connections: Wire | None = None,
    ) -> None:
        self._called = called
        self._tokens = tokens
        self._clock = clock
        self._transport = Transport(api_url, connections)
        self._path = f"/adminapi/beta/{tenant_id}/InvokeCommand"
        self._constant = {
            "X-AnchorMailbox": f"{_SYSTEM_MAILBOX}@{tenant_id}",
            "X-ResponseFormat": "json",
            "Accept-Language": "en-US",
            "User-Agent": f"legacytls/{_version()}",
            "connection-id": str(uuid.uuid4()),
        }
        # No X-ClientApplication: posing as Microsoft's own module would be untrue, and changes how errors are
        # written.

    def call(self, command: Command) -> Outcome:
        """Run ``command`` and judge the answer.

        Raises ``Unavailable`` when there is no token, or no time left to send a write. After a 401 or 403 the
        token is dropped, because a role granted since is only in a new one.
        """
        outcome = self._send(command, claims=None)
        if outcome.meaning is Meaning.UNAUTHORIZED and outcome.claims is not None:
            outcome = self._send(command, claims=outcome.claims)
        if outcome.meaning in {Meaning.UNAUTHORIZED, Meaning.FORBIDDEN}:
            self._tokens.forget()
        return outcome

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _send(self, command: Command, *, claims: str | None) -> Outcome:
        kind = "write" if command.writes else "read"
        try:
            token = self._tokens.bearer(claims, timeout=command.until - monotonic())
        except Unavailable:
            self._called(kind, "no_token")
            raise
        began = monotonic()
        if began > command.send_by:
            raise Unavailable("There was too little time left to send it; nothing was sent.")
        answer = self._transport.post(
            self._path,
            {"CmdletInput": {"CmdletName": command.cmdlet, "Parameters": dict(command.parameters)}},
            token=token,
            headers={
                **self._constant,
                "client-request-id": command.client_request_id,
                "X-CmdletName": command.cmdlet,
            },
            timeout=command.until - began,
            begin_by=command.send_by,
            follow=not command.writes,
        )
        outcome = judge(answer, cmdlet=command.cmdlet, now=self._clock())
        self._called(kind, outcome.meaning.value)
        _note(command, answer, outcome, monotonic() - began)
        return outcome


def _note(command: Command, answer: Answer | Silence, outcome: Outcome, seconds: float) -> None:
    status, request_id = (
        (answer.status, answer.headers.get("Request-Id")) if isinstance(answer, Answer) else (None, None)
    )
    log.info(
        "%s: %s (status %s, client-request-id %s, request-id %s, %.3f s)",
        command.cmdlet, outcome.meaning, status, command.client_request_id, request_id, seconds,
    )  # fmt: skip


@cache
def _version() -> str:
    try:
        return version("legacytls")
    except PackageNotFoundError:
        return "0"
