"""All tenants at once: shown to who may see them, opted out one by one, and opted in by nothing."""

from collections.abc import Iterator

import pytest

from tests.journeys.several import ALICE, BOB, CAROL, CONTOSO, FABRIKAM, SeveralStage
from tests.journeys.words import words

pytestmark = pytest.mark.once("which database and which way in is used changes nothing about whose an act is")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeveralStage]:
    with SeveralStage(tmp_path_factory.mktemp("fleet")) as begun:
        yield begun


def test_the_fleet_is_shown_to_who_may_see_it_and_opted_out_tenant_by_tenant(stage: SeveralStage) -> None:
    stage.contoso.value = stage.fabrikam.value = True
    for channel in (CONTOSO, FABRIKAM):
        assert "opted in" in stage.command(BOB, "status", channel)
    assert "contoso" not in stage.command(BOB, "fleet", stage.slack.dm(BOB))
    told = stage.command(CAROL, "fleet", stage.slack.dm(CAROL))
    assert "contoso" in told
    assert "fabrikam" in told
    view = stage.form(ALICE, "fleet disable", stage.slack.dm(ALICE))
    options = view["blocks"][0]["element"]["options"]
    assert [one["value"] for one in options] == [stage.contoso.tenant_id]
    view = stage.form(BOB, "fleet disable", stage.slack.dm(BOB))
    both = [stage.contoso.tenant_id, stage.fabrikam.tenant_id]
    stage.slack.submit(BOB, view["id"], {"tenants": both})
    confirmed = stage.wait(
        lambda: next(
            (one for one in stage.slack.views(BOB) if one["callback_id"] == "fleet_confirmation"), None
        )
    )
    assert "contoso" in words(confirmed)
    assert "fabrikam" in words(confirmed)
    stage.slack.submit(BOB, confirmed["id"], {"reason": "All are gone"})
    stage.wait(lambda: (stage.contoso.value, stage.fabrikam.value) == (False, False))
