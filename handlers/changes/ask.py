"""Ask for an opt-in or its extension, which takes a second person."""

from datetime import datetime, timedelta

from handlers.changes.shorten import Shortening
from handlers.changes.transitions import OUTDATED, is_outdated
from handlers.context.context import Context
from handlers.interaction import Interaction
from handlers.outgoing.notices import as_typed, enqueue_answer, enqueue_card
from handlers.outgoing.refusals import record_refusal
from handlers.outgoing.request_view import SMTP_AUTH_OFF, WAITING
from handlers.policy.days import latest_day, local_day
from handlers.policy.forms import CLIENTS, REASON, TICKET, OptInForm, day_problem, shortens
from handlers.policy.new_requests import (
    ALREADY_IN,
    NOT_IN,
    already_open,
    judge_extending,
    judge_opening,
    no_legacy,
)
from handlers.policy.rule import Reason, Verdict
from handlers.policy.working_hours import expires_unseen
from handlers.ports import Reading, Unavailable
from handlers.register.named_devices import as_listed, naming_problem
from storage.errors import AlreadyOpen, Conflict
from storage.ledger import Entry
from storage.lifecycle import Kind
from storage.records import Baseline, ChangeRequest, Door, SettingValue, Waiting

GOOD_FOR = timedelta(seconds=60)
"""How old a stored reading may be on which a form is refused."""

AT_THE_TRIGGER = 1.5
"""Seconds for reading the value before a form opens: Slack lets one be opened within three seconds of the
command."""

NOT_READ_IN_TIME = (
    "What the value is now could not be read quickly enough. The form reads it again when it is sent."
)

UNSEEN = (
    "It expires before the next working hours begin: call an approver, or withdraw it and ask again then."
)

UNTOLD = (
    "Slack does not say which person of the organisation you are. Until it does, no approval counts: nobody "
    "can be told apart from you."
)


class Requests:
    """Judge who may ask, and open requests."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shortening = Shortening(context)

    def may_ask(self, person: str, kind: Kind) -> Verdict:
        """Judge what can be refused before the form opens.

        Raises ``Unavailable`` where Slack tells nothing of the person. No refusal rests on a value that was
        read more than a minute ago: it is read again, for at most ``AT_THE_TRIGGER`` seconds. Where that
        does not tell in time, the verdict is no and its reason ``NOT_READ``.
        """
        verdict = self._context.people.operator(person)
        if not verdict.allowed and not (kind is Kind.EXTENSION and self._may_shorten(person)):
            return verdict
        with self._context.ledger.reading() as reader:
            newest = reader.readings.newest_observation(readable=True)
            request, baseline = reader.open_request(), reader.baseline()
        verdict = self._judged(kind, newest.value if newest else None, request, baseline)
        if verdict.reason is not Reason.VALUE or (newest and self._context.now() - newest.at <= GOOD_FOR):
            return verdict
        try:
            live = self._context.setting.read(patience=AT_THE_TRIGGER)
        except Unavailable:
            return Verdict(allowed=False, reason=Reason.NOT_READ, sentence=NOT_READ_IN_TIME)
        return self._judged(kind, live.value, request, baseline)

    def _judged(
        self, kind: Kind, value: SettingValue | None, request: ChangeRequest | None, baseline: Baseline | None
    ) -> Verdict:
        if kind is not Kind.EXTENSION:
            return judge_opening(cloud=self._context.cloud, newest=value, open_request=request)
        verdict = judge_extending(
            newest=value, open_request=None if self._can_end_earlier(baseline) else request
        )
        no_day = self._no_other_day(baseline) if verdict.allowed else ""
        return Verdict(allowed=False, reason=Reason.NOT_PENDING, sentence=no_day) if no_day else verdict

    def present_end(self) -> datetime | None:
        """Return when the present window ends, asked while an acknowledgement is still owed.

        Raises ``Unreachable``.
        """
        with self._context.ledger.reading(quick=True) as reader:
            baseline = reader.baseline()
        return baseline.window_end if baseline else None

    def open_extension(self) -> ChangeRequest | None:
        """Return the extension that keeps another one from being opened, likewise. Raises ``Unreachable``."""
        with self._context.ledger.reading(quick=True) as reader:
            request = reader.open_request()
        return request if request and request.kind is Kind.EXTENSION else None

    def ask(self, kind: Kind, form: OptInForm, interaction: Interaction) -> None:
        """Open an opt-in or extension after reading the live value; refusals are answered, nothing opens.

        Raises ``Conflict`` when what was read was overtaken by a change: it has to be read again.
        """
        asker = self._context.people.operator(interaction.person)
        refusal = self._refusal_to_ask(interaction.person, asker)
        reading, before = None, self._baseline()
        if refusal is None:
            reading, refusal = self._read_before_asking(kind)
        now = self._context.now()
        with self._context.ledger.recording(now) as entry:
            entry.finish_inbox(interaction.key)
            if reading is not None and entry.reader.baseline() != before:
                raise Conflict("a change was made while this was being read")
            if reading is not None:
                entry.holding.observe(reading.observation)
            if refusal is None and reading is not None:
                refusal = self._wrong_day(entry, kind, form) or self._open(
                    entry, kind, form, interaction, reading=reading, asker=asker
                )
            if refusal is not None:
                record_refusal(entry, interaction.person, f"ask_{kind.value}", refusal)
                typed = as_typed({REASON: form.reason, TICKET: form.ticket, CLIENTS: form.clients})
                enqueue_answer(entry, interaction, refusal, typed=typed)
        self._context.wake_worker()

    def _may_shorten(self, person: str) -> bool:
        """Whether there is a window that this person, who may not extend it, may have end earlier.

        Raises ``Unavailable``.
        """
        return self.present_end() is not None and self._shortening.may_shorten(person).allowed

    def _no_other_day(self, baseline: Baseline | None) -> str:
        """Say why the present window can get no other end: it ends today, or at the longest end."""
        if self._can_end_earlier(baseline):
            return ""
        rule, now, zone = self._context.rule, self._context.now(), self._context.zone
        end = baseline.window_end if baseline else None
        return day_problem(
            latest_day(now, rule.max_window, zone).isoformat(), rule=rule, now=now, zone=zone, later_than=end
        )

    def _can_end_earlier(self, baseline: Baseline | None) -> bool:
        """Tell whether a day ends the present window earlier, which takes nobody else."""
        now, zone = self._context.now(), self._context.zone
        end = baseline.window_end if baseline else None
        return shortens(local_day(now, zone).isoformat(), now=now, zone=zone, present_end=end)

    def _baseline(self) -> Baseline | None:
        with self._context.ledger.reading() as reader:
            return reader.baseline()

    def _wrong_day(self, entry: Entry, kind: Kind, form: OptInForm) -> str | None:
        """Judge what the form could not know: its day over by now, or the window extended meanwhile."""
        baseline = entry.reader.baseline() if kind is Kind.EXTENSION else None
        later_than = baseline.window_end if baseline else None
        problem = day_problem(
            form.day.isoformat(),
            rule=self._context.rule,
            now=entry.now,
            zone=self._context.zone,
            later_than=later_than,
        )
        return f"No request was opened. {problem}" if problem else None

    def _open(
        self,
        entry: Entry,
        kind: Kind,
        form: OptInForm,
        interaction: Interaction,
        *,
        reading: Reading,
        asker: Verdict,
    ) -> str | None:
        rule = self._context.rule
        problem = OUTDATED if is_outdated(entry.reader, rule) else naming_problem(entry, form.devices)
        if problem:
            return problem
        try:
            request = entry.open(
                kind,
                requester_id=interaction.person,
                requester_enterprise_id=asker.enterprise_user_id,
                door=Door.COMMAND,
                to_value=SettingValue.OPTED_IN,
                from_value=reading.value,
                rule_digest=rule.digest,
                reason=form.reason,
                ticket=form.ticket,
                clients=as_listed(entry, form.clients, form.devices),
                devices=entry.reader.devices.as_named(form.devices),
                protocols=form.protocols,
                window_end=form.window_end(self._context.zone),
                expires_at=min(self._context.expiry_of(entry.now), form.window_end(self._context.zone)),
                detail=WAITING,
                waiting=Waiting.DECISION,
            )
        except AlreadyOpen as taken:
            return already_open(entry.reader.request(taken.request_id))
        enqueue_card(entry, request)
        self._answer_opened(entry, request, interaction, reading, asker)
        return None

    def _answer_opened(
        self, entry: Entry, request: ChangeRequest, interaction: Interaction, reading: Reading, asker: Verdict
    ) -> None:
        """Tell the requester that the request is open, and what may keep it from being of use."""
        context = self._context
        parts = [
            (
                f"Your request #{request.id} is open and goes to the approvers. Nothing is changed until "
                "they approve."
            )
        ]
        if reading.smtp_auth_disabled:
            parts.append(SMTP_AUTH_OFF)
        parts.append(context.calendar.in_vain(context.cloud.name, context.today(), request.protocols))
        if request.expires_at and expires_unseen(entry.now, request.expires_at, context.zone, context.hours):
            parts.append(UNSEEN)
        if context.people.in_organisation and asker.enterprise_user_id is None:
            parts.append(UNTOLD)
        text = " ".join(part for part in parts if part)
        enqueue_answer(entry, interaction, text, request_id=request.id)

    def _refusal_to_ask(self, person: str, verdict: Verdict) -> str | None:
        if not verdict.allowed:
            return verdict.sentence
        if not self._context.cloud.offers_legacy:
            return no_legacy(self._context.cloud)
        approvers, complete = self._context.people.listed(self._context.rule.approvers)
        others, needed = len(approvers - {person}), self._context.rule.approvals_required
        if complete and others < needed:
            return (
                f"Nobody could approve this: {needed} approver{'s' if needed > 1 else ''} other than you "
                f"{'are' if needed > 1 else 'is'} needed, and the settings name {others}. Have "
                "LEGACYTLS_APPROVERS extended."
            )
        return None

    def _read_before_asking(self, kind: Kind) -> tuple[Reading | None, str | None]:
        try:
            reading = self._context.setting.read(patience=20)
        except Unavailable as unread:
            why = (
                f"No request was opened, because the live value could not be read: {unread.sentence} "
                f"{unread.mend}"
            ).strip()
            then = "Try again in a few minutes." if unread.retryable else "Ask again once that is mended."
            return None, f"{why} {then}"
        opted_in = reading.value is SettingValue.OPTED_IN
        if kind is Kind.EXTENSION:
            return reading, None if opted_in else NOT_IN
        return reading, ALREADY_IN if opted_in else None
