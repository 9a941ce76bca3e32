"""Hear SIGTERM and SIGINT on a thread of its own, whatever the main thread waits for.

Python runs its signal handlers on the main thread only, and only between two of its instructions: a main
thread that waits for a database, or sleeps because the kernel gave the signal to another thread, hears
nothing. The wake-up socket is written at once, whoever is hit. From then on time runs: what has not ended
within ``patience`` is left, and the process ends all the same.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """Listens for the signals from now on; to be made in the main thread, once a process.

    ``patience`` is the number of seconds from being told to the end of the process, come what may, with
    ``code``; ``None``: as long as it takes. ``left`` names what is still in hand, for the log. All may be
    changed until it is told.
    """

    def __init__(self, patience: float | None = None) -> None:
        self.patience = patience
        self.code = 0
        self.left: Callable[[], list[str]] = list
        self._others: dict[int, Callable[[], None]] = {}
        self._told = threading.Event()
        self._ear, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, _heard_elsewhere)
        threading.Thread(target=self._listen, name="stopping", daemon=True).start()

    def hear(self, number: int, act: Callable[[], None]) -> None:
        """Have ``act`` done on a thread of its own at each signal of this number; in the main thread only."""
        self._others[number] = act
        signal.signal(number, _heard_elsewhere)

    def is_set(self) -> bool:
        """Tell whether the process was told to stop."""
        return self._told.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait to be told, at most ``timeout`` seconds; tells whether it was."""
        return self._told.wait(timeout)

    def tell(self) -> None:
        """Stop, as if a signal had come; safe from any thread."""
        self._mouth.send(bytes([signal.SIGTERM]))
        self._told.set()

    def _listen(self) -> None:
        while (number := self._ear.recv(1)[0]) not in SIGNALS:
            act = self._others.get(number)  # else some other signal that somebody handles
            if act is not None:
                threading.Thread(target=act, name=f"signal-{number}", daemon=True).start()
        self._told.set()
        if self.patience is not None:
            threading.Event().wait(self.patience)
            self._end()

    def _end(self) -> None:
        """End the process at once: no lock, network, library or log may hold it any longer."""
        words = threading.Thread(target=self._last_words, daemon=True)
        words.start()
        words.join(timeout=1.0)
        os._exit(self.code)

    def _last_words(self) -> None:
        log.error("bot.stopped", finished=False, after=self.patience, left=self.left())
        logging.shutdown()


def _heard_elsewhere(number: int, frame: FrameType | None) -> None:
    """Keeps the signal from ending the process; Python has written its number to the wake-up socket."""
