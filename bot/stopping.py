"""Being told to stop: SIGTERM and SIGINT wake the main thread, whichever thread the kernel hands them to.

A ``threading.Event`` will not do. Python runs its signal handlers on the main thread only, and the kernel may give the signal to
another one: the main thread then sleeps on in ``wait``, and the process outlives its SIGTERM (seen once in twenty stops of a busy
bot). And a handler that interrupts ``wait`` in the wrong instruction would wait for the lock it holds itself.
"""

import select
import signal
import socket
import time
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """Listens for the signals from now on; to be made and waited on in the main thread, once a process."""

    def __init__(self) -> None:
        self._told = False
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._tell)

    def is_set(self) -> bool:
        """Whether the process was told to stop."""
        return self._told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait to be told, at most ``timeout`` seconds; tells whether it was."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._told:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                break
            if select.select([self._ear], [], [], left)[0]:
                self._ear.recv(64)
        return self._told

    def _tell(self, number: int, frame: FrameType | None) -> None:
        self._told = True
