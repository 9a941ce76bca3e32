"""Draw the forms about requests: to opt in, to opt out, to give a reason.

Block ids are the field names of ``handlers.policy.forms``.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import zip_longest

from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock, Option
from slack_sdk.models.views import View

from handlers.calendar.protocols import PROTOCOL_NAMES
from handlers.changes.form_proposals import NOBODY_STANDS, Standing
from handlers.policy.forms import CLIENTS, DAY, LABELS, PROTOCOLS, REASON
from handlers.policy.rule import STATE_WORDS
from handlers.ports import Cloud
from handlers.slack.views.blocks import divider, section, small, typed
from handlers.slack.views.device_choice import choice, stopping
from handlers.slack.views.form_fields import day_field, form, text_field
from handlers.slack.views.mrkdwn import escape
from storage.lifecycle import Kind
from storage.records import ChangeRequest, MailProtocol, SettingValue

DEFAULT_PROTOCOLS = (MailProtocol.SMTP_AUTH,)
"""What the setting still controls; the other two are being removed whatever it says."""

OPT_IN, EXTENSION, OPT_OUT = Kind.OPT_IN.value, Kind.EXTENSION.value, Kind.OPT_OUT.value
REJECTION, CLAIM = "rejection", "claim"

NO_DEVICES: Mapping[int, str] = {}


def opt_in(
    *,
    callback: str = OPT_IN,
    channel: str,
    briefing: Sequence[str],
    warning: str,
    proposed: date,
    latest: date,
    zone: str,
    expires: str = "",
    runs_until: date | None = None,
    extension: ChangeRequest | None = None,
    reason: str = "",
    clients: str = "",
    protocols: Sequence[MailProtocol] = (),
    register: Standing = NOBODY_STANDS,
    ticket: Sequence[Block] = (),
) -> View:
    """Draw the form of an opt-in or extension. ``channel`` is where it was asked, and answered.

    ``expires`` says when the request expires undecided, marked up. ``runs_until`` is the last day of the
    window that an extension replaces; without one it adopts what has no end. While an ``extension`` of it is
    open, only an earlier end can be chosen.
    """
    blocks: list[Block] = [
        *([section(_only_earlier(extension))] if extension else _risks(warning, briefing)),
        divider(),
        text_field(
            REASON, LABELS[REASON], "Why is old TLS needed, and what happens without it?", text=reason
        ),
        *ticket,
        *_devices(clients, register),
        _protocols(protocols or DEFAULT_PROTOCOLS),
        _day(proposed, latest, zone, runs_until, only_earlier=extension is not None),
        *small([HOLDS_AT_ONCE if extension else _needs_others(expires)]),
    ]
    title = "Shorten the opt-in" if extension else _title(callback, is_window=runs_until is not None)
    submit = "End it earlier" if extension else "Ask for approval"
    return form(callback, channel, title, submit, blocks)


def _risks(warning: str, briefing: Sequence[str]) -> list[Block]:
    return [
        *([section(f":warning: {escape(warning)}")] if warning else []),
        *small(f"• {escape(line)}" for line in briefing),
    ]


def _title(callback: str, *, is_window: bool) -> str:
    if callback == OPT_IN:
        return "Opt in to legacy TLS"
    return "Extend the opt-in" if is_window else "Adopt the opt-in"


def _needs_others(expires: str) -> str:
    undecided = f" Undecided, it expires {expires}." if expires else ""
    return f"Nothing is changed until somebody else approves. Every step is recorded.{undecided}"


HOLDS_AT_ONCE = "The earlier end holds at once; nobody has to approve it. It is recorded with your name."


def _only_earlier(extension: ChangeRequest) -> str:
    """What the form can do while an extension is open."""
    stands = f"Extension #{extension.id} by <@{extension.requester_id}> is {STATE_WORDS[extension.state]}"
    return (
        f"{stands}. Until it is settled, only an *earlier* end can be chosen here; that supersedes "
        f"#{extension.id}."
    )


_REFUSED_ALREADY = {
    SettingValue.OPTED_OUT: (
        "The live value was *opted out* already when it was last read, {at}. If it still is, nothing is "
        "changed."
    ),
    SettingValue.NOT_SET: (
        "The live value was *not set* when it was last read, {at}. If it still is, old TLS is refused "
        "already; opting out writes that down, and *not set* can probably not be restored."
    ),
}
"""What an opt-out changes where old TLS is refused anyway; whether ``null`` can be written back is not
documented."""


def opt_out(
    *,
    channel: str,
    cloud: Cloud,
    removals: Sequence[str] = (),
    seen: SettingValue | None = None,
    seen_at: str = "",
    devices: Mapping[int, str] = NO_DEVICES,
    register: Standing = NOBODY_STANDS,
    ticket: Sequence[Block] = (),
) -> View:
    """Draw the confirmation before opting out: what stops, and the value when last ``seen``.

    ``removals`` tells, for each host, of Microsoft's own removal of legacy TLS there; ``devices`` are those
    on record with their owners, as typed, by the number of the request that named them; ``register`` are
    those of the register.
    """
    found = _REFUSED_ALREADY.get(seen, "").format(at=seen_at) if seen else ""
    blocks: list[Block] = [
        *([section(found)] if found else []),
        section(_loss(cloud, removals, "Otherwise, whatever" if found else "Whatever")),
        *stopping(register),
        *(
            block
            for number, named in devices.items()
            for block in typed(f"Will stop, on record by #{number}", named)
        ),
        section(f"{_WHEN} It needs no second person, and supersedes every opt-in that was not sent yet."),
        *small([_AFTERWARDS, _REPORT] if cloud.legacy_hosts else []),
        text_field(REASON, "Reason", "Kept in the record", optional=True),
        *ticket,
    ]
    return form(OPT_OUT, channel, "Opt out of legacy TLS", "Opt out now", blocks)


_WHEN = "It is written and read back at once; devices may feel it later, as Microsoft publishes no delay."

_AFTERWARDS = (
    "Their mail is refused, but a device that nobody changes may send its password or token over old TLS "
    "all the same."
)
"""On SMTP AUTH the refusal comes after the sign-in (see ``handlers.calendar.effects``)."""

_REPORT = (
    "To see who still sends with old TLS: Exchange admin centre > Reports > Mail flow > SMTP AUTH clients. "
    "It names senders, not devices, and nothing of POP or IMAP, for 7 days unless you choose more (90 at "
    "most)."
)
"""Microsoft Learn, mfr-smtp-auth-clients-report."""


def _loss(cloud: Cloud, removals: Sequence[str], begins: str) -> str:
    """What stops working, host by host."""
    told = zip_longest(cloud.legacy_hosts, removals[: len(cloud.legacy_hosts)], fillvalue="")
    hosts = "\n".join(f"• `{host}`" + (f": {escape(removal)}" if removal else "") for host, removal in told)
    return (
        (
            f"*{begins} still uses one of these hosts with TLS 1.0 or 1.1 stops sending or reading "
            f"mail:*\n{hosts}"
        )
        if hosts
        else f"{cloud.display} has no legacy hosts, so no device should notice."
    )


def rejection(request_id: int) -> View:
    """Ask for the reason of a rejection that stands already; cancelling leaves "no reason given"."""
    blocks: list[Block] = [
        section(
            f"#{request_id} is rejected already. Your reason goes to the requester and into the record, once."
        ),
        text_field(REASON, "Reason", "What would have to be different?"),
    ]
    return form(REJECTION, str(request_id), "Why rejected?", "Save the reason", blocks, close="No reason")


def claim(request_id: int) -> View:
    """Ask whoever changed the setting outside the bot to say why."""
    blocks: list[Block] = [
        section(
            f"Your name and reason go into the record of #{request_id}, once. They change nothing in "
            "Exchange."
        ),
        text_field(REASON, "Reason", "Why was it changed without the bot?"),
    ]
    return form(CLAIM, str(request_id), "It was me", "Put on record", blocks)


def _day(
    proposed: date, latest: date, zone: str, runs_until: date | None, *, only_earlier: bool
) -> InputBlock:
    present = f"The opt-in runs until 24:00 of {runs_until:%-d %B %Y} now. " if runs_until else ""
    hint = (
        f"{present}24:00 of this day in {zone}; at the latest {latest:%-d %B %Y}. The bot then opts out by "
        "itself."
    )
    hint += " An earlier end holds at once; nobody has to approve it." if runs_until else ""
    if only_earlier:
        hint = f"{present}Choose an earlier day: 24:00 of it in {zone}. The bot then opts out by itself."
    return day_field(DAY, "End date", proposed.isoformat(), hint=hint)


def _devices(clients: str, register: Standing) -> list[Block]:
    """Draw the choice of entries and the field for others; an empty register only the field."""
    others = bool(register.devices)
    label = "Other devices or applications, and who owns them" if others else LABELS[CLIENTS]
    typed_ones = text_field(
        CLIENTS, label, "One a line: device, place, owner, plan", text=clients, optional=others
    )
    return [*choice(register), typed_ones]


def _protocols(chosen: Sequence[MailProtocol]) -> InputBlock:
    options = {
        protocol: Option(value=protocol.value, text=PROTOCOL_NAMES[protocol]) for protocol in MailProtocol
    }
    initial = [option for protocol, option in options.items() if protocol in chosen]
    element = CheckboxesElement(action_id=PROTOCOLS, options=list(options.values()), initial_options=initial)
    return InputBlock(block_id=PROTOCOLS, label="Protocol", element=element)
