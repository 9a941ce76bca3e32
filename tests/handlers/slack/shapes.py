"""Payloads of Slack, as they are and as they never should be: true ones, true ones with something wrong in
them, and nonsense."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.handlers.driver import ALICE, BOB, ERIN
from tests.handlers.fakes import CHANNEL, HOME_TEAM

NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TRICKY = st.sampled_from(
    [
        None,
        "",
        "\x00",
        "\ud800",
        "0",
        "-1",
        "1e400",
        "nan",
        "inf",
        "9" * 40,
        "U" * 300,
        {},
        [],
        [None],
        {"id": None},
        0,
        True,
    ]
)
SPOILT = NONSENSE | TRICKY


def button(
    person: str = BOB, action: str = "approve", value: str = "1", ts: str = "1763899200.000001"
) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": HOME_TEAM},
        "user": {"id": person, "team_id": HOME_TEAM},
        "channel": {"id": CHANNEL},
        "container": {"type": "message", "channel_id": CHANNEL, "message_ts": ts},
        "trigger_id": "1.2.abc",
        "actions": [
            {
                "type": "button",
                "action_id": action,
                "block_id": "b",
                "value": value,
                "action_ts": "1763899300.000001",
            }
        ],
    }


def event(person: str = BOB, name: str = "white_check_mark", kind: str = "reaction_added") -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": HOME_TEAM,
        "event_id": "Ev0123456789",
        "event": {
            "type": kind,
            "user": person,
            "reaction": name,
            "item": {"type": "message", "channel": CHANNEL, "ts": "1763899200.000001"},
            "event_ts": "1763899300.000001",
        },
    }


def mention(person: str = BOB, text: str = "<@U0LEGACY> status", **more: Any) -> dict[str, Any]:
    said = {
        "user": person,
        "text": text,
        "ts": "1763899300.000001",
        "channel": CHANNEL,
        "event_ts": "1763899300.000001",
    }
    return {
        "type": "event_callback",
        "team_id": HOME_TEAM,
        "event_id": "Ev0123456780",
        "event": {"type": "app_mention", "team": HOME_TEAM, **said, **more},
    }


def submission(person: str = ALICE, callback: str = "opt_in", metadata: str = CHANNEL) -> dict[str, Any]:
    def typed(text: str) -> dict[str, str]:
        return {"type": "plain_text_input", "value": text}

    values = {
        "reason": {"reason": typed("Scanners")},
        "clients": {"clients": typed("40 scanners")},
        "protocols": {"protocols": {"type": "checkboxes", "selected_options": [{"value": "smtp-auth"}]}},
        "day": {"day": {"type": "datepicker", "selected_date": "2026-12-13"}},
    }
    return {
        "type": "view_submission",
        "team": {"id": HOME_TEAM},
        "user": {"id": person},
        "view": {
            "id": "V0123456789",
            "type": "modal",
            "callback_id": callback,
            "private_metadata": metadata,
            "state": {"values": values},
        },
    }


def command(person: str = ALICE, text: str = "status") -> dict[str, Any]:
    return {
        "command": "/legacytls",
        "team_id": HOME_TEAM,
        "text": text,
        "user_id": person,
        "channel_id": CHANNEL,
        "trigger_id": "1.2.abc",
    }


ACTIONS = [
    "approve",
    "reject",
    "withdraw",
    "take_back",
    "give_reason",
    "again",
    "extend",
    "opt_out_now",
    "it_was_me",
    "history_page",
    "what_if",
]
CALLBACKS = ["opt_in", "extension", "opt_out", "rejection", "claim", "another"]
WORDS = [
    "status",
    "enable",
    "extend",
    "disable",
    "history",
    "calendar",
    "export",
    "why",
    "why a@b.example",
    "whatif",
    "whatif 1",
    "help",
    "enabel",
    "",
]


def bodies(people: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """True payloads of every kind, by these people."""
    return st.one_of(
        st.builds(button, people, st.sampled_from(ACTIONS), st.sampled_from(["1", "2", "999999999"])),
        st.builds(event, people, st.sampled_from(["white_check_mark", "x", "eyes"]), st.sampled_from(EVENTS)),
        st.builds(mention, people, st.sampled_from(["<@U0LEGACY>", "<@U0LEGACY> disable", ""])),
        st.builds(submission, people, st.sampled_from(CALLBACKS), st.sampled_from([CHANNEL, "1", ""])),
        st.builds(command, people, st.sampled_from(WORDS)),
    )


EVENTS = ["reaction_added", "reaction_removed"]
NOBODIES = st.sampled_from(
    [ERIN, "U0NOBODY", "USLACKBOT", "W0STRANGER", "u0bob", "U0BOB ", "U0BOB\x00", "@U0BOB"]
)
"""Members without a role, strangers, and ids that only look like an approver's."""


ROUTING = {
    "type",
    "team",
    "team_id",
    "command",
    "callback_id",
    "action_id",
    "block_id",
    "view",
    "event",
    "actions",
}
"""By these Bolt itself finds the listener; it does not survive them being spoilt, and nothing of ours is
asked then."""


def _paths(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path and path[-1] not in ROUTING and path != ("actions", 0) else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


@st.composite
def spoilt(draw: Callable[..., Any], true: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A true payload with one to three of its parts replaced by something else, or taken out."""
    body = copy.deepcopy(draw(true))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_paths(body)))
        node: Any = body
        for key in way:
            node = node[key] if (isinstance(node, dict) and key in node) or isinstance(node, list) else None
        if isinstance(node, dict) and last in node and draw(st.booleans()):
            del node[last]
        elif isinstance(node, dict) or (isinstance(node, list) and last < len(node)):
            # the samples are shared, and the next turn may spoil this one
            node[last] = copy.deepcopy(draw(SPOILT))
        if not _paths(body):
            break
    return body
