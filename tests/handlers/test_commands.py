"""Commands as the inbox keeps them: what any version wrote is read back, and what none wrote is set aside,
never a defect."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import get_args

import pytest

from handlers.commands import (
    AboutMessage,
    AnswerLookAlike,
    AskExtension,
    AskOptIn,
    CastVote,
    ClaimChange,
    Command,
    GiveReason,
    OptOut,
    ReplyToReminder,
    ShortenWindow,
    TakeBackVote,
    Withdraw,
    command_of,
)
from handlers.dispatch import UNREAD
from handlers.interaction import Interaction
from handlers.policy.forms import OptInForm
from handlers.register.commands import (
    AcceptDevice,
    AddDevice,
    ChangeDay,
    ChangeOwner,
    ImportFile,
    KeepUntilTheEnd,
    NeedLonger,
    NotMine,
    RefuseDevice,
    Replaced,
    WithdrawDevice,
)
from handlers.stored_command import CommandKind
from storage.inbox import Inbox
from storage.messages.records import ReminderReply
from storage.records import Door, MailProtocol, Vote
from tests.handlers.driver import ALICE, BOB, CHANNEL, TENANT, House

AT = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)
BY_BUTTON = {
    "person": BOB,
    "door": "button",
    "at": AT.isoformat(),
    "channel": CHANNEL,
    "ts": "1763899200.000001",
}
BY_REACTION = BY_BUTTON | {"door": "reaction"}
BY_FORM = {"person": BOB, "door": "command", "at": AT.isoformat(), "channel": CHANNEL}
IN_MESSAGE = {"person": BOB, "door": "command", "at": AT.isoformat()}
FILLED = {"reason": "Scanners", "clients": "Two Ricoh", "protocols": "pop3,smtp-auth", "day": "2026-12-01"}
FORM = OptInForm("Scanners", "Two Ricoh", (MailProtocol.POP3, MailProtocol.SMTP_AUTH), date(2026, 12, 1))

LATER = {"request": "12", "due": "2026-12-01", "reason": "Late"}
ADDED = {
    "device": "Scanner", "sender": "scan@contoso.com", "site": "", "owner": BOB, "protocol": "pop3",
    "reason": "Old", "plan": "New", "due": "2026-12-01",
}  # fmt: skip
ADD = AddDevice(
    device="Scanner",
    sender="scan@contoso.com",
    owner=BOB,
    protocol=MailProtocol.POP3,
    reason="Old",
    plan="New",
    due=date(2026, 12, 1),
)

STORED: list[tuple[str, dict[str, str], Command]] = [
    ("opt_in", BY_FORM | FILLED | {"kind": "opt_in"}, AskOptIn(FORM)),
    ("opt_in", BY_FORM | FILLED | {"kind": "extension"}, AskExtension(FORM)),
    ("opt_in", BY_FORM | FILLED | {"kind": "shortening"}, ShortenWindow(FORM)),
    ("opt_out", BY_FORM | {"reason": ""}, OptOut()),
    ("opt_out", BY_FORM | {"reason": "Done"}, OptOut("Done")),
    ("vote", BY_BUTTON | {"request": "12", "vote": "approve"}, CastVote(Vote.APPROVE, request_id=12)),
    ("vote", BY_BUTTON | {"request": "12", "vote": "reject"}, CastVote(Vote.REJECT, request_id=12)),
    ("vote", BY_REACTION | {"vote": "approve", "ours": "yes"}, CastVote(Vote.APPROVE, on_own_message=True)),
    ("vote", BY_REACTION | {"vote": "reject"}, CastVote(Vote.REJECT)),
    ("take_back", BY_BUTTON | {"request": "12"}, TakeBackVote(request_id=12)),
    ("take_back", BY_REACTION | {"ours": "yes"}, TakeBackVote(on_own_message=True)),
    ("take_back", BY_REACTION, TakeBackVote()),
    (
        "look_alike",
        BY_REACTION | {"emoji": "thumbsup", "ours": "yes"},
        AnswerLookAlike("thumbsup", on_own_message=True),
    ),
    ("withdraw", BY_BUTTON | {"request": "12"}, Withdraw(12)),
    ("reason", IN_MESSAGE | {"request": "12", "reason": "Too long"}, GiveReason(12, "Too long")),
    ("claim", IN_MESSAGE | {"request": "12", "reason": "It was me"}, ClaimChange(12, "It was me")),
    ("reply", BY_BUTTON | {"request": "77", "vote": "snoozed"}, ReplyToReminder(77, ReminderReply.SNOOZED)),
    ("reply", BY_BUTTON | {"request": "77", "vote": "done"}, ReplyToReminder(77, ReminderReply.DONE)),
    (
        "opt_in",
        BY_FORM | FILLED | {"kind": "extension", "devices": "3,12"},
        AskExtension(replace(FORM, devices=(3, 12))),
    ),
    ("add_device", BY_FORM | ADDED, ADD),
    ("change_day", BY_FORM | LATER, ChangeDay(12, date(2026, 12, 1), "Late")),
    ("need_longer", BY_FORM | LATER, NeedLonger(12, date(2026, 12, 1), "Late")),
    ("change_owner", BY_FORM | {"request": "12", "owner": BOB}, ChangeOwner(12, BOB)),
    ("replaced", BY_BUTTON | {"request": "12"}, Replaced(12)),
    ("withdraw_device", BY_BUTTON | {"request": "12"}, WithdrawDevice(12)),
    ("accept_device", BY_BUTTON | {"request": "12"}, AcceptDevice(12)),
    ("refuse_device", BY_BUTTON | {"request": "12"}, RefuseDevice(12)),
    ("not_mine", BY_BUTTON | {"request": "12"}, NotMine(12)),
    ("keep_until_end", BY_BUTTON | {"request": "12"}, KeepUntilTheEnd(12)),
    (
        "import_devices",
        BY_FORM | {"file": "https://files.slack.com/F1"},
        ImportFile(address="https://files.slack.com/F1"),
    ),
    (
        "import_devices",
        BY_FORM | {"file": "https://files.slack.com/F1", "from": "2026-11-01", "to": "2026-11-30"},
        ImportFile(
            address="https://files.slack.com/F1", first_day=date(2026, 11, 1), last_day=date(2026, 11, 30)
        ),
    ),
]
"""Rows as they were written when payloads were still dicts: they are authenticated as they stand, so no
letter may change."""

EARLIER: list[tuple[str, dict[str, str], Command]] = [
    ("opt_in", BY_FORM | FILLED, AskOptIn(FORM)),
    ("opt_in", BY_FORM | FILLED | {"kind": "opt_in", "channel": ""}, AskOptIn(FORM)),
    ("opt_out", IN_MESSAGE, OptOut()),
]
"""Rows that are still read and not written any more."""


@pytest.mark.parametrize(("kind", "payload", "command"), STORED)
def test_a_command_is_written_and_read_as_it_always_was(
    kind: str, payload: dict[str, str], command: Command
) -> None:
    interaction = Interaction.from_payload("key", payload)
    assert (interaction.person, interaction.at, interaction.ts) == (BOB, AT, payload.get("ts", ""))
    assert command_of(kind, payload) == command
    assert (command.kind.value, interaction.to_payload() | command.to_payload()) == (kind, payload)


@pytest.mark.parametrize(("kind", "payload", "command"), EARLIER)
def test_a_command_of_an_earlier_version_is_still_read(
    kind: str, payload: dict[str, str], command: Command
) -> None:
    assert command_of(kind, payload) == command
    assert Interaction.from_payload("key", payload).channel == payload.get("channel", "")


def test_every_kind_and_every_command_is_among_these_rows() -> None:
    written = [command for _, _, command in STORED]
    assert {command.kind for command in written} == set(CommandKind)
    assert {type(command) for command in written} == set(get_args(Command))
    assert set(get_args(AboutMessage)) < set(get_args(Command))


def test_a_log_line_tells_no_typed_text_and_calls_a_reminder_no_change() -> None:
    logged = {command.kind: dict(command.logged) for _, _, command in STORED}
    assert logged[CommandKind.REPLY] == {"notice": "77", "reply": "done"}
    assert logged[CommandKind.CLAIM] == {"request": "12"}
    assert logged[CommandKind.REPLACED] == {"device": "12"}
    assert logged[CommandKind.ADD_DEVICE] == {}
    assert logged[CommandKind.OPT_IN] == logged[CommandKind.OPT_OUT] == {}


NONSENSE = ("", "-1", "x" * 400, "1e9", "\u0663", "2026-12-01\x00")

TEXTS = {"person", "channel", "ts", "ours", "reason", "clients", "emoji", "file"} | {
    "device",
    "sender",
    "site",
    "owner",
    "plan",
}
"""What may be any text."""


def spoilt(kind: str, payload: dict[str, str], command: Command) -> list[dict[str, str]]:
    """A stored payload without each of its texts that is needed, and with each that is no free text turned
    into nonsense."""
    spare = {"channel", "ts", "ours", "kind", "devices", "site", "from", "to"} | (
        {"reason"} if kind == "opt_out" else set()
    )
    spare |= {"request"} if isinstance(command, get_args(AboutMessage)) else set()
    lacking = [{key: said for key, said in payload.items() if key != name} for name in set(payload) - spare]
    return lacking + [payload | {name: wrong} for name in set(payload) - TEXTS for wrong in NONSENSE]


def is_refused(kind: str, payload: dict[str, str]) -> bool:
    try:
        Interaction.from_payload("key", payload)
        command_of(kind, payload)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(("kind", "payload", "command"), STORED)
def test_what_no_version_wrote_is_refused_in_one_way(
    kind: str, payload: dict[str, str], command: Command
) -> None:
    rows = spoilt(kind, payload, command)
    assert len(rows) > len(NONSENSE)
    assert [row for row in rows if not is_refused(kind, row)] == []


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("nonsense", BY_BUTTON), ("begun", {}), ("vote", BY_REACTION | {"vote": "taken_back"})],
)
def test_a_kind_or_a_vote_that_nobody_casts_is_refused(kind: str, payload: dict[str, str]) -> None:
    assert is_refused(kind, payload)


def test_a_time_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="zone"):
        Interaction.from_payload("key", BY_BUTTON | {"at": "2026-11-23T12:00:00"})


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("vote", {"request": "1"}),
        ("vote", {"request": "one", "vote": "approve"}),
        ("withdraw", {}),
        ("reply", {"request": "1"}),
        ("claim", {"request": "1"}),
        ("opt_in", {"reason": "x"}),
        ("opt_in", FILLED | {"kind": "opt_out"}),
        ("look_alike", {"emoji": "x", "request": "-3"}),
        ("shrug", {}),
    ],
)
def test_a_kept_row_that_does_not_fit_is_set_aside_and_whoever_it_was_is_told(
    house: House, kind: str, said: dict[str, str]
) -> None:
    number = house.ask(ALICE).id
    house.deliver()
    who = Interaction("key", BOB, Door.BUTTON, house.clock.at, CHANNEL)
    Inbox(house.database, TENANT).put("key", kind, who.to_payload() | said, now=house.clock.at, patience=1)
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 1
    house.free_leftovers()
    assert house.dispatch.take_up_leftovers() == 0
    house.deliver()
    assert house.answers(BOB) == [UNREAD]
    assert house.votes(number) == []


def test_a_row_written_before_commands_had_types_is_carried_out(house: House) -> None:
    number = house.ask(ALICE).id
    said = {
        "person": BOB,
        "door": "button",
        "at": house.clock.at.isoformat(),
        "request": str(number),
        "vote": "approve",
    }
    Inbox(house.database, TENANT).put("key", "vote", said, now=house.clock.at, patience=1)
    house.free_leftovers()
    house.dispatch.take_up_leftovers()
    assert [vote.person_id for vote in house.votes(number)] == [BOB]
