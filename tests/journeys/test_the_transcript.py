"""The conversation that the README prints is the one that the bot holds."""

import re
from pathlib import Path

from tests.journeys.stage import ALICE, BOB
from tests.journeys.words import buttons, words

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SAID_BY_THE_BOT = re.compile(
    r"^(?:legacytls  | {11}|.*\((?:only Alice sees|direct message)\) )(.+)$", re.MULTILINE
)


def plain(text: str) -> str:
    """The words alone: without marks, and without the code, which is another one for each request."""
    told = text.replace(f"<@{ALICE}>", "@alice").replace("*", "").replace("`", "")
    return re.sub(r"code [0-9a-f]{8}\b", "code", told)


def test_every_sentence_of_the_printed_conversation_is_said(fresh_stage) -> None:
    stage = fresh_stage()
    number = stage.ask(ALICE)
    asked = stage.card(number)
    said = [words(asked), " | ".join(button["text"]["text"] for button in buttons(asked).values())]
    said += [
        stage.press(ALICE, number, "approve"),
        stage.react(BOB, number),
        words(stage.card(number, "Applied:")),
    ]
    printed = README.split("```text\n")[1].split("```")[0]
    pieces = [
        piece.strip() for line in SAID_BY_THE_BOT.findall(printed) for piece in re.split(r"\.\.\.|   +", line)
    ]
    heard = plain("\n".join(said))
    assert [piece for piece in pieces if plain(piece) not in heard] == []
    assert len([piece for piece in pieces if piece]) >= 8
