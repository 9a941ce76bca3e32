"""Use cases of deciding: approve, reject, take a vote back.

Whoever is asked about is looked up before the transaction; inside it everything is judged again on the row as
it then is. Only an approval by somebody who was not looked up makes the judgement start over: whatever else
happens to a request in between, votes that come and go among it, nobody who may decide is kept from it. So
two votes in the same moment both count or one is told.
"""

from collections.abc import Sequence

from handlers.changes.authorise import may_vote, weigh, why_unsure
from handlers.changes.transitions import decided_by, expire_if_due, why_void
from handlers.context.context import Context
from handlers.context.look_ups import Checked
from handlers.interaction import Interaction
from handlers.outgoing.notices import (
    enqueue_answer,
    enqueue_card,
    enqueue_change,
    enqueue_lost_copy,
    enqueue_redraw,
)
from handlers.outgoing.refusals import record_refusal
from handlers.outgoing.request_view import WAITING
from handlers.policy.decided_by import who_approved
from handlers.policy.rule import Reason, Verdict
from handlers.policy.same_person import Identity
from handlers.policy.votes import content_digest, standing_approvals
from handlers.ports import Unavailable
from storage.errors import Conflict
from storage.ledger import BOT, Entry
from storage.ledger_reader import Reader
from storage.lifecycle import State
from storage.records import ChangeRequest, Decision, Door, Vote, Waiting

UNDONE_BEFORE = (
    "had taken the approval back before the last one came, so they never stood together: approve again."
)

OWN = Verdict(allowed=False, reason=Reason.OWN_REQUEST, sentence="You asked for it yourself.")
"""For the requester, who has no vote and is not looked up."""


class Decisions:
    """The one road for every vote, whichever the door."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def decide(self, request_id: int, vote: Vote, interaction: Interaction) -> bool:
        """Record one vote and answer the person; returns whether it is a rejection that stands.

        Raises ``Conflict`` where somebody else approved while people were looked up: then all of it has to be
        judged again.
        """
        with self._context.ledger.reading() as reader:
            seen = reader.request(request_id)
            voters = set(standing_approvals(reader.decisions([request_id])))
        people, others = self._context.people, Checked()
        is_own = interaction.person == seen.requester_id
        verdict = OWN if is_own else people.approver(interaction.person)
        if verdict.allowed:  # whoever is none makes nobody else be looked up
            asked = people.requester(seen.requester_id, seen.requester_enterprise_id)
            verdict = people.apart(interaction.person, verdict, asked)
            if vote is Vote.APPROVE:
                voter = Identity.known(interaction.person, verdict.enterprise_user_id)
                others = people.checked(voters - {interaction.person}, asked=asked, voter=voter)
        return self._decide(request_id, vote, interaction, verdict, others)

    def take_back(self, request_id: int, interaction: Interaction) -> None:
        """Undo a vote until the request is decided; a removed reaction undoes only a vote cast by reaction.

        An approver's removal is recorded even before the vote itself arrived, and also after the approval
        that it came before: Slack may deliver them in any order.
        """
        with self._context.ledger.reading() as reader:
            is_own = interaction.person == reader.request(request_id).requester_id
        may_have_voted = (
            interaction.door is Door.REACTION and not is_own and self._may_have_voted(interaction.person)
        )
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            request = before = expire_if_due(entry, entry.reader.request(request_id), self._context.now())
            mine = standing_approvals(entry.reader.decisions([request_id])).get(interaction.person)
            if request.state is State.PENDING and (mine or may_have_voted):
                request = self._undo(entry, request, interaction)
            elif request.state is State.APPROVED and _never_stood_together(
                entry.reader, request, mine, interaction
            ):
                undone = self._undo(entry, request, interaction)
                detail = f"@{interaction.person} {UNDONE_BEFORE}"
                request = entry.move(undone, State.PENDING, actor=interaction.person, detail=detail)
                enqueue_change(entry, request)
            self._answer_taking_back(entry, request, before, mine, interaction)
        self._context.wake_worker()

    def _answer_taking_back(
        self,
        entry: Entry,
        request: ChangeRequest,
        before: ChangeRequest,
        mine: Decision | None,
        interaction: Interaction,
    ) -> None:
        """Say what became of a withdrawal of ``mine``, and draw the message again where it changed."""
        person, number = interaction.person, request.id
        left = standing_approvals(entry.reader.decisions([number])).get(person)
        text = _taken_back_answer(
            request, mine, left, interaction, decided_by(entry.reader, request).approvers
        )
        is_news = bool(text)
        if text and (mine is None or request.state is not State.PENDING):
            is_news = record_refusal(entry, person, "take_back", text, number)
        if is_news:
            enqueue_answer(entry, interaction, text, request_id=number)
        if is_news or request.version != before.version:
            enqueue_redraw(
                entry, request, channel=interaction.channel, ts=interaction.ts, key=interaction.key
            )

    def _may_have_voted(self, person: str) -> bool:
        """In doubt yes: recording a removal can only take a vote away."""
        try:
            verdict = self._context.people.approver(person)
        except Unavailable:
            return True
        return verdict.allowed or verdict.reason is Reason.NOT_CHECKED

    def _decide(
        self, request_id: int, vote: Vote, interaction: Interaction, verdict: Verdict, others: Checked
    ) -> bool:
        with self._context.ledger.recording(self._context.now()) as entry:
            entry.finish_inbox(interaction.key)
            request = entry.reader.request(request_id)
            standing = standing_approvals(entry.reader.decisions([request_id])).keys()
            if verdict.allowed and vote is Vote.APPROVE and standing - others.asked - {interaction.person}:
                raise Conflict("somebody else approved while people were looked up")
            now = self._context.now()  # once more: the lock may have been waited for
            request = expire_if_due(entry, request, now)
            judged = may_vote(entry.reader, request, interaction, verdict, rule=self._context.rule, now=now)
            is_news = True
            if not judged.allowed:
                text = judged.sentence
                recorded = record_refusal(entry, interaction.person, vote.value, text, request.id)
                is_news = recorded or not judged.is_refusal
            elif vote is Vote.REJECT:
                request, text = self._reject(entry, request, interaction)
            else:
                request, text = self._approve(entry, request, interaction, others)
            rejected = judged.allowed and vote is Vote.REJECT
            if is_news:
                enqueue_redraw(
                    entry, request, channel=interaction.channel, ts=interaction.ts, key=interaction.key
                )
                enqueue_answer(entry, interaction, text, request_id=request.id, ask_reason=rejected)
            else:
                enqueue_lost_copy(entry, request, channel=interaction.channel, ts=interaction.ts)
        self._context.wake_worker()
        return rejected

    def _approve(
        self, entry: Entry, request: ChangeRequest, interaction: Interaction, others: Checked
    ) -> tuple[ChangeRequest, str]:
        votes = entry.reader.decisions([request.id])
        weighed = weigh(request, votes, interaction, others, rule=self._context.rule)
        raised, counted = request, weighed.counted
        if weighed.is_new:
            raised, decision = self._vote(entry, request, Vote.APPROVE, interaction)
            votes.append(decision)
        standing = standing_approvals(votes)
        raised = entry.void(raised, (standing[person] for person in weighed.lost))
        if counted.complete:
            people = " and ".join(f"@{person}" for person in counted.approved_by)
            actor = interaction.person if weighed.is_new else BOT
            raised = entry.move(raised, State.APPROVED, actor=actor, detail=f"Approved by {people}.")
        elif raised is not request:
            may = others.eligible | {interaction.person}
            why = (
                f"{why_void(weighed.lost, may) if weighed.lost else ''} {why_unsure(weighed.unsure)}".strip()
            )
            raised = entry.say(raised, detail=why or WAITING, waiting=None if why else Waiting.DECISION)
        if raised is not request:
            enqueue_card(entry, raised)
        if not weighed.is_new and not counted.complete:
            record_refusal(entry, interaction.person, "approve", weighed.answer, request.id)
        return raised, weighed.answer

    def _reject(
        self, entry: Entry, request: ChangeRequest, interaction: Interaction
    ) -> tuple[ChangeRequest, str]:
        raised, _ = self._vote(entry, request, Vote.REJECT, interaction)
        rejected = entry.move(
            raised, State.REJECTED, actor=interaction.person, detail=f"Rejected by @{interaction.person}."
        )
        enqueue_change(entry, rejected)
        return (
            rejected,
            (
                f"#{request.id} is rejected; nothing is changed in Exchange. Please say why: the requester "
                "sees it."
            ),
        )

    def _undo(self, entry: Entry, request: ChangeRequest, interaction: Interaction) -> ChangeRequest:
        raised, _ = self._vote(entry, request, Vote.TAKEN_BACK, interaction)
        enqueue_card(entry, raised)
        return raised

    def _vote(
        self, entry: Entry, request: ChangeRequest, vote: Vote, interaction: Interaction
    ) -> tuple[ChangeRequest, Decision]:
        return entry.vote(
            request,
            person_id=interaction.person,
            vote=vote,
            door=interaction.door,
            digest=content_digest(request, self._context.rule.digest),
            voted_at=interaction.at,
        )


def _never_stood_together(
    reader: Reader, request: ChangeRequest, mine: Decision | None, interaction: Interaction
) -> bool:
    """Tell whether a vote was taken back, by event time, before the approval that completed it."""
    others = [
        vote
        for vote in standing_approvals(reader.decisions([request.id])).values()
        if vote.person_id != interaction.person
    ]
    undoes = (
        mine is not None
        and mine.voted_at <= interaction.at
        and (interaction.door is Door.BUTTON or mine.door is interaction.door)
    )
    return undoes and any(interaction.at < vote.voted_at for vote in others)


def _taken_back_answer(
    request: ChangeRequest,
    mine: Decision | None,
    left: Decision | None,
    interaction: Interaction,
    approved_by: Sequence[str],
) -> str:
    """Describe ``mine``, which stood, and ``left``, which still stands by another door or a later vote."""
    if mine is None:
        return "" if interaction.door is Door.REACTION else f"You have no vote on #{request.id} to take back."
    if request.state is not State.PENDING:
        by = who_approved(request, approved_by)
        return f"#{request.id} is decided already, so your vote cannot be taken back. {by}".strip()
    if left is not None:
        cast = "later" if left.door is Door.REACTION else "by button"
        return f"Your reaction is gone; your vote on #{request.id} was cast {cast} and still counts."
    return f"Your approval of #{request.id} is taken back."
