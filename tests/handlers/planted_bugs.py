"""Bugs that systems like this one have had, each put into the house in the way it would have got there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from handlers.changes import apply, authorise, decide, opt_out, recorded_rule, settle, transitions
from handlers.context import people
from handlers.policy.rule import ALLOWED, Reason, Rule, Verdict, judge_vote
from handlers.policy.votes import Tally, standing_approvals, tally
from handlers.ports import Reading, WriteAnswer
from storage import chain
from storage.records import ChangeRequest, Decision, Vote, WriteOutcome
from tests.handlers.driver import BOB, CAROL, TWO
from tests.handlers.fakes import BUSY, LOST

Plant = Callable[[pytest.MonkeyPatch], None]


def _everywhere(patch: pytest.MonkeyPatch, name: str, planted: Callable[..., Any]) -> None:
    for room in (authorise, decide, apply):
        if hasattr(room, name):
            patch.setattr(room, name, planted)


def self_approval(patch: pytest.MonkeyPatch) -> None:
    """Whoever asked may decide as well, under the same id or another."""

    def lax(request: ChangeRequest, person_id: str, eligible: Verdict, **when: Any) -> Verdict:
        verdict = judge_vote(request, person_id, eligible, **when)
        return eligible if verdict.reason is Reason.OWN_REQUEST else verdict

    def counting(request: ChangeRequest, votes: Iterable[Decision], **asked: Any) -> Tally:
        return tally(replace(request, requester_id=None), votes, **asked)

    _everywhere(patch, "judge_vote", lax)
    _everywhere(patch, "tally", counting)
    patch.setattr(decide, "OWN", ALLOWED)
    patch.setattr(people.People, "apart", lambda self, user_id, verdict, asked: verdict)


def group_by_name(patch: pytest.MonkeyPatch) -> None:
    """A user group is looked up by its name, which another group may share."""
    by_id = people.People._members

    def by_name(self: Any, group_id: str) -> frozenset[str] | None:
        names = self._directory.group_names
        twins = [other for other, name in names.items() if name == names.get(group_id)] or [group_id]
        found = [by_id(self, twin) for twin in twins]
        return frozenset().union(*(members or frozenset() for members in found))

    patch.setattr(people.People, "_members", by_name)


def expiry_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """The instant of lapsing itself still counts."""

    def late(self: ChangeRequest, now: datetime) -> bool:
        return self.expires_at is not None and now > self.expires_at

    patch.setattr(ChangeRequest, "has_expired", late)


def vote_counted_twice(patch: pytest.MonkeyPatch) -> None:
    """Approvals are counted instead of people."""

    def counting(request: ChangeRequest, votes: Iterable[Decision], *, rule: Rule, eligible: Any) -> Tally:
        cast = list(votes)
        counted = tally(request, cast, rule=rule, eligible=eligible)
        approvals = [
            vote for vote in cast if vote.vote is Vote.APPROVE and vote.person_id in counted.approved_by
        ]
        return replace(counted, missing=max(0, rule.approvals_required - len(approvals)))

    _everywhere(patch, "tally", counting)


def stale_digest(patch: pytest.MonkeyPatch) -> None:
    """A vote under an earlier rule still counts: neither its digest is compared, nor is it voided when the
    rule changes."""

    def counting(request: ChangeRequest, votes: Iterable[Decision], *, rule: Rule, eligible: Any) -> Tally:
        standing = [
            person
            for person in standing_approvals(votes)
            if person in eligible and person != request.requester_id
        ]
        return Tally(
            approved_by=tuple(standing), void=(), missing=max(0, rule.approvals_required - len(standing))
        )

    _everywhere(patch, "tally", counting)
    patch.setattr(recorded_rule.Rules, "_void_votes", lambda self, entry: None)


def no_second_check(patch: pytest.MonkeyPatch) -> None:
    """What was approved once is applied, whoever left in between."""

    def as_they_were(self: Any, request: ChangeRequest) -> list[Decision]:
        with self._context.ledger.reading() as reader:
            return list(reader.decisions([request.id]))

    patch.setattr(apply.Apply, "_still_approved", as_they_were)


def enable_after_disable(patch: pytest.MonkeyPatch) -> None:
    """An approved opt-in outlives a later opt-out and is tried again."""
    patch.setattr(opt_out, "supersede_unsent", lambda entry, by: None)
    sent_again_after_disable(patch)


def sent_again_after_disable(patch: pytest.MonkeyPatch) -> None:
    """An opt-in that was at Exchange when the opt-out came, and was not processed, is tried again."""
    for room in (apply, transitions):
        patch.setattr(room, "supersede_overtaken", lambda entry, request: False)


def quiet_refusal(patch: pytest.MonkeyPatch) -> None:
    """Whoever may not decide hears nothing."""
    said = decide.enqueue_answer

    def owe(entry: Any, interaction: Any, text: str, **about: Any) -> None:
        if "You are not" not in text:
            said(entry, interaction, text, **about)

    patch.setattr(decide, "enqueue_answer", owe)


def announced_before_read_back(patch: pytest.MonkeyPatch) -> None:
    """An accepted write is taken for an applied one."""
    honest = settle.Settling.read_back

    def hasty(self: Any, request: ChangeRequest, answer: WriteAnswer, **how: Any) -> None:
        if answer.outcome is not WriteOutcome.ACCEPTED:
            honest(self, request, answer, **how)
            return
        value = request.to_value
        self._settle(
            request, Reading(value, None, None, None, None, self._context.now(), answer.client_request_id)
        )

    patch.setattr(settle.Settling, "read_back", hasty)


def chain_gap(patch: pytest.MonkeyPatch) -> None:
    """One number of the record is left out."""
    honest = chain.head

    def skipping(connection: Any, tenant_id: str) -> tuple[int, str]:
        seq, head = honest(connection, tenant_id)
        return (seq + 1, head) if seq == 5 else (seq, head)

    patch.setattr(chain, "head", skipping)


def old_readings_believed(patch: pytest.MonkeyPatch) -> None:
    """Whatever a domain controller answers is taken for the present."""
    patch.setattr(settle, "lags", lambda reader, reading, now: False)


THEY_TRY = {"before": "those who may not decide try"}
"""A member without a role, a stranger and the requester press and react."""
APPROVED = {"before": "", "approvers": (BOB, CAROL), "later": []}
"""Enough people approve, under either rule."""
UNPROCESSED = APPROVED | {"outcomes": [BUSY], "between": "Carol opts out while it is sent"}

PLANTS: dict[str, tuple[Plant, str, Mapping[str, object]]] = {
    "self-approval is allowed": (self_approval, "the requester decided|without enough approvals", THEY_TRY),
    "groups are compared by name": (
        group_by_name,
        "somebody decided who may not|without enough approvals",
        THEY_TRY,
    ),
    "expiry is off by one": (
        expiry_off_by_one,
        "sent after it had lapsed",
        APPROVED | {"between": "the wish lapses"},
    ),
    "a vote is counted twice": (
        vote_counted_twice,
        "without enough approvals",
        {"chosen": TWO, "before": "Bob approves by both doors", "approvers": (), "between": "", "later": []},
    ),
    "a stale digest is accepted": (
        stale_digest,
        "without enough approvals",
        APPROVED | {"between": "the rule changes"},
    ),
    "there is no second check": (
        no_second_check,
        "without enough approvals",
        APPROVED | {"between": "Bob is deactivated"},
    ),
    "an opt-in is retried after an opt-out": (enable_after_disable, "after a later opt-out", UNPROCESSED),
    "an opt-in is sent again after an opt-out": (
        sent_again_after_disable,
        "after a later opt-out|outlived a later opt-out",
        UNPROCESSED,
    ),
    "a refusal is quiet": (quiet_refusal, "an act was not answered", THEY_TRY),
    "it is announced before it is read back": (
        announced_before_read_back,
        "read back as something else",
        APPROVED | {"between": ""},
    ),
    "a domain controller that lags is believed": (
        old_readings_believed,
        "applied although it was not so",
        APPROVED | {"fresh": True, "lagging": 2, "already": 3, "outcomes": [LOST], "between": ""},
    ),
    "the chain has a gap": (chain_gap, "is missing", {}),
}
"""Each bug with the words in which the oracle complains of it, and the part of a scene in which it shows: the
rest is drawn."""
