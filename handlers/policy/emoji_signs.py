"""Which signs make up emoji, as far as invisible characters belong between and after them.

Taken from the npm package ``emoji-datasource`` 16.0.0 (iamcal's emoji-data, MIT licence; ``emoji.json``),
which follows Unicode's ``emoji-zwj-sequences.txt`` and ``emoji-variation-sequences.txt``. To renew: the
characters beside U+200D in ``unified`` and ``skin_variations``, skin tones left out; and those before U+FE0F,
with every emoji below U+10000.
"""

import re

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
