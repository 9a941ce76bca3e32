"""All tenants at once: shown to who may see them, opted out one by one, and opted in by nothing."""

import json
from collections.abc import Iterator

import pytest

from tests.journeys.several import ALICE, BOB, CAROL, CONTOSO, FABRIKAM, FILE, SeveralStage
from tests.journeys.words import JSON, words
from tests.sentences import says

pytestmark = pytest.mark.once("which database and which way in is used changes nothing about whose an act is")


@pytest.fixture(scope="module")
def stage(several_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeveralStage]:
    with SeveralStage(tmp_path_factory.mktemp("fleet"), database_url=several_url) as begun:
        yield begun


def _confirmation(stage: SeveralStage, person: str) -> JSON:
    return stage.wait(
        lambda: next(
            (one for one in stage.slack.views(person) if one["callback_id"] == "fleet_confirmation"), None
        )
    )


def test_the_fleet_is_shown_to_who_may_see_it_and_opted_out_tenant_by_tenant(stage: SeveralStage) -> None:
    stage.contoso.value = stage.fabrikam.value = True
    for channel in (CONTOSO, FABRIKAM):
        assert "opted in" in stage.command(BOB, "status", channel)
    refused = stage.command(BOB, "fleet", stage.slack.dm(BOB))
    assert says("not_one_of_the_fleet_operators") in refused
    assert "contoso" not in refused
    told = stage.command(CAROL, "fleet", stage.slack.dm(CAROL))
    assert "contoso" in told
    assert "fabrikam" in told
    view = stage.form(ALICE, "fleet disable", stage.slack.dm(ALICE))
    options = view["blocks"][0]["element"]["options"]
    assert [one["value"] for one in options] == [stage.contoso.tenant_id]
    view = stage.form(BOB, "fleet disable", stage.slack.dm(BOB))
    both = [stage.contoso.tenant_id, stage.fabrikam.tenant_id]
    stage.slack.submit(BOB, view["id"], {"tenants": both})
    confirmed = _confirmation(stage, BOB)
    assert "contoso" in words(confirmed)
    assert "fabrikam" in words(confirmed)
    turned = stage.slack.submit(BOB, confirmed["id"], {"reason": "enog era \u202ellA"})
    assert says("turn_the_order_of_the_text_around") in json.dumps(turned)
    assert (stage.contoso.value, stage.fabrikam.value) == (True, True)
    stage.slack.submit(BOB, confirmed["id"], {"reason": "All are gone"})
    stage.wait(lambda: (stage.contoso.value, stage.fabrikam.value) == (False, False))


def test_a_tenant_that_is_gone_meanwhile_is_told_and_none_of_the_others_is_opted_out(
    stage: SeveralStage,
) -> None:
    stage.contoso.value = stage.fabrikam.value = True
    view = stage.form(BOB, "fleet disable", stage.slack.dm(BOB))
    stage.slack.submit(BOB, view["id"], {"tenants": [stage.contoso.tenant_id, stage.fabrikam.tenant_id]})
    confirmed = _confirmation(stage, BOB)
    stage.write(FILE[: FILE.index("  fabrikam:")])
    stage.hup("tenants.reread")
    answer = stage.slack.submit(BOB, confirmed["id"], {"reason": ""})
    assert says("does_not_serve_one_of_these_tenants") in json.dumps(answer)
    assert (stage.contoso.value, stage.fabrikam.value) == (True, True)
