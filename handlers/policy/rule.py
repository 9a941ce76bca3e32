"""Judge by the rule who may read, ask, decide and opt out, and whether the recorded votes suffice. Pure.

Every door (button, reaction, command, command line, the worker at apply) asks here and nowhere else. Values
in, verdicts out: no clock, no database, no network. Whatever is unknown counts as no.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.policy.decided_by import NOBODY, DecidedBy, who_approved, why_so
from handlers.policy.same_person import Identity, is_same_person
from handlers.ports import Person
from storage.integrity.canonical import canonical
from storage.lifecycle import State
from storage.records import ChangeRequest


class Reason(StrEnum):
    """Why a verdict is what it is."""

    ALLOWED = "allowed"
    UNKNOWN_PERSON = "unknown person"
    DEACTIVATED = "deactivated"
    BOT = "a bot"
    GUEST = "a guest"
    STRANGER = "from another workspace"
    NOT_OPERATOR = "not an operator"
    NOT_APPROVER = "not an approver"
    NOT_CHECKED = "could not be checked"
    OWN_REQUEST = "own request"
    NOT_REQUESTER = "not the requester"
    NOT_PENDING = "not pending"
    VALUE = "the value last read"
    """It rests on a stored reading, which a change made outside the bot may have overtaken."""
    NOT_READ = "the value could not be read in time"
    LAPSED = "lapsed"
    OTHER_RULE = "another rule holds"
    OTHER_CONTENT = "the content has changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule answers: allowed or not, why, and the sentence the person reads."""

    allowed: bool
    reason: Reason
    sentence: str = ""
    enterprise_user_id: str | None = None
    """Of whoever is let in: what tells that two ids are one person, as far as Slack says it."""

    @property
    def is_refusal(self) -> bool:
        """Tell whether a rule says no, so that a repetition within a minute needs no answer."""
        return not self.allowed and self.reason not in (Reason.NOT_CHECKED, Reason.NOT_READ)


ALLOWED = Verdict(allowed=True, reason=Reason.ALLOWED)


@dataclass(frozen=True, slots=True)
class Home:
    """The workspace the bot lives in."""

    team_id: str
    enterprise_id: str | None = None


def digest_of(value: object) -> str:
    """Return the SHA-256 (hex) of a value."""
    return hashlib.sha256(canonical(value).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Rule:
    """The operator's settings that decide who may change what. Its digest is the rule's version."""

    approvers: tuple[str, ...]
    operators: tuple[str, ...]
    approvals_required: int
    request_ttl: timedelta | None
    """How long an undecided request lives; ``None``: until the next working day is over
    (``working_hours.expiry_of``)."""
    default_window: timedelta
    max_window: timedelta
    approve_emoji: str
    reject_emoji: str
    channel: str
    timezone: str

    def body(self) -> dict[str, object]:
        """Return the rule as it is recorded; ids sorted, so that their order changes nothing."""
        ttl = self.request_ttl
        return {
            "approvers": sorted(set(self.approvers)),
            "operators": sorted(set(self.operators)),
            "approvals_required": self.approvals_required,
            **(
                {"request_ttl": "workday"}
                if ttl is None
                else {"request_ttl_seconds": int(ttl.total_seconds())}
            ),
            "max_window_seconds": int(self.max_window.total_seconds()),
            "approve_emoji": self.approve_emoji,
            "reject_emoji": self.reject_emoji,
            "channel": self.channel,
            "timezone": self.timezone,
        }

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of ``body``: any change of it is a new version of the rule."""
        return digest_of(self.body())


def judge_member(person: Person | None, home: Home) -> Verdict:
    """Tell whether somebody is a full, active, human member of our own workspace. Missing facts refuse."""
    if person is None:
        return refuse(Reason.UNKNOWN_PERSON, "Slack does not know this account, so it cannot act here.")
    if person.is_stranger or not _belongs(person, home):
        return refuse(
            Reason.STRANGER,
            "Only members of this workspace can use this; your account belongs to another one.",
        )
    if person.deleted is not False:
        return refuse(
            Reason.DEACTIVATED, "This account is deactivated, or Slack does not say that it is active."
        )
    if person.is_bot:
        return refuse(Reason.BOT, "Bots cannot act here; a person has to.")
    if person.is_guest or person.is_invited:
        return refuse(Reason.GUEST, "Guest accounts cannot use this; ask a full member of the workspace.")
    return replace(ALLOWED, enterprise_user_id=person.enterprise_user_id)


def judge_role(verdict: Verdict, *, listed: bool | None, role: str, holders: Sequence[str] = ()) -> Verdict:
    """Add the role to a member's verdict. ``listed`` is ``None`` when a user group could not be looked up.

    ``holders`` are the people and groups who have it: whom to ask.
    """
    if not verdict.allowed or listed:
        return verdict
    reason = Reason.NOT_APPROVER if role == "approver" else Reason.NOT_OPERATOR
    if listed is None:
        checked = (
            "Slack's user groups could not be looked up, so nobody can be let in through one right now. "
            "Try again shortly."
        )
        return refuse(Reason.NOT_CHECKED, checked)
    more = f" and {len(holders) - NAMED} more" if len(holders) > NAMED else ""
    named = ", ".join(f"@{holder}" for holder in holders[:NAMED]) + more
    return refuse(reason, f"You are not {_ROLES[role].format(holders=named)}")


NAMED = 10
"""Operators named to whoever is none."""


_ROLES = {
    "operator": (
        "one of the operators, who may ask for a change: {holders}. Ask one of them, or have "
        "LEGACYTLS_OPERATORS changed."
    ),
    "approver": (
        "one of the approvers: the request's message names them. Your click or reaction changed nothing."
    ),
    "operator or approver": "an operator or approver. Ask one of them to do it.",
    "opting out": "an operator or approver. Ask one of them; opting out needs just one person.",
}


def judge_vote(
    request: ChangeRequest,
    person_id: str,
    eligible: Verdict,
    *,
    now: datetime,
    decided_by: DecidedBy = NOBODY,
) -> Verdict:
    """Tell whether this person may approve or reject this request at ``now``: the four-eyes rule."""
    if request.state is not State.PENDING:
        return refuse(Reason.NOT_PENDING, no_longer_open(request, decided_by))
    if request.expires_at is None or request.has_expired(now):
        return refuse(Reason.LAPSED, f"#{request.id} expired before you decided; it needs a new request.")
    if person_id == request.requester_id:
        return refuse(
            Reason.OWN_REQUEST, f"You asked for #{request.id} yourself, so somebody else has to decide it."
        )
    return eligible if eligible.allowed else replace(eligible, sentence=about(request.id, eligible.sentence))


def once_each(
    verdicts: Mapping[str, Verdict], *, besides: Identity | None = None, in_organisation: bool = False
) -> frozenset[str]:
    """Return one id of each who may, without who is or may be ``besides``, counted already."""
    counted = [besides] if besides else []
    kept = set()
    for account, verdict in verdicts.items():
        person = Identity.known(account, verdict.enterprise_user_id)
        if verdict.allowed and all(
            is_same_person(person, other, in_organisation=in_organisation) is False for other in counted
        ):
            counted.append(person)
            kept.add(account)
    return frozenset(kept)


def about(request_id: int | None, sentence: str) -> str:
    """Return a sentence about one change with its number before it, unless it names it anyway."""
    return sentence if request_id is None or f"#{request_id}" in sentence else f"#{request_id}: {sentence}"


def judge_withdrawal(request: ChangeRequest, person_id: str, decided_by: DecidedBy = NOBODY) -> Verdict:
    """Tell whether this person may take the request back: the requester, until it is sent to Exchange."""
    if request.state not in (State.PENDING, State.APPROVED):
        return refuse(Reason.NOT_PENDING, no_longer_open(request, decided_by))
    if person_id != request.requester_id:
        who = f"@{request.requester_id}" if request.requester_id else "the bot itself"
        return refuse(Reason.NOT_REQUESTER, f"Only {who}, who asked for #{request.id}, can withdraw it.")
    return ALLOWED


def no_longer_open(request: ChangeRequest, decided_by: DecidedBy = NOBODY) -> str:
    """Say to a late vote how the request stands and who decided it."""
    told = how_it_stands(request, already=True) + why_so(request, decided_by.rejecter)
    by = who_approved(request, decided_by.approvers)
    return told if by in told else f"{told} {by}"


def how_it_stands(request: ChangeRequest, *, already: bool = False) -> str:
    """Return the beginning of a sentence about a request: that it is rejected, has expired and so on."""
    verb = "has" if request.state is State.EXPIRED else "is"
    return f"#{request.id} {verb}{' already' if already else ''} {STATE_WORDS[request.state]}"


STATE_WORDS: dict[State, str] = {
    State.PENDING: "waiting for approval",
    State.APPROVED: "approved and waiting to be applied",
    State.APPLYING: "being applied",
    State.UNCERTAIN: "sent, with its outcome not known yet",
    State.APPLIED: "done",
    State.FAILED: "over: Exchange did not take the change",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
    State.EXPIRED: "expired",
    State.STALE: "stale",
    State.SUPERSEDED: "superseded",
    State.OBSERVED: "on record as a change made outside the bot",
}
"""How each state reads inside a sentence; "applied" itself is left to results."""


def is_group(entry: str) -> bool:
    """Tell whether an entry of the rule names a user group instead of a person."""
    return entry.startswith("S")


def _belongs(person: Person, home: Home) -> bool:
    if home.enterprise_id is not None and person.enterprise_id == home.enterprise_id:
        return True
    return person.team_id is not None and person.team_id == home.team_id


def refuse(reason: Reason, sentence: str) -> Verdict:
    """Return the verdict that says no, with its reason and the sentence for the person."""
    return Verdict(allowed=False, reason=reason, sentence=sentence)
