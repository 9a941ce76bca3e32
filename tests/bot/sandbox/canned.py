"""The canned workspace of the page's tests: Alice to Frank, one channel, one request, one modal."""

import copy
from typing import Any

Json = dict[str, Any]

CHANNEL = "C0MAIL"
NOW = "2026-11-23T14:30:00Z"
AT = 1795444200  # NOW as an epoch
PEOPLE = [
    ("U0ALICE", "alice", "Alice Anders", "Mail administrator", "operator", "Europe/Berlin", {}),
    ("U0BOB", "bob", "Bob Baker", "Head of IT", "approver", "Europe/London", {}),
    ("U0CAROL", "carol", "Carol Chen", "Security officer", "approver", "America/New_York", {}),
    ("U0DAVE", "dave", "Dave Dietrich", "Accounting", "member", "Europe/Berlin", {}),
    ("U0ERIN", "erin", "Erin Egan", "Contractor", "guest", "UTC", {"is_guest": True}),
    ("U0FRANK", "frank", "Frank Fabrikam", "Fabrikam", "other workspace", "UTC", {"is_stranger": True}),
    ("U0LEGACY", "legacytls", "Legacy TLS", "", "", "UTC", {"is_bot": True}),
]


def mrkdwn(text: str) -> Json:
    """A mrkdwn text object."""
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def section(text: str, **more: Any) -> Json:
    """A section block of mrkdwn."""
    return {"type": "section", "text": mrkdwn(text), **more}


def message(ts: float, user: str, text: str, *blocks: Json, **more: Any) -> Json:
    """One message as the console tells it."""
    return {
        "ts": f"{ts:.6f}",
        "user": user,
        "text": text,
        "blocks": list(blocks),
        "reactions": [],
        "edited": False,
        "ephemeral": False,
        **more,
    }


def button(text: str, action: str, value: str, **more: Any) -> Json:
    """A button element."""
    return {"type": "button", "text": plain(text), "action_id": action, "value": value, **more}


def request_card() -> list[Json]:
    """A change request that waits for approval."""
    end = AT + 30 * 86400
    sure = {
        "title": plain("Reject #12?"),
        "text": mrkdwn("One rejection is *final*."),
        "confirm": plain("Reject"),
        "deny": plain("Keep"),
        "style": "danger",
    }
    fields = [
        mrkdwn("*Requested by*\n<@U0ALICE>"),
        mrkdwn(f"*Until*\n<!date^{end}^{{date_long}} at {{time}}|2026-12-23>"),
        mrkdwn("*Live value*\nopted out"),
        mrkdwn("*Needs*\n1 approval by <!subteam^S0SEC|@security>"),
    ]
    return [
        {"type": "header", "text": plain(":unlock: #12 Opt in to legacy TLS")},
        section(
            "Forty scanners in the *Berlin* office speak only TLS 1.0.\n&gt; Replacement is ordered for "
            "March."
        ),
        {"type": "section", "fields": fields},
        {"type": "divider"},
        {
            "type": "actions",
            "block_id": "decide",
            "elements": [
                button("Approve", "approve", "12", style="primary"),
                button("Reject", "reject", "12", style="danger", confirm=sure),
                button("Withdraw", "withdraw", "12"),
            ],
        },
        {
            "type": "context",
            "elements": [mrkdwn(":hourglass: expires in 24 h · react with :white_check_mark: or :x:")],
        },
    ]


def status_card() -> list[Json]:
    """What the bot answers to ``status``."""
    since = "*opted out* since <!date^1795357800^{date_short_pretty} {time}|yesterday>"
    locks = "• SMTP AUTH: `TLS 1.2` or newer\n• POP and IMAP: refused :lock:"
    return [
        section(f"{since}\n{locks}"),
        {"type": "context", "elements": [mrkdwn("Read now from *contoso.onmicrosoft.com*")]},
    ]


def home() -> Json:
    """An App Home with a request that waits."""
    blocks = [
        {"type": "header", "text": plain("Legacy TLS in Exchange Online")},
        *status_card(),
        *request_card()[3:],
    ]
    return {"id": "V0HOME", "view": {"type": "home", "blocks": blocks}}


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal view."""
    return {
        "type": "modal",
        "title": plain("Opt in to legacy TLS"),
        "submit": plain("Ask for approval"),
        "close": plain("Cancel"),
        "blocks": list(blocks),
        **more,
    }


def input_block(block_id: str, label: str, element: Json, **more: Any) -> Json:
    """An input block whose element's action id is the block's id."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": block_id, **element},
        **more,
    }


def options(*pairs: tuple[str, str]) -> list[Json]:
    """Option objects of (value, text)."""
    return [{"value": value, "text": plain(text)} for value, text in pairs]


def enable_modal() -> Json:
    """The form behind ``enable``: every kind of input the bot uses."""
    protocols = options(("smtp", "SMTP AUTH"), ("pop", "POP"), ("imap", "IMAP"))
    return modal(
        section("Live value: *opted out*. Opting in needs *one* approver."),
        input_block(
            "reason",
            "Why is it needed?",
            {"type": "plain_text_input", "multiline": True, "max_length": 500},
            hint=plain("Devices, site, owner."),
        ),
        input_block("until", "Until", {"type": "datepicker", "initial_date": "2026-12-23"}),
        input_block("owner", "Owner of the devices", {"type": "plain_text_input"}, optional=True),
        input_block("protocols", "Protocols", {"type": "checkboxes", "options": protocols}),
        input_block(
            "site",
            "Site",
            {
                "type": "static_select",
                "placeholder": plain("Pick a site"),
                "options": options(("ber", "Berlin"), ("lon", "London")),
            },
        ),
        input_block(
            "answers",
            "Who answers for them?",
            {"type": "users_select", "placeholder": plain("Pick a person")},
            optional=True,
        ),
    )


def calls() -> list[Json]:
    """What the tenant received."""
    common = {"status": 200, "note": ""}
    return [
        {
            "at": "2026-11-23T14:00:02Z",
            "cmdlet": "Get-TransportConfig",
            "parameters": {},
            "effective": None,
            **common,
        },
        {
            "at": "2026-11-23T14:10:02Z",
            "cmdlet": "Set-TransportConfig",
            "parameters": {"AllowLegacyTLSClients": False},
            "effective": True,
            **common,
        },
        {
            "at": "2026-11-23T14:20:02Z",
            "cmdlet": "Get-TransportConfig",
            "parameters": {},
            "status": 503,
            "effective": None,
            "note": "ServerBusy",
        },
    ]


def state() -> Json:
    """The whole of it, before anybody looks."""
    reaction = {"name": "eyes", "users": ["U0CAROL"]}
    return {
        "revision": 1,
        "now": NOW,
        "bot_user": "U0LEGACY",
        "people": [_person(row) for row in PEOPLE],
        "groups": [{"id": "S0MAIL", "handle": "mail-owners"}],
        "channels": [
            {"id": CHANNEL, "name": "mail-changes", "kind": "channel", "member": True},
            {"id": "C0GENERAL", "name": "general", "kind": "channel", "member": True},
        ],
        "messages": {
            CHANNEL: [
                message(AT - 90000, "U0BOB", "Morning all :wave: the Berlin scanners are due in March."),
                message(AT - 89960, "U0BOB", "Until then we need an *exception*."),
                message(AT - 600, "U0LEGACY", "#12 Opt in", *request_card(), reactions=[reaction]),
                message(AT - 300, "U0LEGACY", "opted out", *status_card(), ephemeral=True, to="U0ALICE"),
            ],
            "C0GENERAL": [],
        },
        "views": [],
        "home": None,
        "shortcuts": [{"name": "Legacy TLS", "callback_id": "legacytls"}],
        "commands": [_command()],
        "tenant": _tenant(),
        "others": [],
        "bot": {"state": "running"},
        "notice": None,
    }


def _person(row: tuple[str, str, str, str, str, str, Json]) -> Json:
    keys = ("id", "name", "real_name", "title", "role", "tz")
    return (
        dict(zip(keys, row, strict=False))
        | {"is_bot": False, "is_guest": False, "is_stranger": False}
        | row[-1]
    )


def _command() -> Json:
    names = (
        ("help", "What I understand"),
        ("status", "The live value"),
        ("enable", "Ask to opt in"),
        ("disable", "Opt out"),
        ("history", "The newest changes"),
    )
    return {
        "command": "/legacytls",
        "hint": "Legacy TLS for Exchange Online",
        "subcommands": [{"name": name, "hint": hint} for name, hint in names],
    }


def _tenant() -> Json:
    labels = (
        ("slow", "Answer slowly (10 s)"),
        ("throttle", "Throttle (429)"),
        ("fail", "Fail (500)"),
        ("lose_answer", "Do it, but lose the answer"),
    )
    return {
        "value": False,
        "smtp_auth_disabled": True,
        "organization": "contoso.onmicrosoft.com",
        "calls": calls(),
        "faults": [],
        "faults_available": [{"name": name, "label": label} for name, label in labels],
        "lag": 0,
    }


def seen_by(whole: Json, person: str) -> Json:
    """The state as ``person`` sees it: private messages of others and others' direct messages are left
    out."""
    seen = copy.deepcopy(whole)
    seen["channels"].append(
        {"id": f"D{person[1:]}", "name": "legacytls", "kind": "dm", "with": "U0LEGACY", "member": True}
    )
    greeting = message(AT - 1200, "U0LEGACY", f"Your vote on #12 was counted, <@{person}>.")
    seen["messages"].setdefault(f"D{person[1:]}", [greeting])
    for messages in seen["messages"].values():
        messages[:] = [each for each in messages if each.get("to", person) == person]
    return seen
