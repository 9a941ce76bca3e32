"""What people look at of the register: every entry once, the next due first; a press on an older message is
told from a newer."""

import itertools

from handlers.interaction import Interaction
from handlers.register.commands import AcceptDevice, ChangeDay, NotMine, Replaced
from handlers.register.device_pages import PAGE, Which
from storage.records import Door
from tests.handlers.driver import ALICE, BOB, CAROL, CHANNEL, ERIN, House
from tests.handlers.register.registering import added, day, do, opted_in


def walk(house: House, which: Which, person: str) -> list[list[int]]:
    """The numbers on every page of a list."""
    pages, after = [], None
    for _ in range(9):
        found = house.dispatch.register.pages.page(which, person, after=after)
        assert (found.overview is not None) is (which is Which.ALL and after is None)
        pages.append([device.id for device in found.devices])
        if found.last is None:
            return pages
        after = found.last
    raise AssertionError("the pages do not end")


def test_every_entry_stands_on_one_page_the_next_due_first(house: House) -> None:
    made = [
        added(house, sender=f"s{at}@contoso.com", due=day(house, 30 - at // 4)) for at in range(2 * PAGE + 3)
    ]
    pages = walk(house, Which.ALL, ALICE)
    assert [len(page) for page in pages] == [PAGE, PAGE, 3]
    in_order = [device.id for device in sorted(made, key=lambda one: (one.due, one.id))]
    assert list(itertools.chain(*pages)) == in_order
    assert [device.id for device in house.dispatch.register.pages.page(Which.ALL, ALICE).table] == in_order
    assert house.dispatch.register.pages.page(Which.MINE, ERIN).table == ()


def test_a_page_that_is_full_and_the_last_has_no_next(house: House) -> None:
    for at in range(PAGE):
        added(house, sender=f"s{at}@contoso.com")
    assert [len(page) for page in walk(house, Which.MINE, ERIN)] == [PAGE]


def test_each_list_has_what_its_name_says(house: House) -> None:
    mine = added(house, sender="mine@contoso.com", owner=BOB)
    orphan = added(house, sender="orphan@contoso.com", due=day(house, 3))
    gone = added(house, sender="gone@contoso.com")
    do(house, ERIN, NotMine(orphan.id))
    do(house, ERIN, Replaced(gone.id))
    assert walk(house, Which.ALL, BOB) == [[orphan.id, mine.id]]
    assert walk(house, Which.MINE, BOB) == [[mine.id]]
    assert walk(house, Which.ORPHANS, BOB) == [[orphan.id]]
    assert walk(house, Which.OVERDUE, BOB) == [[]]
    house.clock.advance(days=5)
    assert walk(house, Which.OVERDUE, BOB) == [[orphan.id]]
    overview = house.dispatch.register.pages.page(Which.ALL, BOB).overview
    assert overview is not None
    assert (overview.counts.proposed, overview.counts.overdue, overview.counts.orphaned) == (2, 1, 1)


def test_a_press_on_what_the_entry_has_overtaken_is_told_from_one_that_counted(house: House) -> None:
    made = added(house)
    opted_in(house)
    shown_at = f"{house.clock().timestamp():.6f}"
    pages = house.dispatch.register.pages

    def pressed() -> Interaction:
        house.clock.advance(seconds=1)
        return Interaction("press", CAROL, Door.BUTTON, house.clock(), channel=CHANNEL, ts=shown_at)

    assert pages.overtaken(made.id, pressed()) is None
    do(house, ALICE, ChangeDay(made.id, day(house, 7), ""))
    stale = pressed()
    do(house, CAROL, AcceptDevice(made.id), ts=shown_at)
    assert pages.entry(made.id).device.state == "proposed"
    found = pages.overtaken(made.id, stale)
    assert found is not None
    assert found.device.due == day(house, 7)
    fresh = pressed()
    do(house, CAROL, AcceptDevice(made.id))
    assert pages.entry(made.id).device.state == "active"
    assert pages.overtaken(made.id, fresh) is None


def test_the_form_proposes_the_end_of_the_window_and_never_more_than_the_longest(house: House) -> None:
    days = house.dispatch.register.pages.due_days()
    assert (days.proposed, days.latest) == (day(house, 30), day(house, 89))
    opted_in(house, days=12)
    assert house.dispatch.register.pages.due_days().proposed == day(house, 12)
