"""The page draws every emoji that the bot writes by name, so that nobody reads ``:checkered_flag:`` where
Slack shows a flag."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
WRITTEN = re.compile(r"(?<![\w.{]):([a-z0-9_]{3,}):(?!\w)")


def test_the_page_knows_every_emoji_that_the_bot_writes() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "handlers" / "slack").rglob("*.py")]
    written = {name for source in sources for name in WRITTEN.findall(source)}
    page = (ROOT / "bot" / "sandbox" / "console" / "page" / "emoji.js").read_text(encoding="utf-8")
    drawn = set(re.findall(r'"?([a-z0-9_+-]+)"?: "', page))
    assert {"warning", "lock", "checkered_flag"} <= written
    assert written <= drawn
