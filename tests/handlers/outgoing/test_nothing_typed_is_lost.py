"""A form that came to nothing gives back what was typed, to the letter, so that nobody has to type it
again."""

import pytest

from handlers.ports import Unavailable
from handlers.slack.client.announcer import SlackAnnouncer
from storage.lifecycle import Kind
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.fake_slack import Said
from tests.handlers.fakes import CHANNEL, UNREADABLE
from tests.handlers.slack.views.test_block_limits import Slack, harmless, marked_up
from tests.handlers.slack.views.test_marked_up_text import as_read
from tests.handlers.slack.views.test_typed_text import quotations
from tests.sentences import says

REASON = "Scanners & <@U0BOB> need *TLS 1.0*"
CLIENTS = "Ricoh MP 301\nowner: Dave"
TYPED = {"Reason": REASON, "Devices or applications, and who owns them": CLIENTS}


def refused(house: House, kind: Kind = Kind.OPT_IN) -> Said:
    """The answer to a form that opened nothing."""
    before = len(house.requests())
    house.submit(
        kind.value,
        ALICE,
        CHANNEL,
        reason=REASON,
        clients=CLIENTS,
        protocols=["smtp-auth"],
        day=house.clock.at.date(),
    )
    assert len(house.requests()) == before
    house.deliver()
    return next(said for said in reversed(house.board.said) if said.person == ALICE)


@pytest.mark.parametrize("kind", [Kind.OPT_IN, Kind.EXTENSION])
def test_what_was_typed_comes_back_when_the_live_value_cannot_be_read(house: House, kind: Kind) -> None:
    house.tenant.unreadable = UNREADABLE
    said = refused(house, kind)
    assert said.text.endswith(says("exchange_could_not_be_reached_look_at"))
    assert said.typed == TYPED
    assert list(said.typed) == list(TYPED)


def test_what_does_not_pass_by_itself_is_to_be_mended_first(house: House) -> None:
    house.tenant.unreadable = Unavailable(
        "The app is not allowed to.", mend="Give it the role.", retryable=False
    )
    assert refused(house).text.endswith(says("give_it_the_role_ask_again_once"))


def test_what_was_typed_comes_back_when_slack_cannot_be_asked_and_when_another_request_was_first(
    house: House,
) -> None:
    house.workspace.silent.add(ALICE)
    assert refused(house).typed == TYPED
    house.workspace.silent.clear()
    house.ask(BOB)
    assert refused(house).typed == TYPED


def test_an_answer_to_anything_else_gives_nothing_back(house: House) -> None:
    number = house.ask(ALICE, reason=REASON).id
    house.approve(BOB, number)
    house.deliver()
    assert [said.typed for said in house.board.said] == [{}] * len(house.board.said)


def test_what_comes_back_is_shown_to_the_letter_and_pings_nobody() -> None:
    slack = Slack()
    SlackAnnouncer(slack, channel=CHANNEL, zone=None).answer(
        ALICE, CHANNEL, "No.", reason_for=None, typed=TYPED
    )  # type: ignore[arg-type]
    blocks = slack.sent[-1]["blocks"]
    assert [as_read(one) for one in quotations(blocks)] == [
        text.replace("\r\n", "\n") for text in TYPED.values()
    ]
    for text in marked_up(blocks):
        harmless(text)
