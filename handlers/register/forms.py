"""Judge what people type into forms about devices: a command, or a sentence per wrong field. Pure."""

from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from handlers.policy.days import latest_day, local_day
from handlers.policy.forms import WrongForm, text_problem
from handlers.policy.mail_addresses import mailbox
from handlers.policy.rule import Rule
from handlers.register.commands import (
    DEVICE,
    DUE,
    OWNER,
    PLAN,
    PROTOCOL,
    REASON,
    SENDER,
    SITE,
    AddDevice,
    ChangeDay,
    NeedLonger,
)
from handlers.register.permissions import due_problem
from storage.devices.records import Device
from storage.records import MailProtocol

AnotherDay = TypeVar("AnotherDay", ChangeDay, NeedLonger)

LONGEST_NAME = 300
"""Characters of the short fields: a name, a site, an address."""

NO_DAY = "Choose the last day on which it needs old TLS."


def judge_device(
    *,
    device: str,
    sender: str,
    site: str,
    owner: str,
    protocol: str,
    reason: str,
    plan: str,
    due: str,
    rule: Rule,
    now: datetime,
    zone: ZoneInfo,
) -> AddDevice:
    """Check the form that puts a device on the register. Raises ``WrongForm`` with every mistake at once."""
    address = mailbox(sender)
    errors = {
        DEVICE: _short(device, "Name the device or application."),
        SENDER: "" if address else "This is no mail address: type the one that it sends as.",
        SITE: _short(site, "") if site else "",
        OWNER: "" if owner else "Choose the person who answers for it.",
        PROTOCOL: "" if protocol in set(MailProtocol) else "Choose a protocol.",
        REASON: text_problem(reason, "Say why it cannot speak TLS 1.2: approvers decide on this."),
        PLAN: text_problem(plan, "Say what is to become of it: replaced, updated, put behind a relay."),
        DUE: day_problem(due, rule=rule, now=now, zone=zone),
    }
    if found := {field: problem for field, problem in errors.items() if problem}:
        raise WrongForm(found)
    return AddDevice(
        device=device.strip(),
        sender=str(address).lower(),
        site=site.strip(),
        owner=owner,
        protocol=MailProtocol(protocol),
        reason=reason,
        plan=plan,
        due=date.fromisoformat(due),
    )


def day_problem(day: str, *, rule: Rule, now: datetime, zone: ZoneInfo) -> str:
    """Return what is wrong with a due day as it was chosen (ISO 8601), or an empty string."""
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        return NO_DAY
    return due_problem(chosen, today=local_day(now, zone), latest=latest_day(now, rule.max_window, zone))


def judge_another_day(
    asked: type[AnotherDay],
    device: Device,
    *,
    due: str,
    reason: str,
    rule: Rule,
    now: datetime,
    zone: ZoneInfo,
) -> AnotherDay:
    """Check a form that asks for another due day; a later one needs a reason. Raises ``WrongForm``."""
    errors = {DUE: day_problem(due, rule=rule, now=now, zone=zone)}
    later = not errors[DUE] and date.fromisoformat(due) > device.due
    if later or reason:
        errors[REASON] = text_problem(
            reason, "Say why it takes longer: whoever accepts the day decides on this."
        )
    if found := {field: problem for field, problem in errors.items() if problem}:
        raise WrongForm(found)
    return asked(device.id, date.fromisoformat(due), reason)


def _short(text: str, when_empty: str) -> str:
    problem = text_problem(text, when_empty)
    too_long = (
        f"At most {LONGEST_NAME} characters; this has {len(text):,}." if len(text) > LONGEST_NAME else ""
    )
    return problem or too_long
