"""Characters that do not show, found in what people type: an approver has to see all of what they approve.

Judged by Unicode's own properties, and strictly: what is refused here by mistake can be typed again without
it, and what is let through by mistake is approved unseen.
"""

import re
import unicodedata

from handlers.policy.emoji_signs import JOINED, STYLED

MOST_MARKS = 4
"""Marks in a row that a letter may carry: written languages need three or four; more of them draw over what
stands around."""

_HIDING = frozenset({"Cf", "Zl", "Zp"})
"""Format characters, and the separators of lines and paragraphs: a line of its own to one reader, and none to
another."""

_WITHOUT_INK = re.compile(
    "[\u034f\u17b4\u17b5\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00016fe4\u2065\ufff0-\ufff8\U000e0000-"
    "\U000e00ff\U000e01f0-\U000e0fff]"
)
"""What is never drawn: the grapheme joiner, two vowels of Khmer that are spoken and not written, the fillers
of Hangul and Khitan, Braille without a dot, a note without a head, and what Unicode keeps for such signs
(``Default_Ignorable_Code_Point``)."""

_ZERO_WIDTH_JOINER = "\u200d"
_JOINERS = frozenset({"\u200c", _ZERO_WIDTH_JOINER})
_JOINING_SCRIPTS = frozenset({
    "ADLAM", "ARABIC", "BENGALI", "DEVANAGARI", "GUJARATI", "GURMUKHI", "KANNADA", "KHMER", "MALAYALAM",
    "MANDAIC", "MONGOLIAN", "MYANMAR", "NKO", "ORIYA", "PHAGS-PA", "SINHALA", "SYRIAC", "TAMIL", "TELUGU",
})  # fmt: skip
"""Scripts whose letters take another shape by a joiner between them (The Unicode Standard, 23.2 Layout
Controls)."""

_KEYCAP, _KEYS = "\u20e3", frozenset("0123456789#*")
_EMOJI_SELECTORS = re.compile("[\ufe0e\ufe0f]")
_IDEOGRAPH_SELECTORS = re.compile("[\ufe00-\ufe02\U000e0100-\U000e01ef]")
_MONGOLIAN_SELECTORS = re.compile("[\u180b-\u180d\u180f]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
_SKIN_TONES = re.compile("[\U0001f3fb-\U0001f3ff]")

_FLAG = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|"
    "\U000e0077\U000e006c\U000e0073)\U000e007f"
)
"""England, Scotland, Wales: the only flags that tags spell. Any other shows as a black flag, whatever its
tags say."""


def hidden(text: str) -> str:
    """Say which hidden character a text holds and where; empty when it hides nothing."""
    if text.isascii():
        return ""
    spelled = _FLAG.sub(lambda flag: "x" * len(flag[0]), text)
    marks = 0
    for place, character in enumerate(spelled):
        if _may_hide(character) and not _belongs(spelled, place):
            return (
                f"Character {place + 1:,} does not show: {_name(character)}. Delete it; often it comes "
                "with a paste."
            )
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks > MOST_MARKS:
            heap = (
                f"From character {place - MOST_MARKS + 1:,} on, more than {MOST_MARKS} marks stand on one "
                "letter"
            )
            return f"{heap}, the last of them {_name(character)}. Delete what nobody can read."
    return ""


def _may_hide(character: str) -> bool:
    hides = unicodedata.category(character) in _HIDING or _WITHOUT_INK.match(character) is not None
    return hides or _SELECTORS.match(character) is not None


def _belongs(text: str, place: int) -> bool:
    """Tell whether it is needed in place: a joiner in an emoji or word, one selector after its base."""
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if character in _JOINERS:
        return _joins_letters(before, after) or (
            character == _ZERO_WIDTH_JOINER and _joins_emoji(text, place)
        )
    if _EMOJI_SELECTORS.match(character):
        return STYLED.fullmatch(before) is not None or (before in _KEYS and after == _KEYCAP and before != "")
    if _IDEOGRAPH_SELECTORS.match(character):
        return _script(before) == "CJK"
    mongolian = _category(before) == "L" and _script(before) == "MONGOLIAN"
    return mongolian and _MONGOLIAN_SELECTORS.match(character) is not None


def _joins_letters(before: str, after: str) -> bool:
    """Tell whether a joiner stands between letters of one script that needs joiners."""
    letters = _category(before) in ("L", "M") and _category(after) == "L"
    return letters and _script(before) in _JOINING_SCRIPTS and _script(before) == _script(after)


def _joins_emoji(text: str, place: int) -> bool:
    left = text[max(0, place - 2) : place]
    while left and (_EMOJI_SELECTORS.match(left[-1]) or _SKIN_TONES.match(left[-1])):
        left = left[:-1]
    return (
        JOINED.fullmatch(left[-1:]) is not None and JOINED.fullmatch(text[place + 1 : place + 2]) is not None
    )


def _category(character: str) -> str:
    return unicodedata.category(character)[0] if character else ""


def _script(character: str) -> str:
    """Return a character name's first word, the script of letters and marks; empty without a name."""
    return unicodedata.name(character, "").split(" ")[0] if character else ""


def _name(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"{name.lower()} (U+{ord(character):04X})" if name else f"U+{ord(character):04X}"
