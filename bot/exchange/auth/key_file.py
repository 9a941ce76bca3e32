"""Keeps the key pair of a certificate file that others may replace while the bot runs.

A file that is missing, half written or damaged costs nothing as long as an earlier pair was read: that goes
on.
"""

import logging
import threading

from bot.exchange.auth import keys
from bot.exchange.auth.credentials import Certificate, Credential, mark_of

log = logging.getLogger(__name__)


class KeyFile:
    """The key pair in one file; safe to share among threads."""

    def __init__(self, credential: Certificate) -> None:
        self._credential = credential
        self._lock = threading.Lock()
        self._pair: keys.KeyPair | None = None
        self._mark: tuple[int, ...] | None = None

    def pair(self) -> keys.KeyPair:
        """Return the pair in the file now, or the last that could be read.

        Raises ``keys.Unusable`` where there never was one.
        """
        mark = mark_of(self._credential.path)
        with self._lock:
            if self._pair is None or (mark is not None and mark != self._mark):
                return self._read(mark)
            return self._pair

    def reread(self) -> bool:
        """Read the file whatever its entry says, and tell whether it holds another certificate by now."""
        with self._lock:
            before = self._pair
            try:
                after = self._read(mark_of(self._credential.path))
            except keys.Unusable:
                return False
        return before is None or after.certificate != before.certificate

    def _read(self, mark: tuple[int, ...] | None) -> keys.KeyPair:
        try:
            found = keys.load(self._credential)
        except keys.Unusable as unusable:
            if self._pair is None:
                raise
            log.warning(
                "The certificate file %s, so the certificate that was read before goes on.", unusable.why
            )
            self._mark = mark
            return self._pair
        if self._pair is not None and found.certificate == self._pair.certificate:
            found = self._pair  # touched, not replaced: what is built upon it stays
        self._pair, self._mark = found, mark
        return found


def key_file_of(credential: Credential) -> KeyFile | None:
    """Return the file behind a certificate; ``None`` for every other credential."""
    return KeyFile(credential) if isinstance(credential, Certificate) else None
