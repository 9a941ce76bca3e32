"""A port for a server of our own that has to know it before it starts."""

import random
import socket

PORTS = range(20000, 32000)
"""Below those that systems hand out by themselves (Linux: from 32768), so that no connection takes it before
the server does."""

_chance = random.SystemRandom()
"""Never seeded: two runs beside each other must not try the same ports in the same order."""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    for port in _chance.sample(PORTS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("a hundred ports were tried and all of them are taken")
