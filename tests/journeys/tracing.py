"""Runs the bot as the sandbox does, and writes down how the road of ``enable`` enters each hop of the walk.

Run as ``python -m tests.journeys.tracing`` with ``TESTS_WALK``: a file with a hop a line (file, function), to
which a line is added in ``….found`` for each way into one: the hop, and who called it, up to the hop before.
"""

import json
import os
import runpy
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType

ROOT = Path(__file__).parents[2]
ROOMS = tuple(str(ROOT / room) + os.sep for room in ("bot", "handlers", "storage"))
WALK = Path(os.environ["TESTS_WALK"])
HOPS = {tuple(line.split()) for line in WALK.read_text(encoding="utf-8").splitlines()}

_ours: dict[CodeType, tuple[str, str] | None] = {}
_found: set[tuple[tuple[str, str], ...]] = set()


def _named(code: CodeType) -> tuple[str, str] | None:
    """File and function of our own code; what is written inside a function belongs to that."""
    if code not in _ours:
        own = code.co_filename.startswith(ROOMS)
        name = code.co_qualname.partition(".<locals>")[0]
        _ours[code] = (Path(code.co_filename).relative_to(ROOT).as_posix(), name) if own else None
    return _ours[code]


def _note(frame: FrameType, event: str, _: object) -> None:
    if event != "call" or "<" in frame.f_code.co_name or (hop := _named(frame.f_code)) not in HOPS:
        return
    way, above = [hop], frame.f_back
    while above is not None and (len(way) == 1 or way[-1] not in HOPS):
        if (caller := _named(above.f_code)) is not None:
            way.append(caller)
        above = above.f_back
    if (whole := tuple(filter(None, way))) not in _found:
        _found.add(whole)
        with WALK.with_suffix(".found").open("a", encoding="utf-8") as found:
            found.write(json.dumps(whole) + "\n")


if __name__ == "__main__":
    sys.modules.pop("bot.sandbox.robot", None)  # it is to be run, not imported
    threading.setprofile(_note)
    sys.setprofile(_note)
    runpy.run_module("bot.sandbox.robot", run_name="__main__", alter_sys=True)
