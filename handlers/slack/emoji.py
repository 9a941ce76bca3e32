"""Know Slack's own emoji by all their names: which names are one, and which are none.

The names are Slack's, from the data set that it draws its emoji from (``emoji_names.txt``, with its source).
What a workspace added is unknown here on purpose: whoever may add emoji can change what such a name shows, so
none of them ever decides.
"""

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("emoji_names.txt")

_DECISION_LIKE = frozenset({
    "white_check_mark", "heavy_check_mark", "ballot_box_with_check", "+1", "-1", "thumbsup_all", "x",
    "negative_squared_cross_mark", "heavy_multiplication_x",
})  # fmt: skip
"""The ticks, thumbs and crosses, by first names; ``thumbsup_all`` is one that Slack itself adds to every
workspace."""


def same_emoji(name: str, configured: str) -> bool:
    """Tell whether a reaction is the configured one: skin tones and aliases count, not look-alikes."""
    return _first(name) == _first(configured)


def looks_like_a_decision(name: str) -> bool:
    """Tell whether people may take a reaction for a vote: a tick, a thumb or a cross, in any skin tone."""
    return _first(name) in _DECISION_LIKE


def is_known(name: str) -> bool:
    """Tell whether it is the name of one of Slack's own emoji."""
    return name in _names()


def nearest(name: str) -> str:
    """Return the name of Slack's own emoji that is spelled most like this one; empty where none is near."""
    return next(iter(difflib.get_close_matches(name, _names(), n=1)), "")


def bare(name: str) -> str:
    """Return the name without a skin tone, which Slack writes behind two colons: ``+1::skin-tone-3``."""
    return name.split("::", 1)[0]


def _first(name: str) -> str:
    return _names().get(bare(name), bare(name))


@cache
def _names() -> Mapping[str, str]:
    """Every name, and the first name of the same emoji.

    Read once, when a name is first asked for (23 KB, 2 ms).
    """
    lines = (
        line.split() for line in _FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")
    )
    return {name: names[0] for names in lines for name in names}
