"""Check arguments, tokens, scopes and faults of a Web API call before its method runs.

Like Slack, it answers refusals with HTTP status 200 and ``ok: false``. Must never do the work of a method
itself.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.shared.fault_queue import FaultQueue
from bot.sandbox.shared.wire import reset
from bot.sandbox.slack.cast import APP_TOKEN, BOT_TOKEN
from bot.sandbox.slack.faults import Fault, faulty_answer
from bot.sandbox.slack.messages import JSON, SlackError
from handlers.slack.scopes import APP_SCOPE


class Arguments:
    """The arguments of one call, however they were sent: query, form or JSON."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given: JSON = {name: value for name, value in given.items() if value is not None}

    def text(self, name: str) -> str:
        """Return a string; empty when absent."""
        return str(self.given.get(name, ""))

    def need(self, name: str) -> str:
        """Return a string that has to be there. Raises ``invalid_arguments``."""
        if not self.text(name):
            raise SlackError("invalid_arguments", messages=[f"[ERROR] missing required field: {name}"])
        return self.text(name)

    def decoded(self, name: str, default: Any = None) -> Any:
        """Return a structure, sent as it is or as JSON inside a form. Raises ``invalid_arguments``."""
        value = self.given.get(name, default)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError("invalid_arguments", messages=[f"[ERROR] {name} is not valid JSON"]) from None


@dataclass(frozen=True, slots=True)
class Method:
    """Describe one method: what it does, and the token or scope it takes, by kind of conversation."""

    run: Callable[[Arguments], JSON]
    scopes: tuple[str, ...] = ()
    token: str = BOT_TOKEN


class WebApi:
    """Serves ``methods`` under ``/api/``. ``scopes`` are those that the bot token was granted."""

    def __init__(
        self, methods: Mapping[str, Method], faults: FaultQueue[Fault], scopes: Sequence[str]
    ) -> None:
        self._methods = methods
        self._faults = faults
        self._scopes = tuple(scopes)

    def mount(self, app: web.Application) -> None:
        """Serve them; Slack takes GET and POST for all."""
        app.router.add_route("*", "/api/{method}", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            given = await _arguments(request)
        except ValueError:
            return web.json_response(SlackError("invalid_json").as_answer())
        fault = self._faults.take(name, str(given.get("channel") or ""))
        if fault is not None and (spoilt := await faulty_answer(request, fault)) is not None:
            return spoilt
        answer = self._answer(name, _token(request, given), Arguments(given))
        if fault is not None and fault.name == "lost_answer":
            return reset(request)
        return answer

    def _answer(self, name: str, token: str, arguments: Arguments) -> web.Response:
        method = self._methods.get(name)
        try:
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            self._admit(method, token)
            answer = {"ok": True, **method.run(arguments)}
        except SlackError as error:
            answer = error.as_answer()
        headers = {"x-oauth-scopes": ",".join(self._scopes if token == BOT_TOKEN else (APP_SCOPE,))}
        if method is not None and method.scopes:
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        return web.json_response(answer, headers=headers)

    def _admit(self, method: Method, token: str) -> None:
        """Raises ``not_authed``, ``invalid_auth``, ``not_allowed_token_type`` or ``missing_scope``."""
        if not token:
            raise SlackError("not_authed")
        if token not in {BOT_TOKEN, APP_TOKEN}:
            raise SlackError("invalid_auth")
        if token != method.token:
            raise SlackError("not_allowed_token_type")
        if method.scopes and not set(method.scopes) & set(self._scopes):
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=",".join(self._scopes))


async def _arguments(request: web.Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        decoded = json.loads(body) if body.strip() else {}
        return given | (decoded if isinstance(decoded, dict) else {})
    return given | dict(await request.post())


def _token(request: web.Request, given: Mapping[str, Any]) -> str:
    """From the header, else from the arguments."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(given.get("token", ""))
