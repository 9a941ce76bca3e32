"""The two ways Slack reaches the bot: Socket Mode (the bot calls out) and HTTP (Slack calls in)."""

from typing import Protocol

from slack_bolt import App

from bot.settings.model import Settings
from bot.transport.receiver import Noted, Receiver


class Serving(Protocol):
    """A way to be reached by Slack."""

    mode: str

    def start(self) -> None:
        """Begin; returns when Slack can reach the bot. Raises ``Unavailable``."""

    def stop(self) -> None:
        """Take nothing more; what was taken is still acknowledged."""

    def is_connected(self) -> bool:
        """Tell whether Slack can reach the bot right now."""


def serving_of(app: App, settings: Settings, *, mode: str, host: str, port: int, noted: Noted) -> Serving:
    """The way that ``mode`` names, ``socket`` or ``http``. ``noted`` is told of each acknowledgement."""
    receiver = Receiver(app, noted)
    token = settings.slack_app_token
    if mode == "socket":
        from bot.transport.socket_mode import SocketMode  # noqa: PLC0415 - each way is loaded only where it is gone

        return SocketMode(receiver, app.client, token.get_secret_value() if token else "")
    from bot.transport.http_mode import HttpMode  # noqa: PLC0415 - the same

    secret = settings.slack_signing_secret
    return HttpMode(receiver, secret.get_secret_value() if secret else "", host=host, port=port)
