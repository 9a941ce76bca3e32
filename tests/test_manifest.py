"""The manifest that people install asks for what the code uses, and for nothing more."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.scopes import BOT_SCOPES, EVENTS, SHORTCUT, SHORTCUT_NAME
from handlers.suggested import COMMAND

FILE = Path(__file__).parents[1] / "manifest.yml"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def _listed(key: str) -> dict[str, str]:
    """Read the items of a list from the text, as name -> comment: parsing YAML drops the comments."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
    items: dict[str, str] = {}
    for line in lines[start + 1 :]:
        if not line.strip().startswith("- "):
            break
        name, _, comment = line.strip()[2:].partition("#")
        items[name.strip()] = comment.strip()
    return items


def test_the_scopes_are_those_the_code_gives_a_reason_for(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"] == {"scopes": {"bot": sorted(BOT_SCOPES)}}
    assert all(BOT_SCOPES.values())


def test_nothing_lets_the_bot_read_or_impersonate_people(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes) == {"bot"}
    assert not [
        scope for scope in scopes["bot"] if "history" in scope or "admin" in scope or "customize" in scope
    ]


def test_the_events_are_those_that_have_a_listener(manifest: dict[str, Any]) -> None:
    assert tuple(manifest["settings"]["event_subscriptions"]["bot_events"]) == EVENTS


@pytest.mark.parametrize("key", ["bot", "bot_events"])
def test_every_scope_and_event_says_why_in_a_comment(key: str) -> None:
    items = _listed(key)
    assert items
    assert [name for name, why in items.items() if not why] == []


def test_there_is_one_command_and_it_shows_how_to_use_it(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is True
    assert command["usage_hint"] == f"[{' | '.join(SUBCOMMANDS)}]"


def test_it_installs_as_it_is_without_a_public_address(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": True,
    }
    assert settings["org_deploy_enabled"] is False
    assert settings["token_rotation_enabled"] is False
    assert "request_url" not in json.dumps(manifest)


def test_texts_keep_to_slacks_limits(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    (command,) = manifest["features"]["slash_commands"]
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000


@pytest.mark.skipif(
    "TESTS_MANIFEST_SCHEMA" not in os.environ, reason="TESTS_MANIFEST_SCHEMA names no copy of Slack's schema"
)
def test_slacks_own_schema_accepts_it(manifest: dict[str, Any]) -> None:
    schema = json.loads(Path(os.environ["TESTS_MANIFEST_SCHEMA"]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(manifest)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(manifest | {"unheard_of": True})


def test_there_is_a_home_and_a_shortcut_that_has_a_listener(manifest: dict[str, Any]) -> None:
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True
    (shortcut,) = manifest["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"], shortcut["name"]) == (
        "global",
        SHORTCUT,
        SHORTCUT_NAME,
    )
