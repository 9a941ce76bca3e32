"""A milestones file is taken whole or refused with the line of every mistake; an operator's file replaces and
extends by id."""

import dataclasses
from datetime import date

import pytest

from handlers.calendar.calendar import Calendar, WrongMilestones, load_packaged, merge, parse
from storage.records import MailProtocol, SettingValue
from tests.sentences import says

HEAD = 'schema: 1\nverified_on: "2026-12-01"\nnewest_source: "2026-11"\nmilestones:\n'
ENTRY = """  - id: some-removal
    kind: removal
    date: "2026-12"
    precision: month
    display: "December 2026"
    protocols: [pop3]
    clouds: [all]
    effect: "Something ends."
    message_center_id: MC123
    sources:
      - {title: "A page", url: null}
    superseded_by: null
    confidence: H
"""


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(WrongMilestones) as wrong:
        parse(text)
    return wrong.value.mistakes


def test_a_complete_entry_is_read() -> None:
    entry = parse(HEAD + ENTRY).milestones[0]
    assert (entry.id, entry.first, entry.last) == ("some-removal", date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ("schema: 1", "schema: 2", "line 1: schema: expected one of '1'"),
        ('verified_on: "2026-12-01"', "verified_on: null", "line 2: verified_on: must not be null"),
        (
            'verified_on: "2026-12-01"',
            "verified_on: soon",
            "line 2: verified_on: expected a day such as 2026-08-01",
        ),
        ('"2026-11"', '"autumn"', "line 3: newest_source: expected a month such as 2026-09, or a day"),
        ("kind: removal", "kind: removed", "line 6: kind: expected one of 'announcement', "),
        ('"2026-12"\n', '"2026-12-31"\n', "line 8: precision: the date is not of precision month"),
        ('"2026-12"\n', '"2026-13"\n', "line 8: precision: the date is not of precision month"),
        ('"2026-12"\n', "null\n", "line 8: precision: date and precision are both null, or neither is"),
        (
            "precision: month",
            "precision: year",
            "line 8: precision: expected one of 'day', 'month' or 'half'",
        ),
        ('display: "December 2026"', "display: null", "line 9: display: must not be null"),
        ("[pop3]", "[pop]", "line 10: protocols: expected a list of "),
        ("[all]", "[]", "line 11: clouds: expected a list with at least one entry"),
        ('effect: "Something ends."\n', 'effekt: "Something ends."\n', "line 12: unknown field effekt"),
        ('    effect: "Something ends."\n', "", "line 5: missing: effect"),
        ("MC123", "123", "line 13: message_center_id: expected MC and digits, or null"),
        ("url: null", "url: somewhere", "line 15: url: expected an address that begins with https://"),
        (
            "superseded_by: null",
            "superseded_by: nothing",
            "line 5: superseded_by names nothing, which does not exist",
        ),
        ("superseded_by: null", "superseded_by: some-removal", "line 5: superseded_by leads back to itself"),
        ("confidence: H", "confidence: sure", "line 17: confidence: expected one of 'H', 'M' or 'L'"),
        ("confidence: H", "confidence: H\n    confidence: L", "line 18: confidence is given twice"),
        ("confidence: H", "confidence: H\n    part: begin", "line 18: part: expected one of 'end'"),
        ("confidence: H", 'confidence: H\n    until: "2026-11-30"', "line 18: until: lies before the date"),
        ("confidence: H", "confidence: H\n    tenants: old", "line 18: tenants: expected one of 'new'"),
        ("some-removal", "Some Removal", "line 5: id: expected small letters, digits and single hyphens"),
        ("schema: 1", "schema: [1", "line 2: not readable as YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(before: str, after: str, mistake: str) -> None:
    text = HEAD + ENTRY
    assert before in text
    assert [line for line in mistakes(text.replace(before, after, 1)) if line.startswith(mistake)]


def test_all_mistakes_are_told_at_once() -> None:
    assert (
        len(
            mistakes(
                (HEAD + ENTRY).replace("kind: removal", "kind: x").replace("confidence: H", "confidence: x")
            )
        )
        == 2
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "[]",
        "- a\n- b",
        "schema: 1\n",
        HEAD,
        HEAD + "  - 7\n",
        "\x00",
        "a: *b",
        "a: &a [*a]",
        "a: &a {b: *a}",
    ],
)
def test_what_is_no_milestones_file_is_refused_and_never_breaks(text: str) -> None:
    assert mistakes(text)


def test_the_same_id_twice_is_a_mistake() -> None:
    assert any(says("some_removal_is_given_2_times") in line for line in mistakes(HEAD + ENTRY + ENTRY))


def test_two_entries_that_replace_each_other_are_a_mistake() -> None:
    one = ENTRY.replace("superseded_by: null", "superseded_by: other-removal")
    other = ENTRY.replace("superseded_by: null", "superseded_by: some-removal").replace(
        "id: some", "id: other"
    )
    assert sum(says("leads_back_to_itself") in line for line in mistakes(HEAD + one + other)) == 2


def test_an_unquoted_day_is_understood() -> None:
    entry = ENTRY.replace('"2026-12"', "2026-12-05").replace("precision: month", "precision: day")
    assert parse(HEAD + entry).milestones[0].first == date(2026, 12, 5)


def test_an_operators_entry_replaces_the_packaged_one_and_the_newer_check_counts() -> None:
    base = load_packaged()
    later = ENTRY.replace("some-removal", "smtp-legacy-tls-removal").replace("[pop3]", "[smtp-auth]")
    whole = merge(base, parse(HEAD + later, extends=base))
    assert len(whole.milestones) == len(base.milestones)
    assert whole.verified_on == date(2026, 12, 1)
    told = whole.effect(MailProtocol.SMTP_AUTH, "worldwide", date(2026, 11, 23), SettingValue.OPTED_IN)
    assert says("microsoft_removes_legacy_tls_here_in_december") in told


def test_an_operators_entry_may_refer_to_a_packaged_one() -> None:
    base = load_packaged()
    text = HEAD + ENTRY.replace("confidence: H", "confidence: H\n    announced_by: popimap-removal-announced")
    assert mistakes(text)
    assert merge(base, parse(text, extends=base)).current("some-removal") is not None


def test_a_postponed_removal_is_told_with_its_new_dates_only() -> None:
    base = load_packaged()
    start = next(entry for entry in base.milestones if entry.id == "popimap-removal-start")
    end = next(entry for entry in base.milestones if entry.id == "popimap-removal-end")
    start = dataclasses.replace(
        start, stated="2027-02-01", until=date(2027, 6, 30), display="1 February 2027"
    )
    end = dataclasses.replace(end, stated="2027-06-30", display="30 June 2027")
    whole = merge(base, Calendar((start, end), base.verified_on, base.newest_source))
    told = whole.effect(MailProtocol.POP3, "worldwide", date(2026, 11, 23), SettingValue.OPTED_IN)
    assert told.startswith(says("legacy_tls_will_be_removed_1_february"))
    assert says("only_thing") not in whole.effect(
        MailProtocol.SMTP_AUTH, "worldwide", date(2026, 11, 23), None
    )


def test_an_override_that_leads_to_nothing_is_refused() -> None:
    base = load_packaged()
    lost = dataclasses.replace(base.milestones[0], superseded_by="nothing")
    with pytest.raises(WrongMilestones, match="names nothing, which does not exist"):
        merge(base, Calendar((lost,), base.verified_on, base.newest_source))
