"""Two tenants on one bot, in a real process: each act finds its tenant, and nothing of one shows in the
other."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from bot.sandbox.microsoft.tenant import Tenant
from bot.sandbox.shared.server import free_port
from storage.engine import Database
from storage.lifecycle import State
from storage.migrate import upgrade
from storage.record.verify import verify
from storage.records import SettingValue
from tests.handlers.driver import House
from tests.journeys.several import ALICE, BOB, CAROL, CONTOSO, DAVE, ERIN, FABRIKAM, FILE, SeveralStage
from tests.journeys.words import words
from tests.patience import patience
from tests.sampling import drawn
from tests.sentences import says

pytestmark = pytest.mark.once("which database and which way in is used changes nothing about whose an act is")


@pytest.fixture(scope="module")
def stage(several_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeveralStage]:
    """One of the tenants was the only one of an earlier bot, which left its record."""
    made = SeveralStage(
        tmp_path_factory.mktemp("several"),
        database_url=several_url,
        LEGACYTLS_HEALTH_PORT=str(free_port()),
    )
    upgrade(made.database_url)
    with closing(Database(made.database_url)) as database:
        alone = House(database, tenant_id=made.contoso.tenant_id, at=made.clock() - timedelta(days=30))
        number = alone.ask(ALICE).id
        alone.reject(BOB, number)
        alone.work()
    with made as begun:
        yield begun


def test_a_command_belongs_to_the_tenant_of_its_channel(stage: SeveralStage) -> None:
    stage.fabrikam.value = False
    first, second = stage.command(DAVE, "status", CONTOSO), stage.command(DAVE, "status", FABRIKAM)
    assert "not set" in first
    assert "opted out" in second
    assert "contoso" in first.splitlines()[0]
    assert says("fabrikam_handle_with_care") in second.splitlines()[0]


def test_a_tenant_that_was_alone_goes_on_with_its_record_and_no_other_has_it(stage: SeveralStage) -> None:
    assert "#1" in stage.command(DAVE, "history", CONTOSO)
    assert "#1" not in stage.command(DAVE, "history", FABRIKAM)
    with stage.ledger(stage.contoso).reading() as reader:
        assert reader.request(1).state is State.REJECTED
    assert stage.database is not None
    assert verify(stage.database, stage.contoso.tenant_id).ok


def test_elsewhere_the_tenant_is_named_first(stage: SeveralStage) -> None:
    elsewhere = stage.slack.dm(ALICE)
    assert "not set" in stage.command(ALICE, "@contoso status", elsewhere)
    assert "opted out" in stage.command(ALICE, "@FABRIKAM status", elsewhere)
    assert "fabrikam" in stage.command(ALICE, "@fabrikam history", elsewhere).splitlines()[0]
    hint = stage.command(ALICE, "@contoso disabel", stage.slack.dm(ALICE))
    assert says("did_you_mean_the_tenants_disable") in hint, "what a hint shows can be typed where it is read"
    assert says("did_you_mean_legacytls_disable") in stage.command(ALICE, "disabel", CONTOSO)


def test_another_alias_is_refused_in_a_tenants_own_channel(stage: SeveralStage) -> None:
    said = stage.command(ALICE, "@fabrikam status", CONTOSO)
    assert "@contoso" in said
    assert "opted out" not in said
    assert "fabrikam" not in said
    assert "not set" in stage.command(ALICE, "@contoso status", CONTOSO)


def test_without_a_tenant_those_that_concern_the_person_are_named_and_nothing_is_done(
    stage: SeveralStage,
) -> None:
    said = {
        person: stage.command(person, "enable", stage.slack.dm(person))
        for person in (ALICE, BOB, CAROL, DAVE)
    }
    shown = {
        person: [alias for alias in ("@contoso", "@fabrikam") if alias in text]
        for person, text in said.items()
    }
    assert shown == {ALICE: ["@contoso"], BOB: ["@contoso", "@fabrikam"], CAROL: ["@fabrikam"], DAVE: []}
    assert not any(stage.slack.views(person) for person in said)
    assert "Guest" in stage.command(ERIN, "status", stage.slack.dm(ERIN))
    unknown = {
        alias: stage.command(BOB, f"{alias} status", stage.slack.dm(BOB))
        for alias in ("@nobody", "@CONTSO", "@All")
    }
    assert "@nobody" in unknown["@nobody"]
    assert says("the_nearest_of_yours_is_contoso") in unknown["@CONTSO"]
    assert says("no_command_is_done_for_all_tenants") in unknown["@All"]
    assert all("@contoso" in text and "`@fabrikam`" in text for text in unknown.values())
    assert says("the_nearest_of_yours_is_contoso") not in stage.command(
        CAROL, "@contso status", stage.slack.dm(CAROL)
    )
    assert "not set" in stage.command(ALICE, "@CONTOSO status", stage.slack.dm(ALICE))


def _state(stage: SeveralStage, tenant: Tenant, number: int) -> State:
    with stage.ledger(tenant).reading() as reader:
        return reader.request(number).state


def test_a_request_is_decided_and_applied_in_its_own_tenant_and_shows_in_no_other(
    stage: SeveralStage,
) -> None:
    mine = stage.ask(ALICE, stage.slack.dm(ALICE), "@contoso enable")
    theirs = stage.ask(CAROL, FABRIKAM)
    assert theirs > mine
    card, other = stage.card(mine, CONTOSO), stage.card(theirs, FABRIKAM)
    assert card["text"].splitlines()[0].count("contoso") == 1
    assert says("fabrikam_handle_with_care") in other["blocks"][0]["text"]["text"]
    assert f"#{mine}" not in " ".join(words(one) for one in stage.slack.messages(FABRIKAM))
    assert f"#{theirs}" not in " ".join(words(one) for one in stage.slack.messages(CONTOSO))

    def approve(person: str, number: int, channel: str) -> str:
        ts = stage.card(number, channel)["ts"]
        return stage.answered(person, channel, lambda: stage.slack.press(person, channel, ts, "approve"))

    assert "contoso" in approve(CAROL, mine, CONTOSO)  # an approver of the other tenant alone
    assert _state(stage, stage.contoso, mine) is State.PENDING
    approve(BOB, mine, CONTOSO)
    stage.card(mine, CONTOSO, "Applied:")
    assert (stage.contoso.value, stage.fabrikam.value) == (True, False)
    stage.slack.react(BOB, FABRIKAM, other["ts"], "white_check_mark")
    stage.card(theirs, FABRIKAM, "Applied:")
    assert stage.fabrikam.value is True
    for alias in ("contoso", "fabrikam"):
        stage.wait(
            lambda alias=alias: any("Applied:" in text and alias in text for text in _told(stage, BOB))
        )


def test_every_number_is_summed_over_the_tenants(stage: SeveralStage) -> None:
    """After the two requests above: one was approved with a button, the other with a reaction."""
    expected = {
        'legacytls_requests{state="applied"}': 2,
        'legacytls_requests{state="rejected"}': 1,
        'legacytls_decisions_total{door="button",vote="approve"}': 1,
        'legacytls_decisions_total{door="reaction",vote="approve"}': 1,
        'legacytls_exchange_calls_total{call="write",outcome="answered"}': 2,
        'legacytls_lease_held{duty="apply"}': 2,
        'legacytls_lease_held{duty="observe"}': 2,
        'legacytls_tenants{state="opted in"}': 2,
        "legacytls_outbox_oldest_seconds": 0,
        "legacytls_drift": 0,
        "legacytls_stream_events_waiting": 0,
        "legacytls_stream_oldest_seconds": 0,
    }
    found: dict[str, float] = {}

    def agrees() -> bool:
        lines = [line.rpartition(" ") for line in stage.numbers().splitlines() if line[:1] != "#"]
        found.update({name: float(value) for name, _, value in lines})
        return {name: found.get(name) for name in expected} == expected

    stage.until(agrees)
    assert found['legacytls_ack_seconds_count{kind="command"}'] > 0
    assert 0 <= found["legacytls_observation_age_seconds"] < patience(120.0)
    assert "contoso" not in stage.numbers()


def _told(stage: SeveralStage, person: str) -> list[str]:
    return [words(one) for one in stage.slack.messages(stage.slack.dm(person), person)]


def test_help_says_how_another_tenant_is_named(stage: SeveralStage) -> None:
    assert says("outside_a_tenants_own_channel") in stage.command(ALICE, "help", CONTOSO)
    elsewhere = stage.command(CAROL, "help", stage.slack.dm(CAROL))
    assert "/legacytls enable" in elsewhere
    assert "`@fabrikam`" in elsewhere


def test_a_number_that_is_the_other_tenants_is_none_here(stage: SeveralStage) -> None:
    with stage.ledger(stage.fabrikam).reading() as reader:
        theirs = reader.page(limit=1)[0].id
    said = stage.command(ALICE, f"whatif {theirs}", CONTOSO)
    assert says("forty_scanners") not in said
    assert f"#{theirs}" in said


def test_the_home_shows_the_tenants_in_which_the_person_has_a_part(stage: SeveralStage) -> None:
    def home(person: str) -> str:
        stage.slack.open_home(person)
        return stage.wait(lambda: (view := stage.slack.home(person)) and words(view))

    both, one, none = home(BOB), home(ALICE), home(DAVE)
    assert "contoso" in both
    assert says("handle_with_care") in both
    assert "contoso" in one
    assert "fabrikam" not in one
    assert "contoso" not in none
    assert "fabrikam" not in none


def test_a_button_without_a_number_belongs_to_the_tenant_in_whose_part_of_the_home_it_stands(
    stage: SeveralStage,
) -> None:
    stage.slack.open_home(BOB)
    view = stage.wait(lambda: stage.slack.home(BOB))
    ids = [block["block_id"] for block in view["blocks"] if block["type"] == "actions"]
    second = next(one for one in ids if one.endswith(stage.fabrikam.tenant_id))
    stage.slack.press(BOB, None, view["id"], "open_opt_out", block_id=second)
    form = stage.wait(lambda: next(iter(stage.slack.views(BOB)), None))
    assert "fabrikam" in words(form)
    stage.slack.submit(BOB, form["id"], {"reason": ""})
    stage.wait(lambda: stage.fabrikam.value is False)
    assert stage.contoso.value is True


@pytest.mark.parametrize("fault", drawn("one in trouble", ["slow", "throttle", "unauthorized"]))
def test_trouble_of_one_tenant_holds_up_no_other(stage: SeveralStage, fault: str) -> None:
    stage.fabrikam.queue_fault(fault, cmdlet="Get-TransportConfig", count=4, seconds=6)
    for person in (BOB, CAROL):
        stage.slack.command(person, "/legacytls status", FABRIKAM)
        stage.slack.command(person, "/legacytls enable", FABRIKAM)
    began = time.monotonic()
    assert "opted in" in stage.command(BOB, "status", CONTOSO)
    assert stage.command(ALICE, "history", CONTOSO)
    took = time.monotonic() - began
    stage.fabrikam.clear_faults()
    assert took < patience(4.0)


def _is_opted_out_on_record(stage: SeveralStage, tenant: Tenant) -> bool:
    with stage.ledger(tenant).reading() as reader:
        baseline = reader.baseline()
    return baseline is not None and baseline.value is SettingValue.OPTED_OUT


def test_the_file_is_taken_while_the_bot_runs(stage: SeveralStage) -> None:
    """A broken one is not; a changed rule is told in that tenant alone; a tenant that is gone is not served,
    and kept."""
    stage.wait(lambda: _is_opted_out_on_record(stage, stage.fabrikam))
    before = len(stage.slack.messages(CONTOSO))
    stage.write(FILE.replace("channel: C0GENERAL", "channel: general"))
    stage.hup("tenants.kept")
    assert "opted out" in stage.command(BOB, "status", FABRIKAM)
    stage.write(FILE.replace("[U0BOB, U0CAROL]", "[U0BOB, U0CAROL, U0DAVE]"))
    stage.hup("tenants.reread")
    stage.wait(lambda: any("rule" in words(one).lower() for one in stage.slack.messages(FABRIKAM)[-2:]))
    assert "@fabrikam" in stage.command(DAVE, "status", stage.slack.dm(DAVE))
    assert len(stage.slack.messages(CONTOSO)) == before
    stage.write(FILE[: FILE.index("  fabrikam:")])
    stage.hup("tenants.reread")
    assert "@contoso" in stage.command(BOB, "status", FABRIKAM)
    left = next(one["ts"] for one in stage.slack.messages(FABRIKAM) if "Applied:" in words(one))
    told = stage.answered(
        CAROL, FABRIKAM, lambda: stage.slack.react(CAROL, FABRIKAM, left, "white_check_mark")
    )
    assert says("does_not_serve_a_tenant") in told
    assert "opted in" in stage.command(ALICE, "status", CONTOSO)
    with stage.ledger(stage.fabrikam).reading() as reader:
        assert reader.head()[0] > 0
    stage.write(FILE)
    stage.hup("tenants.reread")
    assert "opted out" in stage.command(BOB, "status", FABRIKAM)
    assert "tenants.left_opted_in" not in stage.log()
    stage.write(FILE.replace(FILE[FILE.index("  contoso:") : FILE.index("  fabrikam:")], ""))
    stage.hup("tenants.left_opted_in")
    stage.file.unlink()
    stage.hup("tenants.kept")
    assert "opted out" in stage.command(BOB, "status", FABRIKAM)
