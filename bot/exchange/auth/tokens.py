"""Keep access tokens for Exchange Online while they are good, and drop them when a new role must show.

The one place that decides when to sign in; how is ``entra``'s. MSAL is imported at the first sign-in, so that
naming a credential costs nothing at start.
"""

import base64
import binascii
import json
import math
import threading
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from bot.exchange.auth.app import App
from bot.exchange.auth.credentials import Certificate
from bot.exchange.retries import SIGN_IN_LIMIT
from handlers.ports import Unavailable

if TYPE_CHECKING:
    from bot.exchange.auth.entra import Entra

KEPT: Final = 60.0
"""Seconds for which a token is handed out again without asking MSAL's cache, which takes a hundred times as
long."""

_LAST: Final = 300.0
"""Seconds before its end in which a token is not handed out unasked; MSAL renews it then."""

_NOTHING: Final = (SecretStr(""), 0.0)

_TOLD: Final = ("tid", "appid", "oid", "roles", "wids", "aud", "exp")


class Tokens:
    """The tokens of one app in one tenant; safe to share among threads, one sign-in at a time.

    MSAL's app is built at the first call, and anew when the credential's file was replaced.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._together = app.together
        self._kept_for = KEPT if app.together is None else math.inf
        """One of many gives MSAL up once there is a token: thousands of apps would need a gigabyte."""
        self._credential = app.credential
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._entra: Entra | None = None
        self._kept = _NOTHING
        """The token handed out last, and until when (monotonic) it is handed out again."""

    def bearer(self, claims_challenge: str | None = None, *, timeout: float = SIGN_IN_LIMIT) -> str:
        """A token, waiting at most ``timeout`` seconds; a new one when ``claims_challenge`` (JSON) is given.

        Raises ``Unavailable`` with a sentence and a mend; ``retryable`` tells trouble on the way from a
        refusal.
        """
        token, kept_until = self._kept
        if claims_challenge is None and monotonic() < kept_until:
            return token.get_secret_value()
        until = monotonic() + timeout
        if not self._lock.acquire(timeout=max(0.0, timeout)):
            raise Unavailable("Signing in takes longer than this call may.")
        try:
            token, kept_until = self._kept  # whoever had the lock may have brought one
            if claims_challenge is None and monotonic() < kept_until:
                return token.get_secret_value()
            entra = self._signed_in()
            fresh, seconds = entra.acquire(claims_challenge, until - monotonic())
            self._kept = SecretStr(fresh), monotonic() + min(self._kept_for, seconds - _LAST)
            if self._together is not None:
                self._credential, self._entra = entra.credential, None
            return fresh
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Drop the cached token, so that a role granted since is in the next one."""
        with self._lock:
            self._kept = _NOTHING
            if self._entra is not None:
                self._entra.forget()

    def claims(self) -> dict[str, Any]:
        """Read tenant, app and roles of a token without verifying it, for diagnosis; empty if undecodable.

        Signs in where there is no token yet. Raises ``Unavailable``.
        """
        return _told(self.bearer())

    def certificate_expires(self) -> datetime | None:
        """Return when the certificate in use expires; ``None`` for other credentials.

        Raises ``Unavailable`` when it is unreadable. Never waits for a sign-in that is under way.
        """
        if not isinstance(self._credential, Certificate):
            return None
        if self._together is not None:
            file = self._together.key_file_of(self._credential)
            return file.pair().expires if file is not None else None
        pair = self._signed_in().key_pair()
        return pair.expires if pair else None

    def close(self) -> None:
        """Close the connections to the authority; never waits for a sign-in that is under way."""
        entra = self._entra
        if entra is not None:
            entra.close()

    def _signed_in(self) -> "Entra":
        """MSAL behind its wrapper; building it makes no call."""
        with self._building:
            if self._entra is None:
                from bot.exchange.auth.entra import Entra  # noqa: PLC0415 - MSAL costs a quarter second, a configuration check needs none

                self._entra = Entra(self._app, self._credential)
            return self._entra


def _told(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return {name: claims[name] for name in _TOLD if name in claims} if isinstance(claims, dict) else {}
