"""How long a test may wait for what it awaits: a limit against waiting for ever, stretched by how busy the
machine is.

What is promised in seconds is promised on a machine that has a processor for it: where as many want one as
there are, each of them is slower by that much.
"""

import os


def patience(seconds: float) -> float:
    """So many seconds on an idle machine, as many more as this one is busy right now."""
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return seconds * max(1.0, waiting)
