"""Microsoft's dates in Slack: what runs, what comes, what is past, what was replaced; as Microsoft gave them,
with sources."""

from pathlib import Path

from handlers.calendar.calendar import load_packaged
from handlers.calendar.milestone import Phase
from tests.journeys.stage import BOB, DAVE, DAY, ERIN, Stage
from tests.sentences import says

OWN = """schema: 1
verified_on: "2027-09-30"
newest_source: "2027-09"
milestones:
  - id: smtp-legacy-tls-removal
    kind: removal
    date: "2029-03"
    precision: month
    display: "March 2029"
    protocols: [smtp-auth]
    clouds: [all]
    effect: "Our own desk expects the end of legacy TLS for SMTP AUTH."
    message_center_id: null
    sources:
      - {title: "The change board of Contoso", url: null}
    superseded_by: null
    confidence: L
"""

CALENDAR = load_packaged()


def test_every_full_member_reads_every_date_with_its_source(stage: Stage) -> None:
    said = stage.command(DAVE, "calendar")
    today = stage.clock().date()
    rows = CALENDAR.listing("worldwide", today)
    for row in rows:
        if row.phase in (Phase.RUNNING, Phase.UPCOMING, Phase.UNANNOUNCED):
            url = next(source.url for source in row.milestone.sources if source.url)
            assert f"*<{url}|{row.milestone.display}>*" in said
    assert "MC1293480" in said
    assert says("the_message_centre_of_your_tenant_has") in said


def test_a_replaced_date_names_what_replaced_it(stage: Stage) -> None:
    said = stage.command(DAVE, "calendar")
    replaced = [
        row for row in CALENDAR.listing("worldwide", stage.clock().date()) if row.phase is Phase.SUPERSEDED
    ]
    assert replaced
    assert says("replaced_dates_which_stale_advice_still_names") in said
    for row in replaced[-3:]:
        assert row.replaced_by is not None
        assert says("replaced_by", display=row.replaced_by.display) in said


def test_where_microsoft_gave_a_month_no_day_is_shown(stage: Stage) -> None:
    said = stage.command(DAVE, "calendar")
    assert says("end_of_december_2026") in said
    assert says("31_december_2026_basic") not in said


def test_a_guest_is_refused(stage: Stage) -> None:
    assert says("guest_accounts_cannot_use_this") in stage.command(ERIN, "calendar")


def test_the_groups_follow_the_day_on_which_it_is_asked(fresh_stage) -> None:
    stage = fresh_stage()
    before = stage.command(BOB, "calendar")
    stage.advance(800 * DAY)
    after = stage.command(BOB, "calendar")
    assert says("to_come") in before
    assert says("the_dates_were_last_checked_on") in after
    assert "|1 August 2026>*" in after.split("Past")[1]


def test_the_operators_own_dates_replace_the_packaged_ones(fresh_stage, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    said = fresh_stage(LEGACYTLS_MILESTONES=str(tmp_path / "own.yaml")).command(BOB, "calendar")
    (packaged,) = (entry for entry in CALENDAR.milestones if entry.id == "smtp-legacy-tls-removal")
    assert says("march_2029_our_own_desk_expects_the") in said
    assert packaged.effect not in said
    assert "MC1293480" in said
