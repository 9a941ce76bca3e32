"""What must hold whatever happens, judged anew from the record and from what the neighbours saw, without the
rules under test.

Nothing of ``handlers.policy.rule`` is asked here: who may decide, which votes stand and how many are needed
is worked out again.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from storage.lifecycle import OPEN, Kind, State
from storage.record.verify import verify
from storage.records import Attempt, ChangeRequest, Decision, Door, SettingValue, Vote
from storage.schema.tables import attempts, change_requests, inbox, notices
from tests.handlers.driver import TENANT, House
from tests.handlers.fakes import HOME_TEAM, Write

WISHES = (Kind.OPT_IN, Kind.EXTENSION)
ANSWERED = ("vote", "withdraw", "opt_out", "opt_in")
SPOKEN_FOR = timedelta(minutes=1)
"""How long the answer to a refusal holds for the same refusal of the same person."""


class Oracle:
    """Watches one house: every write at the moment it is received, everything else whenever it is asked."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._content: dict[int, tuple[Any, ...]] = {}
        self._rule_of: dict[int, str] = {}
        self._taken: Counter[int] = Counter()
        self._sent: Counter[int] = Counter()
        self._spoken_for: set[str] = set()
        """Keys of acts that were refused in the words in which the person had just been answered."""
        house.tenant.during_write = self.judge_write

    def is_eligible(self, person_id: str) -> bool:
        """Whether somebody is an approver at this moment, in truth and by id."""
        person = self.house.workspace.people.get(person_id)
        if person is None or person.deleted is not False or person.team_id != HOME_TEAM:
            return False
        if person.is_bot or person.is_guest or person.is_stranger or person.is_invited:
            return False
        listed = self.house.context.rule.approvers
        return any(
            person_id == entry or person_id in self.house.workspace.groups.get(entry, []) for entry in listed
        )

    def judge_write(self, write: Write) -> None:
        """Was this allowed, and was it on record before it was sent?"""
        with self.house.database.read() as connection:
            sending = select(attempts.c.request_id).where(
                attempts.c.client_request_id == write.client_request_id, attempts.c.step == "sending"
            )
            number = connection.execute(sending).scalar_one_or_none()
        assert number is not None, "nothing was on record when it was sent"
        request = self.house.request(number)
        assert request.state is State.APPLYING
        self._sent[number] += 1
        self._taken[number] += write.taken
        assert self._taken[number] <= 1, "two effective writes for one request"
        assert self._sent[number] <= 4, "sent more often than promised"
        if write.value is SettingValue.OPTED_IN:
            self._judge_opt_in(request)
        else:
            assert request.kind is Kind.OPT_OUT

    def _judge_opt_in(self, request: ChangeRequest) -> None:
        assert request.kind is Kind.OPT_IN
        assert request.expires_at is not None
        assert self.house.clock.at < request.expires_at, "sent after it had lapsed"
        assert not self._later_opt_outs(request.id), "sent after a later opt-out"
        assert self._approvers(request) >= self.house.context.rule.approvals_required, (
            "sent without enough approvals"
        )

    def _later_opt_outs(self, number: int) -> list[int]:
        query = select(change_requests.c.id).where(
            change_requests.c.kind == Kind.OPT_OUT.value, change_requests.c.id > number
        )
        with self.house.database.read() as connection:
            return list(connection.execute(query).scalars())

    def _approvers(self, request: ChangeRequest) -> int:
        """How many others, eligible now, approved under the present rule and did not take it back."""
        assert _content(request) == self._content[request.id], (
            "another content than the one that was asked for"
        )
        votes = self.house.votes(request.id)
        self._remember(votes)
        return sum(self._counts(person, votes, request) for person in {vote.person_id for vote in votes})

    def _counts(self, person: str, votes: list[Decision], request: ChangeRequest) -> bool:
        standing: dict[Door, Decision] = {}
        voided = max(
            (vote.id for vote in votes if vote.person_id == person and vote.door is Door.BOT), default=0
        )
        votes = [vote for vote in votes if vote.id > voided]  # whatever the clocks said
        for vote in sorted(votes, key=lambda vote: (vote.voted_at, vote.vote is Vote.TAKEN_BACK, vote.id)):
            if vote.person_id != person:
                continue
            if vote.vote is Vote.APPROVE:
                standing[vote.door] = vote
            elif vote.vote is Vote.TAKEN_BACK and vote.door is Door.REACTION:
                standing.pop(Door.REACTION, None)
            elif vote.vote is Vote.TAKEN_BACK:
                standing.clear()
        present = self.house.context.rule.digest
        fresh = [vote for vote in standing.values() if self._rule_of[vote.id] == present]
        return bool(fresh) and person != request.requester_id and self.is_eligible(person)

    def judge_everything(self) -> None:
        """After every step: only the entitled voted, every act was answered, nothing is claimed that was not
        read back."""
        with self.house.ledger.reading() as reader:
            requests = {request.id: request for request in reader.page(limit=1000)}
            votes, steps, baseline = reader.decisions(requests), reader.attempts(requests), reader.baseline()
        for request in requests.values():
            known = self._content.setdefault(request.id, _content(request))
            assert known == _content(request), "the content of a request was altered"
            if request.state is State.APPLIED:
                self._judge_applied(request, [step for step in steps if step.request_id == request.id])
        for vote in votes:
            self._judge_vote(vote, requests[vote.request_id])
        self._remember(votes)
        requests_ = [
            request for request in requests.values() if request.kind in WISHES and request.state in OPEN
        ]
        assert len(requests_) <= 1, "two open wishes"
        if (
            baseline is not None
            and baseline.request_id is not None
            and requests[baseline.request_id].kind in WISHES
        ):
            assert baseline.window_end == requests[baseline.request_id].window_end, (
                "an opt-in without its end"
            )
            done = [
                number
                for number in self._later_opt_outs(baseline.request_id)
                if requests[number].state is State.APPLIED
            ]
            assert not done, "an opt-in outlived a later opt-out"
        self._judge_answers()

    def _judge_vote(self, vote: Decision, request: ChangeRequest) -> None:
        if vote.id in self._rule_of or vote.vote is Vote.TAKEN_BACK:
            return
        assert vote.person_id != request.requester_id, "the requester decided"
        assert self.is_eligible(vote.person_id), "somebody decided who may not"
        assert request.expires_at is not None
        assert vote.recorded_at < request.expires_at, "decided after it had lapsed"

    def _remember(self, votes: list[Decision]) -> None:
        for vote in votes:
            self._rule_of.setdefault(vote.id, self.house.context.rule.digest)

    def _judge_applied(self, request: ChangeRequest, steps: list[Attempt]) -> None:
        read = [step for step in steps if step.step == "read_back"]
        assert len(read) == 1, "applied without having been read back"
        assert self.house.tenant.served.get(read[0].client_request_id or "") is request.to_value, (
            "read back as something else"
        )
        assert self.house.tenant.truth[read[0].client_request_id or ""] is request.to_value, (
            "applied although it was not so"
        )

    def _judge_answers(self) -> None:
        """Each act that is finished owes exactly one private answer; only a refusal that was just told is not
        told again."""
        with self.house.database.read() as connection:
            finished = select(inbox).where(inbox.c.done_at.is_not(None), inbox.c.kind.in_(ANSWERED))
            done = {f"answer:{act.key}": act for act in connection.execute(finished)}
            found = connection.execute(select(notices).where(notices.c.key.in_(done))).all()
        told = {notice.key for notice in found}
        for key in done.keys() - told - self._spoken_for:
            assert self._was_just_told(done[key], found), "an act was not answered"
            self._spoken_for.add(key)

    def _was_just_told(self, act: Any, told: Sequence[Any]) -> bool:
        """Whether the same act of the same person on the same change was refused, and answered so, less than
        a minute before."""
        payload = json.loads(act.payload)
        if payload.get("reason"):
            return False  # what was typed is given back each time
        number = self._number(payload)
        answers = {(said.recipient, said.created_at, json.loads(said.facts)["text"]) for said in told}
        return any(
            (event.kind, event.actor, event.request_id) == ("refused", payload["person"], number)
            and event.payload["what"] in (act.kind, payload.get("vote"))
            and timedelta() <= act.done_at - event.at < SPOKEN_FOR
            and (event.actor, event.at, event.payload["because"]) in answers
            for event in self.house.events("refused")
        )

    def _number(self, payload: Mapping[str, str]) -> int | None:
        """The change that somebody acted on: a button names it, a reaction stands on its message."""
        if "request" in payload:
            return int(payload["request"])
        with self.house.ledger.reading() as reader:
            card = reader.messages.card_at(payload["channel"], payload["ts"])
        return card.request_id if card else None

    def judge_record(self) -> None:
        """The chain is whole."""
        verdict = verify(self.house.database, TENANT)
        assert verdict.ok, verdict.problem

    def judge_shown(self) -> None:
        """No card and no message ever said *applied* before it was read back, as the record stood when it was
        drawn."""
        with self.house.ledger.reading() as reader:
            steps = [event for event in reader.events(limit=1_000_000) if event.kind == "attempt"]
        read_back = {
            event.request_id: event.seq for event in reversed(steps) if event.payload["step"] == "read_back"
        }
        for _, view in (*self.house.board.cards, *self.house.board.outcomes):
            if view.request.state is State.APPLIED:
                assert read_back.get(view.request.id, view.head[0] + 1) <= view.head[0], (
                    "announced before it was read back"
                )


def _content(request: ChangeRequest) -> tuple[Any, ...]:
    return (
        request.kind,
        request.requester_id,
        request.reason,
        request.clients,
        request.protocols,
        request.from_value,
        request.to_value,
        request.window_end,
        request.expires_at,
        request.rule_digest,
    )
