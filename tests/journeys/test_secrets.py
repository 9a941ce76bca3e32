"""No secret of the set-up shows anywhere, and nothing that people typed shows in the log, not even at its
lowest level."""

import json
import re
from collections.abc import Callable

from sqlalchemy import inspect, text

from bot.sandbox.slack import cast
from tests.journeys.stage import ALICE, BOB, CHANGES, Stage

TYPED = "canaryword"

RESPONSE_URL = re.compile(r"/response/[0-9a-f]{32}")
"""With or without its host: whoever knows the path can answer."""


def test_a_whole_story_leaves_no_secret_behind(fresh_stage: Callable[..., Stage]) -> None:
    stage = fresh_stage(LEGACYTLS_LOG_LEVEL="debug")
    number = stage.ask(ALICE, reason=f"Scanners {TYPED}", clients=f"Ricoh {TYPED}, owner: Facilities")
    stage.press(BOB, number, "approve")
    stage.card(number, "Applied:")
    stage.tenant.queue_fault("role_missing", cmdlet="Get-TransportConfig")
    stage.command(ALICE, "status")
    for typed in (
        f"statsu {TYPED}",
        f"why {TYPED}@contoso.com",
        f"{TYPED}",
        f"export {TYPED}",
        f"history {TYPED}",
    ):
        stage.command(ALICE, typed)
    stage.opt_out(BOB, reason=f"Done {TYPED}")
    stage.wait_until_delivered()
    folder = stage.sandbox.folder
    assert stage.stop() == 0
    kept = {path.name: path.read_bytes() for path in folder.glob("stage.db*")} | rows(stage)
    kept["bot.log"] = (folder / "bot.log").read_bytes()
    channels = (CHANGES, stage.slack.dm(ALICE), stage.slack.dm(BOB))
    kept["slack"] = json.dumps([stage.slack.messages(channel) for channel in channels]).encode()
    assert (TYPED.encode() in kept["bot.log"], TYPED.encode() in kept["change_requests"]) == (False, True)
    key = (folder / "client.pem").read_text(encoding="ascii").split("-----")[2].strip().splitlines()[1]
    secrets = [cast.BOT_TOKEN, cast.APP_TOKEN, cast.SIGNING_SECRET, key]
    found = [
        (name, secret[:8]) for name, held in kept.items() for secret in secrets if secret.encode() in held
    ]
    assert found == []
    assert [name for name, held in kept.items() if name != "bot.log" and b"eyJ" in held] == []
    assert [
        name for name, held in kept.items() if RESPONSE_URL.search(held.decode("utf-8", errors="replace"))
    ] == []


def rows(stage: Stage) -> dict[str, bytes]:
    """Every row of every table, as text."""
    assert stage._database is not None
    with stage._database.read() as connection:
        names = inspect(connection).get_table_names()
        assert "change_requests" in names
        return {
            name: repr(connection.execute(text(f'SELECT * FROM "{name}"')).all()).encode() for name in names
        }
