"""Make ``verify.py``: the modules of ``handlers.evidence.proof`` in one file (``python3 -I``)."""

from importlib import resources

from handlers.evidence import proof

MODULES = (
    "cells",
    "hash_chain",
    "register",
    "readable_events",
    "change",
    "facts",
    "tables",
    "missing",
    "page",
    "text_files",
    "manifest",
    "opened_pack",
    "checker",
)
"""In the order of their imports."""

_BEGIN = '''"""Check this pack: python3 verify.py [ZIP OR FOLDER]. Needs Python 3.9 or later alone; opens \
no connection.

Recomputes every table from events.jsonl, names file and line of what was altered, and ends with 0 when \
nothing was.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # a file of the pack that is called like a module of Python's must not run
'''

_END = """

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def program() -> str:
    """Return the text of the program."""
    return _BEGIN + "".join(_own(_source(name)) for name in MODULES) + _END


def _source(name: str) -> str:
    return (resources.files(proof) / f"{name}.py").read_text(encoding="utf-8")


def _own(source: str) -> str:
    """Return a module without ``__future__`` and imports of neighbours, which one file needs not."""
    kept: list[str] = []
    skipping = False
    for line in source.splitlines(keepends=True):
        if line.startswith(f"from {proof.__name__}."):
            skipping = line.rstrip().endswith("(")
        elif skipping:
            skipping = not line.startswith(")")
        elif line != "from __future__ import annotations\n":
            kept.append(line)
    return "\n\n" + "".join(kept)
