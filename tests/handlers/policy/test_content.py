"""An approval holds for exactly one content: whatever of it changes, the digest changes and the vote is
void."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from handlers.policy.votes import content_digest, short_code, tally
from storage.lifecycle import Kind, State
from storage.records import ChangeRequest, Decision, Door, MailProtocol, SettingValue, Vote
from tests.handlers.driver import ALICE, BOB, NOW, RULE, TENANT

REQUEST = ChangeRequest(
    id=7,
    tenant_id=TENANT,
    kind=Kind.OPT_IN,
    requester_id=ALICE,
    door=Door.COMMAND,
    reason="Scanners",
    clients="40 scanners",
    protocols=(MailProtocol.SMTP_AUTH, MailProtocol.POP3),
    from_value=SettingValue.NOT_SET,
    to_value=SettingValue.OPTED_IN,
    window_end=NOW + timedelta(days=30),
    rule_digest=RULE.digest,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=24),
    state=State.PENDING,
    version=1,
    detail="Waiting for approval.",
    retry_at=None,
    sent_at=None,
    settled_at=None,
)

CONTENT: list[dict[str, Any]] = [
    {"id": 8},
    {"tenant_id": "22222222-2222-3333-4444-555555555555"},
    {"kind": Kind.EXTENSION},
    {"from_value": SettingValue.OPTED_OUT},
    {"from_value": None},
    {"to_value": SettingValue.OPTED_OUT},
    {"window_end": NOW + timedelta(days=30, microseconds=1)},
    {"window_end": None},
    {"reason": "Scanners "},
    {"reason": ""},
    {"clients": "41 scanners"},
    {"ticket": "CHG-7"},
    {"protocols": (MailProtocol.SMTP_AUTH,)},
    {"protocols": (MailProtocol.SMTP_AUTH, MailProtocol.POP3, MailProtocol.IMAP4)},
]

RULES: list[dict[str, Any]] = [
    {"approvers": (ALICE, BOB)},
    {"operators": (ALICE,)},
    {"approvals_required": 2},
    {"request_ttl": timedelta(hours=23)},
    {"request_ttl": None},
    {"max_window": timedelta(days=91)},
    {"approve_emoji": "heavy_check_mark"},
    {"reject_emoji": "no_entry"},
    {"channel": "C0OTHER"},
    {"timezone": "Europe/Berlin"},
]

MOVES: list[dict[str, Any]] = [
    {"state": State.APPROVED},
    {"version": 9},
    {"detail": "Waiting for Exchange."},
    {"retry_at": NOW},
    {"sent_at": NOW},
]


@pytest.mark.parametrize("changed", CONTENT, ids=str)
def test_each_part_of_the_content_changes_the_digest(changed: dict[str, Any]) -> None:
    assert content_digest(replace(REQUEST, **changed), RULE.digest) != content_digest(REQUEST, RULE.digest)


@pytest.mark.parametrize("changed", RULES, ids=str)
def test_each_part_of_the_rule_changes_the_digest(changed: dict[str, Any]) -> None:
    rule = replace(RULE, **changed)
    assert content_digest(REQUEST, rule.digest) != content_digest(REQUEST, RULE.digest)


@pytest.mark.parametrize("changed", MOVES, ids=str)
def test_what_moves_with_the_state_is_no_content(changed: dict[str, Any]) -> None:
    assert content_digest(replace(REQUEST, **changed), RULE.digest) == content_digest(REQUEST, RULE.digest)


def test_the_order_of_ids_and_of_protocols_is_no_content() -> None:
    turned = replace(REQUEST, protocols=tuple(reversed(REQUEST.protocols)))
    rule = replace(
        RULE, approvers=tuple(reversed(RULE.approvers)), operators=(*RULE.operators, RULE.operators[0])
    )
    assert content_digest(turned, rule.digest) == content_digest(REQUEST, RULE.digest)


def test_every_field_of_the_rule_is_part_of_its_version_but_the_day_the_form_proposes() -> None:
    changed = {name for names in RULES for name in names}
    assert {field.name for field in fields(RULE)} - changed == {"default_window"}


def test_text_cannot_be_moved_from_one_field_to_the_next() -> None:
    one = replace(REQUEST, reason="a", clients="b")
    other = replace(REQUEST, reason="a,b", clients="")
    assert content_digest(one, RULE.digest) != content_digest(other, RULE.digest)


def test_the_code_that_people_compare_is_the_digest_s_beginning() -> None:
    digest = content_digest(REQUEST, RULE.digest)
    assert len(digest) == 64
    assert digest.startswith(short_code(digest))
    assert len(short_code(digest)) == 8


@pytest.mark.parametrize("changed", CONTENT, ids=str)
def test_a_vote_on_another_content_is_void(changed: dict[str, Any]) -> None:
    digest = content_digest(replace(REQUEST, **changed), RULE.digest)
    vote = Decision(1, REQUEST.id, BOB, Vote.APPROVE, Door.BUTTON, digest, NOW, NOW)
    counted = tally(REQUEST, [vote], rule=RULE, eligible={BOB})
    assert (counted.approved_by, counted.void, counted.missing) == ((), (BOB,), 1)


@pytest.mark.parametrize("changed", RULES, ids=str)
def test_a_vote_under_another_rule_is_void(changed: dict[str, Any]) -> None:
    vote = Decision(
        1, REQUEST.id, BOB, Vote.APPROVE, Door.BUTTON, content_digest(REQUEST, RULE.digest), NOW, NOW
    )
    counted = tally(REQUEST, [vote], rule=replace(RULE, **changed), eligible={BOB})
    assert counted.approved_by == ()
    assert not counted.complete
