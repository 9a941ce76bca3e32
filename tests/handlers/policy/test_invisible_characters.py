"""Nothing that does not show gets past a form, and what people write with joiners, selectors and marks
does."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.policy.forms import CLIENTS, REASON, text_problem
from handlers.policy.invisible_characters import MOST_MARKS, hidden
from storage.records import Vote
from tests.handlers.driver import ALICE, BOB, CHANNEL, House
from tests.handlers.policy.test_forms import mistakes
from tests.sentences import says

SELECTORS = [
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x180B, 0x180E), 0x180F)
]
BESIDES = list(
    "\u034f\u17b4\u17b5\u115f\u1160\u3164\uffa0\u2800\U0001d159\U00016fe4\u2065\ufff0\ufff8\U000e0000\U000e0080"
    "\U000e01f0\U000e0fff\ufdd0\ufdef"
)
"""What hides without being of a category that does."""

SOME = [
    "\u00ad",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2028",
    "\u2029",
    "\u2060",
    "\u2061",
    "\u180e",
    "\ufeff",
    "\ufff9",
    "\ufe0f",
    "\ufe00",
]
SOME += [
    "\U000e0001",
    "\U000e0041",
    "\U000e007f",
    "\U000e0101",
    "\U0001d173",
    "\U00013430",
    "\u034f",
    "\u180b",
]


def test_no_sign_that_hides_passes_in_a_latin_text() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    hiding = [sign for sign in every if unicodedata.category(sign) in ("Cf", "Zl", "Zp")]
    passed = [
        sign
        for sign in (*hiding, *SELECTORS, *BESIDES)
        for text in (f"Scan{sign}ner", f"{sign}Scanner", f"Scanner{sign}", f"1{sign}2")
        if not hidden(text)
    ]
    assert passed == []


@pytest.mark.parametrize("sign", SOME, ids=ascii)
@pytest.mark.parametrize("field", [REASON, CLIENTS])
def test_it_is_refused_by_its_name_and_its_place(field: str, sign: str) -> None:
    told = mistakes(**{field: f"Scan{sign}ner"})[field]
    assert "Character 5 " in told
    assert f"U+{ord(sign):04X}" in told
    assert unicodedata.name(sign, "").lower() in told
    assert sign not in told


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "نامه\u200cای",
        "क्\u200dष",
        "क्\u200cष",
        "ශ්\u200dරී",
        "ক্\u200dষ",
        "👩\u200d💻",
        "👩🏽\u200d🚀",
        "🏳️\u200d🌈",
        "❤️\u200d🔥",
        "👨\u200d👩\u200d👧\u200d👦",
        "🧑🏻\u200d❤️\u200d💋\u200d🧑🏼",
        "👁️\u200d🗨️",
        "🖨️ × 40",
        "⭐️⚡️",
        "1️⃣ #️⃣",
        "™︎",
        "辻\U000e0100さん",
        "葛\U000e0101城市",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "Zu\u0308rich",
        "שָׁלוֹם",
        "ก็ที่นี้",
        "\u1820\u180b\u1821",
        "a\u0301\u0302\u0303\u0304b",
        "👍🏿",
        "🇩🇪",
        "Straße № 5 … – “x”",
        "スキャナー",
        "सोलह स्कैनर",
        "x\u00a0y",
        "스캐너 마흔 대",
        "A shaking face \U0001fae8",
    ],
    ids=ascii,
)
def test_what_people_write_is_taken(text: str) -> None:
    assert text_problem(text, "empty") == ""


@pytest.mark.parametrize(
    "text",
    [
        "scan\u200dner",
        "scan\u200cner",
        "م\u200cx",
        "x\u200cم",
        "\u200cم",
        "م\u200c",
        "م\u200c\u200cم",
        "م\u200cक",
        "क्\u200d",
        "👩\u200dx",
        "x\u200d💻",
        "👩\u200d",
        "👩\u200d\u200d💻",
        "👩\u200c💻",
        "👩\u200d ",
        "©\u200d®",
        "🖨️️",
        "🖨\ufe0f\ufe0e",
        "x\ufe0f",
        "1\ufe0f",
        "1\ufe0f2",
        "1\u20e3\ufe0f",
        "م\ufe0f",
        "🎉\ufe00",
        "辻\U000e0100\U000e0101",
        "x\U000e0100",
        "😀\U000e0100",
        "🏴\U000e0067\U000e0062\U000e007f",
        "🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f",
        "x\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067",
        "मx\u200dम",
        "a\u0301\u0302\u0303\u0304\u0305b",
        "กิิิิิ",
        "o" + "\u20dd" * 5,
        "\u1820\u180b\u180b",
    ],
    ids=ascii,
)
def test_what_only_looks_like_it_is_refused(text: str) -> None:
    assert hidden(text) != ""


def test_marks_that_pile_up_are_refused_by_name() -> None:
    told = mistakes(reason="Sca" + "\u0300\u0301\u0302\u0303\u0304" + "nners")[REASON]
    assert says("more_than_marks", most_marks=MOST_MARKS) in told
    assert says("from_character_4") in told
    assert says("combining_macron_u_0304") in told


@given(st.text(st.characters(), max_size=60))
def test_whatever_is_taken_holds_no_more_selectors_than_signs_and_no_heap_of_marks(text: str) -> None:
    if text_problem(text, "empty"):
        return
    heap = 0
    for before, sign in zip(" " + text, text, strict=False):
        heap = heap + 1 if unicodedata.category(sign).startswith("M") else 0
        assert heap <= MOST_MARKS
        assert not (sign in SELECTORS and before in SELECTORS)
        assert unicodedata.category(sign) not in ("Zl", "Zp")


@pytest.mark.parametrize("sign", ["\u200b", "\u2028", "\U000e0041"], ids=ascii)
def test_every_form_in_which_something_is_typed_refuses_it(house: House, sign: str) -> None:
    typed = f"Scan{sign}ner"
    for kind in ("opt_in", "extension", "opt_out"):
        said = house.submit(
            kind,
            ALICE,
            CHANNEL,
            reason=typed,
            clients=typed,
            protocols=["smtp-auth"],
            day=house.clock.at.date(),
        )
        assert f"U+{ord(sign):04X}" in said["errors"]["reason"]
    assert house.requests() == []
    request = house.ask(ALICE)
    house.reject(BOB, request.id)
    said = house.submit("rejection", BOB, str(request.id), reason=typed)
    assert f"U+{ord(sign):04X}" in said["errors"]["reason"]
    assert [vote.vote for vote in house.votes(request.id)] == [Vote.REJECT]
    said = house.submit("claim", BOB, str(request.id), reason=typed)
    assert f"U+{ord(sign):04X}" in said["errors"]["reason"]
