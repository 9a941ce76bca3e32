"""The register in Slack: put a device on it, look at it, agree to it as a second person, hand it over, and
close it."""

import re

from tests.journeys.stage import ALICE, BOB, CAROL, CHANGES, DAVE, ERIN, FRANK, Stage
from tests.journeys.words import JSON, words
from tests.sentences import says


def filled(stage: Stage, **changed: object) -> dict[str, object]:
    told: dict[str, object] = {
        "device": "Ricoh MP 301",
        "sender": "scan@contoso.com",
        "site": "Building 2",
        "owner": BOB,
        "reason": "Its firmware ends at TLS 1.0",
        "plan": "A new one is ordered",
        "due": stage.day(5),
    }
    return told | changed


def add(stage: Stage, person: str = ALICE, **changed: object) -> int:
    """Put a device on the register with the form; returns its number."""
    form = stage.form(person, "devices add")
    values = filled(stage, **changed)
    answer = words(stage.answer(person, lambda: stage.slack.submit(person, form["id"], values)))
    found = re.search(r"D(\d+) is proposed", answer)
    assert found, answer
    return int(found[1])


def shown(stage: Stage, person: str, number: int) -> JSON:
    """One entry, as its command shows it."""
    return stage.answer(person, lambda: stage.slack.command(person, f"/legacytls devices D{number}"))


def labels(message: JSON) -> list[str]:
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row]


def press(stage: Stage, person: str, message: JSON, action: str) -> str:
    return words(stage.answer(person, lambda: stage.slack.press(person, CHANGES, message["ts"], action)))


def test_from_the_form_to_the_end(stage: Stage) -> None:
    told = stage.told(
        BOB, lambda: add(stage, sender="first@contoso.com"), says("you_answer_for_it_from_now_on")
    )
    number = int(re.search(r"D(\d+)", told["text"])[1])
    listed = stage.answer(ALICE, lambda: stage.slack.command(ALICE, "/legacytls devices"))
    assert f"D{number}" in words(listed)
    assert {"Mine", "Overdue", "Orphans"} <= set(labels(listed))
    stage.react(BOB, stage.ask(ALICE))
    stage.wait(lambda: stage.tenant.value is True)
    stage.wait_until_delivered()
    card = shown(stage, CAROL, number)
    assert {"Accept device", "Refuse device", "Change day", "Change owner", "Replaced", "Withdraw"} <= set(
        labels(card)
    )
    assert says("device_is_active", number=number) in press(stage, CAROL, card, "device_accept")
    assert "Accept device" not in labels(shown(stage, CAROL, number))
    closed = press(stage, BOB, shown(stage, BOB, number), "device_replaced")
    assert says("device_is_replaced", number=number) in closed
    ended = shown(stage, BOB, number)
    assert labels(ended) == []


def test_an_earlier_day_holds_at_once_and_another_owner_hears_of_it(stage: Stage) -> None:
    number = add(stage, sender="second@contoso.com")
    card = shown(stage, ALICE, number)
    form = stage.opened(ALICE, lambda: stage.slack.press(ALICE, CHANGES, card["ts"], "device_change_day"))
    refused = stage.slack.submit(ALICE, form["id"], {"due": stage.day(-1)})
    assert refused is not None
    assert says("this_day_is_over") in refused["due"]
    answer = words(stage.answer(ALICE, lambda: stage.slack.submit(ALICE, form["id"], {"due": stage.day(2)})))
    assert says("device_is_due_on", number=number) in answer
    card = shown(stage, ALICE, number)
    form = stage.opened(ALICE, lambda: stage.slack.press(ALICE, CHANGES, card["ts"], "device_change_owner"))
    stage.told(DAVE, lambda: stage.slack.submit(ALICE, form["id"], {"owner": DAVE}), f"D{number}")
    assert f"D{number}" in press(stage, DAVE, shown(stage, DAVE, number), "device_not_mine")
    orphans = stage.command(ALICE, "devices orphans")
    assert f"D{number}" in orphans


def test_whoever_may_not_is_told_why(stage: Stage) -> None:
    number = add(stage, sender="third@contoso.com")
    assert says("you_are_not_one_of_the_operators_2") in stage.command(DAVE, "devices add")
    card = shown(stage, DAVE, number)
    for action in (
        "device_accept",
        "device_replaced",
        "device_withdraw",
        "device_change_day",
        "device_change_owner",
    ):
        assert f"D{number}" in press(stage, DAVE, card, action)
    assert says("device_is_proposed", number=number) in shown(stage, DAVE, number)["text"]
    assert says("guest_accounts_cannot_use_this") in stage.command(ERIN, "devices")
    assert says("only_members_of_this_workspace") in stage.command(FRANK, f"devices D{number}")


def test_a_press_on_an_entry_that_was_changed_meanwhile_does_not_count_and_shows_it_anew(
    stage: Stage,
) -> None:
    number = add(stage, sender="fifth@contoso.com")
    old = shown(stage, CAROL, number)
    card = shown(stage, ALICE, number)
    form = stage.opened(ALICE, lambda: stage.slack.press(ALICE, CHANGES, card["ts"], "device_change_day"))
    stage.answer(ALICE, lambda: stage.slack.submit(ALICE, form["id"], {"due": stage.day(4)}))
    before = len(stage.ephemeral(CAROL))
    stage.slack.press(CAROL, CHANGES, old["ts"], "device_refuse")
    told = stage.wait(lambda: said if len(said := stage.ephemeral(CAROL)[before:]) == 2 else None)
    assert [text for text in told if says("device_look_again") in text]
    assert [
        text for text in told if "Refuse device" in text and says("device_is_proposed", number=number) in text
    ]
    assert says("device_is_proposed", number=number) in shown(stage, CAROL, number)["text"]


def test_what_is_not_on_the_register_is_told(stage: Stage) -> None:
    assert says("no_such_device", number=99) in stage.command(ALICE, "devices D99")
    assert "/legacytls devices" in stage.command(ALICE, "devices Dx")


def test_mistakes_in_the_form_are_told_by_field_with_nothing_typed_lost(stage: Stage) -> None:
    form = stage.form(ALICE, "devices add")
    wrong = stage.slack.submit(ALICE, form["id"], filled(stage, sender="no address", due=stage.day(400)))
    assert wrong is not None
    assert set(wrong) == {"sender", "due"}
    assert (
        stage.slack.submit(ALICE, form["id"], {"sender": "fourth@contoso.com", "due": stage.day(3)}) is None
    )


def test_the_register_is_shown_page_by_page(stage: Stage) -> None:
    numbers = [add(stage, ALICE, sender=f"page{at}@contoso.com", owner=CAROL) for at in range(11)]
    first = stage.answer(CAROL, lambda: stage.slack.command(CAROL, "/legacytls devices mine"))
    assert "Next page" in labels(first)
    second = press(stage, CAROL, first, "devices_mine_next")
    seen = set(re.findall(r"D(\d+)\b", words(first))) | set(re.findall(r"D(\d+)\b", second))
    assert {str(number) for number in numbers} <= seen
