"""Hold what sign-ins and calls of several tenants share: connections, and the key of each certificate file.

Nothing of one tenant is known here: no token, no cookie, no answer.
"""

import threading
from collections.abc import Callable

from bot.exchange.auth.credentials import Certificate, Credential
from bot.exchange.auth.key_file import KeyFile
from bot.exchange.http.session import Wire


class Together:
    """Share connections and key files among the tenants of one process; safe on every thread.

    Opening a key costs 40 ms, and a connection of its own for each tenant a TLS handshake and its memory.
    """

    def __init__(self, credential_now: Callable[[str], Credential | None] = lambda tenant_id: None) -> None:
        """``credential_now`` tells a tenant's credential as the settings have it by now."""
        self.credential_now = credential_now
        self.connections = Wire()
        self.connections.take_no_cookies()
        self._lock = threading.Lock()
        self._files: dict[Certificate, KeyFile] = {}

    def key_file_of(self, credential: Credential) -> KeyFile | None:
        """Return the one file behind equal certificates; ``None`` for every other credential."""
        if not isinstance(credential, Certificate):
            return None
        with self._lock:
            return self._files.setdefault(credential, KeyFile(credential))

    def close(self) -> None:
        """Close the connections that nobody uses right now."""
        self.connections.close()
