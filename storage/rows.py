"""Turns database rows into the records people of the upper floors read, and nothing else."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row

from storage.integrity import first_edition
from storage.integrity.canonical import canonical
from storage.integrity.damaged import Damaged
from storage.lifecycle import Kind, State
from storage.message_records import Card, Notice, ReminderAnswer, ReminderReply
from storage.notice_kind import NoticeKind
from storage.records import (
    Attempt,
    AuditEvent,
    Baseline,
    ChangeRequest,
    Decision,
    Door,
    MailProtocol,
    NamedDevice,
    Observation,
    SettingValue,
    Vote,
    Waiting,
    WriteOutcome,
)

_WANTS = {
    Kind.OPT_IN: SettingValue.OPTED_IN,
    Kind.EXTENSION: SettingValue.OPTED_IN,
    Kind.SHORTENING: SettingValue.OPTED_IN,
    Kind.OPT_OUT: SettingValue.OPTED_OUT,
}
"""What each kind asks for: an opt-out needs no second person, so one that would opt in is none."""


_WAITING = frozenset(Waiting)
"""A later version, which may run beside this one, may know more: those count as none, for nothing hangs on
them but a card."""


def setting_value(text: str | None) -> SettingValue | None:
    """The value's word, or ``None`` where none was recorded."""
    return SettingValue(text) if text is not None else None


def change_request(row: Row[Any]) -> ChangeRequest:
    """One row of ``change_requests``. Raises ``Damaged`` for a kind that asks for another kind's value."""
    kind, to_value = Kind(row.kind), SettingValue(row.to_value)
    if kind in _WANTS and to_value is not _WANTS[kind]:
        raise Damaged(f"a request of kind {kind} cannot ask for {to_value}")
    return ChangeRequest(
        id=row.id,
        tenant_id=row.tenant_id,
        kind=kind,
        requester_id=row.requester_id,
        door=Door(row.door),
        reason=row.reason,
        clients=row.clients,
        protocols=tuple(MailProtocol(name) for name in row.protocols.split(",") if name),
        from_value=setting_value(row.from_value),
        to_value=to_value,
        window_end=row.window_end,
        rule_digest=row.rule_digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=State(row.state),
        version=row.version,
        detail=row.detail,
        retry_at=row.retry_at,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        correlation_id=row.correlation_id,
        requester_enterprise_id=row.requester_enterprise_id,
        waiting=Waiting(row.waiting) if row.waiting in _WAITING else first_edition.waiting(row.detail),
        devices=named_devices(row.devices),
        ticket=row.ticket or "",
    )


def named_devices(stored: str | None) -> tuple[NamedDevice, ...]:
    """The entries that a request names, as ``spelled_devices`` wrote them.

    Raises ``ValueError`` or ``TypeError``.
    """
    found = json.loads(stored) if stored else []
    return tuple(sorted(NamedDevice(int(number), date.fromisoformat(due)) for number, due in found))


def told_devices(named: Iterable[NamedDevice]) -> dict[str, list[list[object]]]:
    """The same as an event tells it: number and due day of each, by number; nothing where none is named."""
    listed: list[list[object]] = [[one.number, one.due.isoformat()] for one in sorted(named)]
    return {"devices": listed} if listed else {}


def told_ticket(ticket: str) -> dict[str, str]:
    """Tell the number of a change ticket as an event does; nothing where there is none."""
    return {"ticket": ticket} if ticket else {}


def beside(waiting: Waiting | None, devices: tuple[NamedDevice, ...], ticket: str) -> dict[str, str | None]:
    """Spell the columns of a new request that its event tells in another way, or not at all."""
    return {
        "waiting": waiting.value if waiting else None,
        "devices": spelled_devices(devices),
        "ticket": ticket or None,
    }


def spelled_devices(named: Iterable[NamedDevice]) -> str | None:
    """The same as the column keeps it; ``None`` where none is named."""
    told = told_devices(named)
    return canonical(told["devices"]) if told else None


def decision(row: Row[Any]) -> Decision:
    """One row of ``decisions``."""
    return Decision(
        id=row.id,
        request_id=row.request_id,
        person_id=row.person_id,
        vote=Vote(row.vote),
        door=Door(row.door),
        digest=row.digest,
        voted_at=row.voted_at,
        recorded_at=row.recorded_at,
    )


def attempt(row: Row[Any]) -> Attempt:
    """One row of ``attempts``."""
    return Attempt(
        id=row.id,
        request_id=row.request_id,
        step=row.step,
        at=row.at,
        client_request_id=row.client_request_id,
        value=setting_value(row.value),
        detail=row.detail,
        outcome=WriteOutcome(row.outcome)
        if row.outcome is not None
        else first_edition.outcome(row.step, row.detail),
    )


def observation(row: Row[Any]) -> Observation:
    """One row of ``observations``."""
    return Observation(
        at=row.at,
        value=setting_value(row.value),
        smtp_auth_disabled=row.smtp_auth_disabled,
        organization=row.organization,
        problem=row.problem,
        changed_at=row.changed_at,
        first_at=row.first_at,
        count=row.readings if row.readings is not None else 1,
    )


def baseline(row: Row[Any]) -> Baseline:
    """One row of ``baselines``."""
    return Baseline(
        value=SettingValue(row.value), since=row.since, request_id=row.request_id, window_end=row.window_end
    )


def texts(stored: str) -> dict[str, str]:
    """A JSON object whose values are texts. Raises ``Damaged``, and ``ValueError`` where it is no JSON."""
    found = json.loads(stored)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Damaged("not an object of texts")
    return found


def notice(row: Row[Any]) -> Notice:
    """One row of ``notices``. Raises ``Damaged``."""
    return Notice(
        id=row.id,
        tenant_id=row.tenant_id,
        kind=NoticeKind(row.kind),
        key=row.key,
        request_id=row.request_id,
        recipient=row.recipient,
        channel=row.channel,
        facts=texts(row.facts),
        tries=row.tries,
        created_at=row.created_at,
        claimed_until=row.claimed_until,
    )


def reminder_answer(row: Row[Any]) -> ReminderAnswer:
    """One row of ``reminder_answers``."""
    return ReminderAnswer(
        series=row.series,
        key=row.key,
        reply=ReminderReply(row.reply),
        person_id=row.person_id,
        until=row.until,
    )


def card(row: Row[Any]) -> Card:
    """One row of ``cards``."""
    return Card(
        request_id=row.request_id, channel=row.channel, ts=row.ts, drawn_version=int(row.drawn_version)
    )


def audit_event(row: Row[Any]) -> AuditEvent:
    """One row of ``audit_events``."""
    return AuditEvent(
        seq=row.seq,
        tenant_id=row.tenant_id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        request_id=row.request_id,
        payload=json.loads(row.payload),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
