"""``Ask again``: a request that came to nothing is the draft of the next one, for whoever may ask."""

from tests.journeys.stage import ALICE, BOB, CHANGES, DAVE, ERIN, UNTIL_LAPSED, Stage
from tests.journeys.words import JSON, buttons, typed, words
from tests.sentences import says

REASON = "The 3rd-floor scanners <!channel> & co"
CLIENTS = "Ricoh MP 301\nowner: Facilities"


def rejected(stage: Stage) -> int:
    number = stage.ask(ALICE, reason=REASON, clients=CLIENTS, protocols=["pop3", "imap4"])
    views: list[JSON] = []
    stage.answer(BOB, lambda: views.append(stage.opened(BOB, lambda: stage.click(BOB, number, "reject"))))
    stage.slack.close_view(BOB, views[0]["id"])
    stage.card(number, "Rejected:")
    return number


def again(stage: Stage, person: str, number: int) -> JSON:
    return stage.opened(person, lambda: stage.click(person, number, "again"))


def test_the_form_holds_what_was_asked_before(stage: Stage) -> None:
    filled = typed(again(stage, ALICE, rejected(stage)))
    assert (filled["reason"], filled["clients"], filled["protocols"]) == (REASON, CLIENTS, ["pop3", "imap4"])
    assert filled["day"] == stage.day(10)


def test_it_becomes_a_request_of_its_own_that_needs_its_own_approval(stage: Stage) -> None:
    earlier = rejected(stage)
    view = again(stage, BOB, earlier)
    said = words(stage.answer(BOB, lambda: stage.slack.submit(BOB, view["id"], {"day": stage.day(5)})))
    assert says("your_request_is_open", number=earlier + 1) in said
    card = words(stage.card(earlier + 1, "Request"))
    assert f"<@{BOB}> asks" in card
    assert says("lt_channel_gt_amp_co") in card
    assert "POP3, IMAP4" in card
    stage.card(earlier, "Rejected:")
    stage.press(ALICE, earlier + 1, "approve")
    stage.card(earlier + 1, "Applied:")


def test_every_end_that_changed_nothing_can_be_asked_for_again(fresh_stage) -> None:
    stage = fresh_stage()
    withdrawn = stage.ask(ALICE)
    stage.press(ALICE, withdrawn, "withdraw")
    expired = stage.ask(ALICE)
    stage.advance(UNTIL_LAPSED)
    stage.card(expired, "Expired:")
    stale = stage.ask(ALICE)
    stage.tenant.value = False
    stage.press(BOB, stale, "approve")
    stage.card(stale, "Stale:")
    for number in (withdrawn, expired, stale):
        assert [button["text"]["text"] for button in buttons(stage.card(number)).values()] == [
            says("ask_again")
        ]
    applied = stage.ask(ALICE)
    assert "again" not in buttons(stage.card(applied))
    stage.press(BOB, applied, "approve")
    assert "again" not in buttons(stage.card(applied, "Applied:"))


def test_who_may_not_ask_may_not_ask_again(stage: Stage) -> None:
    number = rejected(stage)
    assert says("you_are_not_one_of_the_operators_2") in stage.press(DAVE, number, "again")
    assert says("guest_accounts") in stage.press(ERIN, number, "again")
    assert stage.slack.views(DAVE) == []


def test_while_another_request_is_open_no_form_opens(stage: Stage) -> None:
    number = rejected(stage)
    open_one = stage.ask(BOB)
    assert says("there_is_already_an_open_opt_in", number=open_one) in stage.press(ALICE, number, "again")


def test_opening_the_form_and_giving_it_up_asks_for_nothing(stage: Stage) -> None:
    number = rejected(stage)
    before = stage.record(lambda reader: reader.head())
    stage.slack.close_view(ALICE, again(stage, ALICE, number)["id"])
    stage.status()
    assert stage.record(lambda reader: reader.head()) == before
    assert len(stage.slack.messages(CHANGES)) > 0
