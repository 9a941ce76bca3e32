"""No secret of the set-up shows anywhere: not in the log, not in the database, not in what Slack was sent."""

import json
import re
from collections.abc import Callable

from bot.sandbox import cast
from tests.journeys.stage import ALICE, BOB, CHANGES, Stage

RESPONSE_URL = re.compile(r"http://127\.0\.0\.1:\d+/response", re.IGNORECASE)


def test_a_whole_story_leaves_no_secret_behind(fresh_stage: Callable[..., Stage]) -> None:
    stage = fresh_stage(LEGACYTLS_LOG_LEVEL="debug")
    number = stage.ask(ALICE)
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig")
    stage.command(ALICE, "status")
    stage.wait_until_delivered()
    folder = stage.sandbox.folder
    assert stage.stop() == 0
    kept = {path.name: path.read_bytes() for path in folder.glob("stage.db*")}
    kept["bot.log"] = (folder / "bot.log").read_bytes()
    channels = (CHANGES, stage.slack.dm(ALICE), stage.slack.dm(BOB))
    kept["slack"] = json.dumps([stage.slack.messages(channel) for channel in channels]).encode()
    key = (folder / "client.pem").read_text(encoding="ascii").split("-----")[2].strip().splitlines()[1]
    secrets = [cast.BOT_TOKEN, cast.APP_TOKEN, key]
    found = [(name, secret[:8]) for name, text in kept.items() for secret in secrets if secret.encode() in text]
    assert found == []
    assert [name for name, text in kept.items() if name != "bot.log" and b"eyJ" in text] == []
    assert [name for name, text in kept.items() if RESPONSE_URL.search(text.decode("utf-8", errors="replace"))] == []
