"""Two replicas draw the same message: whichever drawing came last, what stays is the newest."""

from collections.abc import Callable

from handlers.delivery.deliver import Delivery
from handlers.outgoing.notices import enqueue_card
from handlers.outgoing.request_view import RequestView
from handlers.ports import Place
from tests.handlers.driver import ALICE, House


class Frozen:
    """An announcer whose replica falls asleep just before one drawing, and draws when ``meanwhile`` is
    over."""

    def __init__(self, house: House, meanwhile: Callable[[], None]) -> None:
        self._house = house
        self._meanwhile = meanwhile

    def draw(self, view: RequestView, place: Place | None) -> Place | None:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return self._house.board.draw(view, place)


def change(house: House, number: int, detail: str) -> int:
    """Let the message fall behind; returns the version that it owes."""
    with house.ledger.recording(house.clock.at) as entry:
        request = entry.say(entry.reader.request(number), detail=detail)
        enqueue_card(entry, request)
    return request.version


def versions(house: House) -> list[int]:
    """The version of every drawing, in order."""
    return [view.request.version for _, view in house.board.cards]


def test_an_old_drawing_that_comes_late_is_followed_by_the_newest(both: House) -> None:
    number = both.ask(ALICE).id
    both.deliver()
    change(both, number, "Old.")

    def meanwhile() -> None:
        change(both, number, "New.")
        both.delivery.send_public()

    late = Delivery(both.context, both.outbox, Frozen(both, meanwhile))  # type: ignore[arg-type]
    late.send_public()
    assert versions(both) == [1, 3, 2]
    both.deliver()
    assert versions(both) == [1, 3, 2, 3]
    assert len({place for place, _ in both.board.cards}) == 1


def test_a_drawing_that_nobody_disturbed_is_not_repeated(both: House) -> None:
    number = both.ask(ALICE).id
    both.deliver()
    change(both, number, "New.")
    both.deliver()
    assert versions(both) == [1, 2]
