"""History narrowed by words: a state, a kind, a person, a period; every page as without them, and nothing
left out."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot.reports.status_and_history import history_text
from handlers.queries.history import STATES, WrongWords, history_question, spelled
from handlers.slack.views import help_and_history
from storage.history_pages import EVERYTHING, HistoryFilter
from storage.lifecycle import OPEN, Kind, State
from storage.records import Door, SettingValue, Vote
from storage.schema.tables import change_requests, decisions
from tests.handlers.driver import ALICE, BOB, CAROL, TENANT, House
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import words
from tests.sentences import says

UTC_ZONE = ZoneInfo("UTC")
TODAY = date(2026, 11, 30)
BEGAN = datetime(2026, 9, 1, 12, tzinfo=UTC)


def asked(text: str, reader: str | None = ALICE) -> HistoryFilter:
    return history_question(text.split(), reader=reader, today=TODAY).only


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("", EVERYTHING),
        ("rejected", HistoryFilter(states=frozenset({State.REJECTED}))),
        ("REJECTED Expired", HistoryFilter(states=frozenset({State.REJECTED, State.EXPIRED}))),
        ("opt-in", HistoryFilter(kinds=frozenset({Kind.OPT_IN}))),
        ("opt_out outside", HistoryFilter(kinds=frozenset({Kind.OPT_OUT, Kind.OUTSIDE}))),
        ("me", HistoryFilter(person=ALICE)),
        ("<@U0BOB|bob>", HistoryFilter(person="U0BOB")),
        ("<@W012AB3CD>", HistoryFilter(person="W012AB3CD")),
        ("U0BOB U0BOB", HistoryFilter(person="U0BOB")),
        (
            "2026-11",
            HistoryFilter(since=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2026, 12, 1, tzinfo=UTC)),
        ),
        (
            "failed extension me 2026-11-02..2026-11-03",
            HistoryFilter(
                frozenset({State.FAILED}),
                frozenset({Kind.EXTENSION}),
                ALICE,
                datetime(2026, 11, 2, tzinfo=UTC),
                datetime(2026, 11, 4, tzinfo=UTC),
            ),
        ),
    ],
)
def test_words_narrow_and_are_spelled_so_that_they_ask_for_the_same_again(
    text: str, only: HistoryFilter
) -> None:
    assert asked(text) == only
    assert asked(" ".join(spelled(only))) == only


@pytest.mark.parametrize("text", ["before 12", "before #12", "rejected before 12"])
def test_a_page_begins_below_a_number(text: str) -> None:
    assert history_question(text.split(), reader=ALICE, today=TODAY).before == 12


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("@zoe", says("history_person_unknown")),
        ("me U0BOB", says("history_second_person")),
        ("2026-11 2026-Q4", says("history_second_period")),
        ("before zwölf", says("history_no_number")),
        ("before 0", says("history_no_number")),
        ("before", says("nothing_that_history_takes")),
        ("12", says("nothing_that_history_takes")),
        ("observed", says("nothing_that_history_takes")),
        ("<!channel>", says("nothing_that_history_takes")),
    ],
)
def test_what_is_not_understood_is_named(text: str, why: str) -> None:
    with pytest.raises(WrongWords) as wrong:
        asked(text)
    assert why in str(wrong.value)


@pytest.mark.parametrize("text", ["2026-13", "2026-12", "2026-11-03..2026-11-02"])
def test_a_period_that_is_none_says_how_one_is_written_or_why_it_is_none(text: str) -> None:
    with pytest.raises(WrongWords):
        asked(text)


def test_me_is_nobody_at_the_command_line() -> None:
    with pytest.raises(WrongWords):
        asked("me", reader=None)


def test_a_mention_of_everybody_stays_a_text(house: House) -> None:
    say(house, "history <!channel>", ALICE)
    assert "<!channel>" not in str(house.windows.said[-1])


def test_a_narrowed_page_names_what_it_shows_and_how_to_go_on(house: House) -> None:
    for _ in range(6):
        house.press("withdraw", ALICE, house.ask(ALICE).id)
    house.reject(BOB, house.ask(ALICE).id)
    say(house, "history withdrawn <@U0ALICE|alice>", ALICE)
    told = words(house.windows.said[-1])
    assert says("history_is_narrowed_to", what=f"withdrawn, <@{ALICE}>") in told
    assert says("older_changes_are_asked_for_with", what=f"withdrawn {ALICE} before 2") in told
    assert "#7" not in told
    say(house, f"history withdrawn {ALICE} before 2", ALICE)
    assert "#1" in words(house.windows.said[-1])
    say(house, f"history rejected {BOB}", CAROL)
    assert "#7" in words(house.windows.said[-1])


def test_where_nothing_matches_it_is_said_what_was_looked_for(house: House) -> None:
    house.ask(ALICE)
    say(house, "history failed opt-out", ALICE)
    assert says("no_change_on_record_is", what="failed, opt-out") in words(house.windows.said[-1])


PEOPLE = (ALICE, BOB, CAROL)


@dataclass(frozen=True)
class Row:
    """One change of the random history."""

    number: int
    state: State
    kind: Kind
    requester: str
    voters: frozenset[str]
    at: datetime

    def passes(self, only: HistoryFilter) -> bool:
        return (
            (not only.states or self.state in only.states)
            and (not only.kinds or self.kind in only.kinds)
            and (only.person is None or only.person in self.voters | {self.requester})
            and (only.since is None or only.until is None or only.since <= self.at < only.until)
        )


def test_every_filter_pages_through_just_what_it_lets_through(both: House) -> None:
    history = _filled(both, random.Random(7))
    drawn = random.Random(11)
    for _ in range(60):
        only = _filter(drawn)
        wanted = [row.number for row in reversed(history) if row.passes(only)]
        assert _walked(both, only, drawn.choice([1, 3, 7])) == wanted, only


def test_a_damaged_row_ends_no_page_before_its_time(house: House) -> None:
    history = _filled(house, random.Random(7))
    damaged = Row(200, State.APPLIED, Kind.OPT_OUT, ALICE, frozenset(), BEGAN + timedelta(days=60))
    after = replace(damaged, number=201)
    broken = _request(damaged) | {"to_value": SettingValue.OPTED_IN.value}
    with house.database.write() as connection:
        connection.execute(insert(change_requests), [broken, _request(after)])
    assert _walked(house, EVERYTHING, 1) == [201, *(row.number for row in reversed(history))]
    alone = house.dispatch.history.page(before=201, limit=1)
    assert (alone.lines, alone.unreadable, alone.older) == ([], (200,), 200)
    for told in (words(help_and_history.history(alone, UTC_ZONE).arguments()), history_text(alone, UTC_ZONE)):
        assert says("damaged_so_not_shown", numbers="#200") in told
        assert says("no_change_is_on_record_yet") not in told


def _filled(house: House, drawn: random.Random) -> list[Row]:
    """A history whose times of asking are out of order by minutes, as replicas with their own clocks write
    it."""
    settled = [state for state in State if state not in OPEN]
    history = [
        Row(
            number,
            drawn.choice(settled),
            drawn.choice(list(Kind)),
            drawn.choice(PEOPLE),
            frozenset(drawn.sample(PEOPLE, drawn.randrange(3))),
            BEGAN + timedelta(hours=8 * number, minutes=drawn.randrange(-30, 30)),
        )
        for number in range(1, 121)
    ]
    with house.database.write() as connection:
        connection.execute(insert(change_requests), [_request(row) for row in history])
        votes = [_vote(row, person, vote) for row in history for person in row.voters for vote in Vote]
        connection.execute(insert(decisions), votes)
    return history


def _request(row: Row) -> dict[str, object]:
    words = {
        "reason": "r",
        "clients": "",
        "protocols": "",
        "rule_digest": "d",
        "detail": "",
        "door": Door.BUTTON.value,
    }
    return words | {
        "id": row.number,
        "tenant_id": TENANT,
        "kind": row.kind.value,
        "state": row.state.value,
        "requester_id": row.requester,
        "to_value": (SettingValue.OPTED_OUT if row.kind is Kind.OPT_OUT else SettingValue.OPTED_IN).value,
        "created_at": row.at,
        "version": 1,
    }


def _vote(row: Row, person: str, vote: Vote) -> dict[str, object]:
    about = {"tenant_id": TENANT, "request_id": row.number, "person_id": person, "vote": vote.value}
    return about | {"door": Door.BUTTON.value, "digest": "d", "voted_at": row.at, "recorded_at": row.at}


def _filter(drawn: random.Random) -> HistoryFilter:
    since = datetime(2026, 9, drawn.randrange(1, 30), tzinfo=UTC) if drawn.random() < 0.5 else None
    return HistoryFilter(
        states=frozenset(drawn.sample(list(STATES.values()), drawn.choice([0, 0, 1, 3]))),
        kinds=frozenset(drawn.sample(list(Kind), drawn.choice([0, 0, 1, 2]))),
        person=drawn.choice([None, None, *PEOPLE]),
        since=since,
        until=since + timedelta(days=drawn.choice([1, 7, 30])) if since else None,
    )


def _walked(house: House, only: HistoryFilter, limit: int) -> list[int]:
    found: list[int] = []
    before = None
    while True:
        page = house.dispatch.history.page(before=before, limit=limit, only=only)
        found += [line.request.id for line in page.lines]
        if page.older is None:
            return found
        before = page.older
