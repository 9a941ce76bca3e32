"""Bolt, set up so that its listeners acknowledge inline and everything it sends goes through our client.

It judges nothing.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware import Middleware
from slack_sdk import WebClient

from bot.observability.logs import bolts_own


@dataclass(frozen=True, slots=True)
class Identity:
    """What ``auth.test`` says of the bot."""

    team_id: str
    enterprise_id: str | None
    user_id: str
    bot_id: str


def identity_of(said: dict[str, Any]) -> Identity:
    """Return the identity in an answer to ``auth.test``."""
    return Identity(
        team_id=str(said.get("team_id") or ""),
        enterprise_id=said.get("enterprise_id") or None,
        user_id=str(said.get("user_id") or ""),
        bot_id=str(said.get("bot_id") or ""),
    )


def bolt_app(client: WebClient, identity: Identity) -> App:
    """Bolt, acknowledging inline: its listeners only parse, keep and hand over (see ``handlers.slack``).

    Signatures are checked before Bolt sees anything, by ``bot.transport.http_mode``; Socket Mode has none.
    Bolt gets the token from ``authorize`` alone: a second one, in its client or in the environment, it would
    put aside with a warning.
    """
    known = AuthorizeResult(
        enterprise_id=identity.enterprise_id,
        team_id=identity.team_id,
        bot_user_id=identity.user_id,
        bot_id=identity.bot_id,
        bot_token=client.token,
    )
    without_token = copy.copy(client)
    without_token.token = None
    app = App(
        name="slack_bolt.app",  # what its loggers are named after
        logger=bolts_own(),
        client=without_token,
        authorize=lambda **context: known,
        process_before_response=True,
        token_verification_enabled=False,
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )

    app.use(_WithOurClient(client))
    return app


class _WithOurClient(Middleware):
    """Bolt makes a plain client for each request, which would follow redirects with the token.

    A class, because Bolt gathers two dozen arguments for every function that it calls.
    """

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,
        next: Callable[[], BoltResponse],  # noqa: A002 - Bolt passes it by this name
    ) -> BoltResponse | None:
        """Put ours in its place and go on."""
        req.context["client"] = self._client
        return next()
