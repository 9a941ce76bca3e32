"""Find characters that do not show in what people type: an approver has to see all of what they approve.

Judged by Unicode's own properties, and strictly: what is refused here by mistake can be typed again without
it, and what is let through by mistake is approved unseen. The signs that make up emoji are taken from the npm
package ``emoji-datasource`` 16.0.0 (iamcal's emoji-data, MIT licence; ``emoji.json``), which follows
Unicode's ``emoji-zwj-sequences.txt`` and ``emoji-variation-sequences.txt``. To renew: the characters beside
U+200D in ``unified`` and ``skin_variations``, skin tones left out; and those before U+FE0F, with every emoji
below U+10000.
"""

import re
import unicodedata

JOINED = re.compile(
    "["
    r"\u2194\u2195\u2620\u2640\u2642\u2695\u2696\u26a7\u26d3\u26f9\u2708\u2744\u2764\u27a1\u2b1b"
    r"\U0001f308\U0001f32b\U0001f33e\U0001f344\U0001f34b\U0001f373\U0001f37c\U0001f384\U0001f393"
    r"\U0001f3a4\U0001f3a8\U0001f3c3\U0001f3c4\U0001f3ca-\U0001f3cc\U0001f3eb\U0001f3ed"
    r"\U0001f3f3\U0001f3f4\U0001f408\U0001f415\U0001f426\U0001f43b\U0001f441\U0001f466-\U0001f469"
    r"\U0001f46e-\U0001f471\U0001f473\U0001f477\U0001f481\U0001f482\U0001f486\U0001f487\U0001f48b"
    r"\U0001f4a5\U0001f4a8\U0001f4ab\U0001f4bb\U0001f4bc\U0001f525\U0001f527\U0001f52c\U0001f575"
    r"\U0001f5e8\U0001f62e\U0001f635\U0001f636\U0001f642\U0001f645-\U0001f647\U0001f64b"
    r"\U0001f64d\U0001f64e\U0001f680\U0001f692\U0001f6a3\U0001f6b4-\U0001f6b6\U0001f7e9\U0001f7eb"
    r"\U0001f91d\U0001f926\U0001f935\U0001f937-\U0001f939\U0001f93c-\U0001f93e\U0001f9af-\U0001f9b3"
    r"\U0001f9b8-\U0001f9ba\U0001f9bc\U0001f9bd\U0001f9cd-\U0001f9cf\U0001f9d1\U0001f9d2\U0001f9d4"
    r"\U0001f9d6-\U0001f9df\U0001fa79\U0001faf1\U0001faf2"
    "]"
)
"""Signs beside the joiner in the emoji that are made of several."""

STYLED = re.compile(
    "["
    r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf"
    r"\u23e9-\u23f3\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611"
    r"\u2614\u2615\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642"
    r"\u2648-\u2653\u265f\u2660\u2663\u2665\u2666\u2668\u267b\u267e\u267f\u2692-\u2697\u2699"
    r"\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0\u26b1\u26bd\u26be\u26c4\u26c5\u26c8\u26ce\u26cf"
    r"\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2705\u2708-\u270d\u270f"
    r"\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757"
    r"\u2763\u2764\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    r"\u3030\u303d\u3297\u3299\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202\U0001f237\U0001f321"
    r"\U0001f324-\U0001f32c\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b"
    r"\U0001f39e\U0001f39f\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7"
    r"\U0001f43f\U0001f441\U0001f4fd\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579"
    r"\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc"
    r"\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8"
    r"\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9"
    r"\U0001f6f0\U0001f6f3"
    "]"
)
"""Signs that are text or emoji by a selector after them, and the older emoji, after which keyboards put one
needlessly.

Digits, ``#`` and ``*`` take one in a keycap alone.
"""


MOST_MARKS = 4
"""Marks in a row that a letter may carry: written languages need three or four; more of them draw over what
stands around."""

_HIDING = frozenset({"Cf", "Zl", "Zp"})
"""Format characters, and the separators of lines and paragraphs: a line of its own to one reader, and none to
another."""

_WITHOUT_INK = re.compile(
    "[\u034f\u17b4\u17b5\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00016fe4\u2065\ufdd0-\ufdef\ufff0-\ufff8"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""What is never drawn: the grapheme joiner, two vowels of Khmer that are spoken and not written, the fillers
of Hangul and Khitan, Braille without a dot, a note without a head, what Unicode keeps for such signs
(``Default_Ignorable_Code_Point``), and noncharacters, with which the bot marks commands it suggests."""

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
