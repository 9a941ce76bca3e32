"""Whose certificates are believed towards Slack.

``requests`` sees to Entra and Exchange; verification is never turned off.
"""

import ssl
from pathlib import Path
from typing import Any

from bot.exchange.auth.credentials import mark_of
from bot.settings.cross_checks import unusable_authorities
from bot.settings.load import WrongSettings, own_authorities


def trusting() -> ssl.SSLContext:
    """Trust the system's authorities and the operator's own, as for a proxy that inspects TLS.

    A file of the operator's that is replaced counts from the next connection on, as it does with
    ``requests``. Raises ``WrongSettings``.
    """
    own = own_authorities()
    if own is None:
        return ssl.create_default_context()
    unusable = unusable_authorities(own)
    if unusable:
        raise WrongSettings([f"REQUESTS_CA_BUNDLE: {unusable}"])
    return _Following(ssl.PROTOCOL_TLS_CLIENT, own)


class _Following(ssl.SSLContext):
    """Believes whom a file names at the moment; while it cannot be read, whom it named last."""

    def __init__(self, _: int, own: Path) -> None:
        self._own = own
        self._read_at = mark_of(own)
        self._present = _believing(own)
        self.verify_flags = self._present.verify_flags
        self.load_default_certs()
        _add(self, own)

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """Begin TLS as whoever is believed now."""
        return self._now().wrap_socket(*arguments, **named)

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """Do the same without a socket."""
        return self._now().wrap_bio(*arguments, **named)

    def _now(self) -> ssl.SSLContext:
        mark = mark_of(self._own)
        if mark is not None and mark != self._read_at and not unusable_authorities(self._own):
            self._present, self._read_at = _believing(self._own), mark
        return self._present


def _believing(own: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    _add(context, own)
    return context


def _add(context: ssl.SSLContext, own: Path) -> None:
    if own.is_dir():
        context.load_verify_locations(capath=own)
    else:
        context.load_verify_locations(cafile=own)
