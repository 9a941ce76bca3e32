"""What the tests expect people to read: every sentence stands once, in ``sentences.json``, so that changing a
word is one diff.

A sentence is named by its gist, which stays when its words change. ``{number}`` and the like stand for facts
of the test. Words that are promised to people and machines (``Applied:``, *opted in*, a command) are written
in the tests themselves.
"""

import json
from pathlib import Path

SENTENCES: dict[str, str] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def says(name: str, /, **facts: object) -> str:
    """The sentence of this name, or the part of it that a test looks for, with its facts filled in."""
    return SENTENCES[name].format(**facts)
