"""Pages are published one at a time, each person's once, at Slack's pace; what is refused is not tried
without end."""

from collections.abc import Callable, Iterator

import pytest

from handlers.ports import Unavailable
from handlers.slack import home_pages
from handlers.slack.home_pages import HomePages
from storage.engine import Unreachable
from tests.handlers.driver import ALICE, BOB, House

SLOW = Unavailable("Slack asks the bot to slow down.", retry_after=30, code="ratelimited")
CONFLICT = Unavailable("Slack refused the call (hash_conflict).", retryable=False, code="hash_conflict")
REFUSED = Unavailable("Slack refused the call (not_enabled).", retryable=False, code="not_enabled")


class Line:
    """A crew of which the test says when it works; Slack takes as many pages a minute as ``allowed``."""

    def __init__(self, allowed: int = 10**6) -> None:
        self.jobs: list[tuple[float, Callable[[], None]]] = []
        self.now = 0.0
        self.allowed = allowed
        self.took: list[tuple[str, str, float]] = []
        self.tried = 0
        self.refusals: Iterator[Exception | None] = iter(())
        self.pages = HomePages(self.publish, self.follow)

    def follow(self, job: Callable[[], None], *, delay: float = 0) -> None:
        self.jobs.append((self.now + delay, job))

    def publish(self, person: str, over: str) -> None:
        self.tried += 1
        if (refusal := next(self.refusals, None)) is not None:
            raise refusal
        if len([at for _, _, at in self.took if self.now - at < 60]) >= self.allowed:
            raise SLOW
        self.took.append((person, over, self.now))

    def work(self, most: int = 10_000) -> None:
        """Do what is lined up, in its time, until nothing is; it must come to an end."""
        while self.jobs:
            most -= 1
            assert most > 0, "it goes round for ever"
            at, job = self.jobs.pop(0)
            self.now = max(self.now, at)
            job()


def test_somebody_who_opens_it_again_and_again_is_published_once_with_the_newest_hash() -> None:
    line = Line()
    for number in range(50):
        line.pages.opened(ALICE, f"h{number}")
    line.work()
    assert [(person, over) for person, over, _ in line.took] == [(ALICE, "h49")]
    line.pages.opened(ALICE, "h50")
    line.work()
    assert len(line.took) == 2


def test_two_hundred_openings_within_a_minute_are_all_published_at_the_pace_that_slack_allows() -> None:
    line = Line(allowed=100)
    for number in range(200):
        line.pages.opened(f"U{number:010}", "")
    line.work()
    assert len({person for person, _, _ in line.took}) == len(line.took) == 200
    assert line.tried < 210
    assert 55 < line.now < 180


def test_a_conflict_is_met_once_by_publishing_over_whatever_is_there() -> None:
    line = Line()
    line.refusals = iter([CONFLICT, CONFLICT, CONFLICT])
    line.pages.opened(ALICE, "old")
    line.work()
    assert (line.tried, line.took) == (2, [])


def test_after_a_conflict_the_page_is_drawn_anew() -> None:
    line = Line()
    line.refusals = iter([CONFLICT])
    line.pages.opened(ALICE, "old")
    line.work()
    assert [(person, over) for person, over, _ in line.took] == [(ALICE, "")]


@pytest.mark.parametrize(
    "trouble", [REFUSED, Unavailable("Slack could not be reached."), Unreachable("gone")]
)
def test_what_is_refused_otherwise_is_left_until_the_next_opening_and_holds_up_nobody(
    trouble: Exception,
) -> None:
    line = Line()
    line.refusals = iter([trouble])
    line.pages.opened(ALICE, "")
    line.pages.opened(BOB, "")
    line.work()
    assert [person for person, _, _ in line.took] == [BOB]
    line.pages.opened(ALICE, "")
    line.work()
    assert [person for person, _, _ in line.took] == [BOB, ALICE]


def test_a_defect_ends_no_line() -> None:
    line = Line()
    line.refusals = iter([RuntimeError("nobody thought of this")])
    line.pages.opened(ALICE, "")
    line.pages.opened(BOB, "")
    with pytest.raises(RuntimeError):
        line.jobs.pop(0)[1]()
    line.work()
    assert [person for person, _, _ in line.took] == [BOB]


def test_what_somebody_does_elsewhere_is_published_only_if_they_have_seen_their_page() -> None:
    line = Line()
    line.pages.acted(ALICE)
    line.work()
    assert line.took == []
    line.pages.opened(ALICE, "")
    line.work()
    line.pages.acted(ALICE)
    line.pages.acted(BOB, "on-it")
    line.work()
    assert [person for person, _, _ in line.took] == [ALICE, ALICE, BOB]


def test_very_many_people_who_wait_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_pages, "MOST_KEYS", 10)
    line = Line()
    for number in range(50):
        line.pages.opened(f"U{number}", "")
    line.work()
    assert len(line.took) == 10


def test_the_other_tab_publishes_nothing(house: House) -> None:
    from handlers.slack.listeners.home import HomeOpened

    HomeOpened(house.edge).listen({"event": {"type": "app_home_opened", "user": ALICE, "tab": "messages"}})
    assert house.windows.published == []
