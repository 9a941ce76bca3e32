"""Somebody writes to the database past the bot: nothing is done because of it, people are told, and nothing
else stops."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.integrity.keyring import Keyring
from storage.lifecycle import State
from tests.crashes.attacked import KEY, OTHER, Attacked, key_id
from tests.crashes.beginnings import Begin
from tests.crashes.conftest import Beginnings
from tests.crashes.world import BOB, CAROL, CHANNEL
from tests.sentences import says


@pytest.fixture
def attacked(beginnings: Beginnings, tmp_path: Path) -> Iterator[Attacked]:
    """A request of Alice's waits for one approval; the record was written without a key."""
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        yield Attacked(world)


def test_a_planted_delivery_message_or_place_counts_for_nothing_is_told_once_and_stops_nothing(
    attacked: Attacked,
) -> None:
    world = attacked.world
    attacked.start()
    vote = {"request": "1", "vote": "approve"}
    attacked.plant_delivery("no authenticator", **vote)
    attacked.plant_delivery("forged", proof=f"{key_id(KEY)}.{'0' * 64}", **vote)
    attacked.plant_delivery(
        "another key", proof=Keyring([b"k" * 32]).sign("notices", dict.fromkeys(_NOTICE)), **vote
    )
    attacked.plant_delivery("not even text", proof="\N{SNOWMAN}", **vote)
    attacked.plant_message(
        "phishing", "channel", None, {"what": "unreadable", "problem": "see https://evil.example"}
    )
    attacked.plant_message("phishing too", "answer", BOB, {"text": "Sign in at https://evil.example"})
    world.wait(lambda: attacked.said("inbox") and attacked.said("notices"))
    lunch = attacked.lunch(CAROL)
    attacked.plant_card(lunch, 1)
    world.slack.react(BOB, CHANNEL, lunch, "white_check_mark")
    world.wait(lambda: attacked.said("cards"))
    world.wait(lambda: "4 of inbox, 2 of notices" in attacked.trouble("set_aside"))
    world.wait(world.owes_nothing)
    assert (world.newest_state(), world.writes) == (State.PENDING, [])
    assert [len(attacked.said(table)) for table in ("inbox", "notices", "cards")] == [1, 1, 1]
    assert not any("evil" in one for one in [*world.answers(CHANNEL), *world.answers(BOB)])
    world.press(BOB, "approve")
    world.wait(lambda: world.newest_state() is State.APPLIED)
    assert attacked.typed("verify").code == 0


_NOTICE = ("tenant_id", "kind", "key", "request_id", "recipient", "channel", "facts", "created_at")


def test_an_owed_message_or_a_place_that_is_altered_is_not_used(attacked: Attacked) -> None:
    world = attacked.world
    attacked.start()
    world.wait(lambda: attacked.events("key_adopted"))
    world.wait(world.owes_nothing)
    world.kill()
    attacked.sql("UPDATE cards SET request_id = request_id, channel = 'C0LUNCH'")
    attacked.sql(
        'UPDATE notices SET delivered_at = NULL, facts = \'{"text": "https://evil.example"}\', recipient = '
        "'U0BOB'"
        " WHERE id = (SELECT max(id) FROM notices WHERE kind = 'answer')"
    )
    world.let_claims_expire()
    attacked.start()
    world.wait(lambda: attacked.said("notices"))
    world.wait(world.owes_nothing)
    assert not any("evil" in one for one in world.answers(BOB))
    world.slack.react(BOB, CHANNEL, world.cards()[-1]["ts"], "white_check_mark")
    world.wait(lambda: attacked.said("cards"))
    assert (world.newest_state(), world.writes) == (State.PENDING, [])
    attacked.opts_out()


def test_the_first_start_with_a_key_takes_over_what_is_there_and_a_new_key_follows_an_older_one(
    attacked: Attacked,
) -> None:
    world = attacked.world
    # what is there when the first key comes is trusted, once
    attacked.plant_delivery("before", request="1", vote="approve")
    attacked.start()
    world.wait(lambda: world.newest_state() is State.APPLIED and world.owes_nothing())
    world.stop()
    (event,) = attacked.events("key_adopted")
    assert (event["key"], event["basis"], event["keys"]) == (key_id(KEY), "first", [key_id(KEY)])
    assert says("authenticated_by_a_key") in attacked.typed("verify").out
    assert says("the_record_is_not_authentic") in attacked.typed("check", LEGACYTLS_RECORD_KEY=OTHER).out
    attacked.start(LEGACYTLS_RECORD_KEY=f"{OTHER},{KEY}")
    world.wait(lambda: len(attacked.events("key_adopted")) == 2)
    world.stop()
    assert attacked.events("key_adopted")[1]["basis"] == "rotation"
    renewed = attacked.typed("verify", LEGACYTLS_RECORD_KEY=OTHER)
    assert renewed.code == 0, renewed.said
    dropped = attacked.typed("verify")
    assert (dropped.code, says("a_key_that_legacytls_record_key_does") in dropped.out) == (1, True)
    assert KEY not in (world.folder / "bot.log").read_text(encoding="utf-8")


def test_a_record_that_lost_its_authenticators_is_not_taken_over_again(attacked: Attacked) -> None:
    """Else whoever owns the database would plant what they like, and have the next start sign it."""
    world = attacked.world
    attacked.start()
    world.wait(lambda: attacked.events("key_adopted"))
    world.wait(
        lambda: (world.folder / attacked.state).is_dir() and any((world.folder / attacked.state).iterdir())
    )
    world.stop()
    for trigger in ("audit_events_keeps_authenticator", "audit_events_no_update", "audit_events_no_delete"):
        attacked.sql(f"DROP TRIGGER {trigger}")
    attacked.sql("DELETE FROM audit_events WHERE kind = 'key_adopted'")
    attacked.sql("UPDATE audit_events SET authenticator = NULL")
    attacked.plant_delivery("planted", request="1", vote="approve")
    attacked.start()
    world.wait(lambda: attacked.said("Nothing is opted in or extended"))
    world.wait(lambda: "Nothing is opted in or extended" in attacked.trouble("record"))
    world.wait(lambda: attacked.said("inbox"))
    world.wait(lambda: world.newest_state() is State.STALE)  # no event tells of it that anybody would believe
    assert (world.writes, attacked.events("key_adopted")) == ([], [])
    assert attacked.typed("verify").code == 1
    assert attacked.typed("check").code == 1
    attacked.opts_out()
