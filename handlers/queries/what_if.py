"""Judge what each approver's vote on an open request would do now, recording nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.changes.authorise import may_vote, weigh
from handlers.changes.transitions import decided_by
from handlers.context.context import Context
from handlers.context.look_ups import Checked
from handlers.context.people import People
from handlers.context.rate_limits import Rations
from handlers.interaction import Interaction
from handlers.policy.new_requests import still_fits
from handlers.policy.rule import Reason, Rule, Verdict, is_group, no_longer_open, once_each
from handlers.policy.same_person import Identity
from handlers.policy.votes import standing_approvals, tally
from handlers.ports import Reading, Unavailable
from handlers.queries.status import READINGS
from storage.ledger_reader import Reader
from storage.lifecycle import WISHES, State
from storage.records import ChangeRequest, Decision, Door, SettingValue


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Judge people as approvers by their ids; ``NOT_CHECKED`` where that could not be found out."""

    verdicts: Mapping[str, Verdict]
    left_out: int
    """Approvers who were not looked up, because they are very many."""
    complete: bool
    """Whether each user group could be looked up."""


def foresee(
    people: People, rule: Rule, also: Iterable[str], *, asked: Identity | None, asker: str, most: int
) -> Foreseen:
    """Look up each approver, and whoever else is in ``also``, for ``asker``; each group once.

    Raises ``Unavailable``.
    """
    listed, complete = people.listed(rule.approvers, asker=asker)
    named = (entry for entry in rule.approvers if not is_group(entry))
    everybody = list(dict.fromkeys((*also, *named, *sorted(listed))))
    otherwise = False if complete else None
    verdicts = {
        person: people.as_approver(
            person, listed=True if person in listed else otherwise, asked=asked, asker=asker
        )
        for person in everybody[:most]
    }
    return Foreseen(verdicts, len(everybody[most:]), complete)


def sorted_out(people: People, verdicts: Mapping[str, Verdict], *, voter: Identity | None = None) -> Checked:
    """Return what ``People.checked`` would answer, from verdicts that were foreseen."""
    unknown = {person for person, verdict in verdicts.items() if verdict.reason is Reason.NOT_CHECKED}
    found = {person: verdict for person, verdict in verdicts.items() if person not in unknown}
    eligible = once_each(found, besides=voter, in_organisation=people.in_organisation)
    return Checked(eligible, frozenset(unknown), frozenset(verdicts))


LOOKED_UP = 50
"""People looked up for one answer: Slack allows about a hundred look-ups a minute for everybody together
(tier 4)."""

PATIENCE = 10.0
"""Seconds the live value may take."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What one person's approval, by the button on the card, would do."""

    person: str
    verdict: Verdict
    """Whether they may decide now; if not, its sentence is what they would be told."""
    counts: bool = False
    """Whether it would be a vote that was not cast before."""
    completes: bool = False
    """Whether the request would be approved by it."""
    answer: str = ""
    """What they would be told; empty where they may not decide."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One answer to ``whatif``."""

    request: ChangeRequest
    approved_by: tuple[str, ...]
    """Whose approvals count now."""
    void: tuple[str, ...]
    """Whose approvals on record count no more, or cannot be looked up now."""
    missing: int
    """How many more approvals are needed."""
    people: tuple[Foresight, ...]
    left_out: int
    """Approvers who were not looked up, because they are very many."""
    groups_known: bool
    """Whether each user group of approvers could be looked up."""
    live: SettingValue | None
    """The live value; ``None`` where it is not known."""
    read_at: datetime | None
    problem: str
    """Why the live value is not known; empty where it is."""
    held: str
    """Why an approved request would wait all the same; empty where nothing is known to be in the way."""

    @property
    def stands(self) -> bool | None:
        """Whether the live value is still the one to be approved from; ``None`` where it is not known."""
        return None if self.live is None else still_fits(self.request, self.live)


class Settled(Exception):
    """Nobody can decide this any more, or nobody has to; its text says why."""


class WhatIfs:
    """Answers ``whatif``."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._readings: Rations[str] = Rations(READINGS)

    def open_number(self) -> int | None:
        """Return the number of the request that waits for a decision, if one does."""
        with self._context.ledger.reading() as reader:
            request = reader.open_request()
        return request.id if request is not None and request.state is State.PENDING else None

    def of(self, request_id: int, asker: str) -> WhatIf:
        """Judge an open request for everybody who may decide it.

        Raises ``NoSuchRequest``, ``Settled`` and ``Unavailable``. ``asker`` is a full member; everybody is
        looked up out of their share of look-ups.
        """
        request, votes = self._open(request_id)
        foreseen = self._foreseen(request, votes, asker)
        reading, problem = self._read(asker)
        with self._context.ledger.reading() as reader:
            request, votes = self._must_be_open(reader, request_id), reader.decisions([request_id])
            people = tuple(self._each(reader, request, votes, foreseen))
            untrusted = self._context.untrusted(reader)
        eligible = sorted_out(self._context.people, _of_voters(votes, foreseen)).eligible
        counted = tally(request, votes, rule=self._context.rule, eligible=eligible)
        return WhatIf(
            request=request,
            approved_by=counted.approved_by,
            void=counted.void,
            missing=counted.missing,
            people=people,
            left_out=foreseen.left_out,
            groups_known=foreseen.complete,
            live=reading.value if reading else None,
            read_at=reading.read_at if reading else None,
            problem=problem,
            held=untrusted.plainly if untrusted else "",
        )

    def would(self, request_id: int, people: Iterable[str], asker: str) -> list[Foresight]:
        """Judge what the approval of each of ``people`` would do. Raises as ``of``."""
        request, votes = self._open(request_id)
        foreseen = self._foreseen(request, votes, asker, also=people)
        with self._context.ledger.reading() as reader:
            request, votes = self._must_be_open(reader, request_id), reader.decisions([request_id])
            found = {one.person: one for one in self._each(reader, request, votes, foreseen)}
        return [found[person] for person in people]

    def _open(self, request_id: int) -> tuple[ChangeRequest, list[Decision]]:
        with self._context.ledger.reading() as reader:
            return self._must_be_open(reader, request_id), reader.decisions([request_id])

    def _must_be_open(self, reader: Reader, request_id: int) -> ChangeRequest:
        request = reader.request(request_id)
        if request.kind not in WISHES:
            raise Settled(f"#{request_id} needs nobody's approval, so there is nothing to decide.")
        if request.state is not State.PENDING:
            raise Settled(no_longer_open(request, decided_by(reader, request)))
        if request.has_expired(self._context.now()):
            raise Settled(
                f"#{request_id} has expired, so nobody can decide it any more; ask again if it is still "
                "needed."
            )
        return request

    def _foreseen(
        self, request: ChangeRequest, votes: Iterable[Decision], asker: str, also: Iterable[str] = ()
    ) -> Foreseen:
        people = self._context.people
        asked = people.requester(request.requester_id, request.requester_enterprise_id)
        first = (*also, *standing_approvals(votes))
        most = max(LOOKED_UP, len(first))
        return foresee(people, self._context.rule, first, asked=asked, asker=asker, most=most)

    def _each(
        self, reader: Reader, request: ChangeRequest, votes: list[Decision], foreseen: Foreseen
    ) -> Iterable[Foresight]:
        voters, now = _of_voters(votes, foreseen), self._context.now()
        for person, eligible in foreseen.verdicts.items():
            cast = Interaction(key="", person=person, door=Door.BUTTON, at=now)
            verdict = may_vote(reader, request, cast, eligible, rule=self._context.rule, now=now)
            if not verdict.allowed:
                yield Foresight(person, verdict)
                continue
            voter = Identity.known(person, eligible.enterprise_user_id)
            others = {voted: judged for voted, judged in voters.items() if voted != person}
            checked = sorted_out(self._context.people, others, voter=voter)
            weighed = weigh(request, votes, cast, checked, rule=self._context.rule)
            yield Foresight(person, verdict, weighed.is_new, weighed.counted.complete, weighed.answer)

    def _read(self, asker: str) -> tuple[Reading | None, str]:
        if not self._readings.take(asker):
            return None, "You asked this often within a minute, so it was not read again."
        try:
            return self._context.setting.read(patience=PATIENCE), ""
        except Unavailable as unread:
            return None, f"{unread.sentence} {unread.mend}".strip()


def _of_voters(votes: Iterable[Decision], foreseen: Foreseen) -> Mapping[str, Verdict]:
    return {
        person: foreseen.verdicts[person]
        for person in standing_approvals(votes)
        if person in foreseen.verdicts
    }
