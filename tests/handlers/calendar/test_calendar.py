"""The calendar says what is due today, in Microsoft's own precision, and nothing that Microsoft did not
say."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.calendar import RISK, Calendar, load_packaged
from handlers.calendar.milestone import EXCHANGE_CLOUDS, Phase
from storage.records import MailProtocol, SettingValue
from tests.sentences import says

DURING = date(2026, 11, 23)
DAYS = st.dates(min_value=date(2018, 1, 1), max_value=date(2032, 1, 1))
CLOUDS = st.sampled_from(sorted(EXCHANGE_CLOUDS))
VALUES = st.sampled_from([*SettingValue, None])


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_packaged()


def phase(calendar: Calendar, name: str, today: date) -> Phase:
    return next(entry for entry in calendar.milestones if entry.id == name).phase(today)


@pytest.mark.parametrize(
    ("name", "today", "expected"),
    [
        ("popimap-removal-start", date(2026, 7, 31), Phase.UPCOMING),
        ("popimap-removal-start", date(2026, 8, 1), Phase.RUNNING),
        ("popimap-removal-start", date(2026, 12, 31), Phase.RUNNING),
        ("popimap-removal-start", date(2027, 1, 1), Phase.PAST),
        ("popimap-removal-2026-07", DURING, Phase.SUPERSEDED),
        ("smtp-legacy-tls-removal", date(2031, 1, 1), Phase.UNANNOUNCED),
        ("basic-smtp-default-off", date(2026, 12, 15), Phase.UPCOMING),
        ("basic-smtp-default-off", date(2026, 12, 31), Phase.RUNNING),
        ("basic-smtp-default-off", date(2027, 1, 1), Phase.PAST),
        ("basic-smtp-final-announce", date(2027, 6, 30), Phase.UPCOMING),
        ("basic-smtp-final-announce", date(2027, 7, 1), Phase.RUNNING),
        ("basic-smtp-final-announce", date(2027, 12, 31), Phase.RUNNING),
        ("basic-smtp-final-announce", date(2028, 1, 1), Phase.PAST),
        ("basic-smtp-new-tenants", date(2027, 1, 31), Phase.RUNNING),
        ("tls-deprecated", DURING, Phase.PAST),
    ],
)
def test_a_milestone_stands_where_its_stated_span_puts_it(
    calendar: Calendar, name: str, today: date, expected: Phase
) -> None:
    assert phase(calendar, name, today) is expected


def test_smtp_auth_is_the_only_thing_left_and_has_no_removal_date(calendar: Calendar) -> None:
    assert calendar.effect(MailProtocol.SMTP_AUTH, "worldwide", DURING, SettingValue.OPTED_IN) == (
        says("this_is_the_only_thing_the_setting")
    )


def test_before_the_removal_of_pop_and_imap_smtp_auth_is_one_thing_among_three(calendar: Calendar) -> None:
    assert says("only_thing") not in calendar.effect(
        MailProtocol.SMTP_AUTH, "worldwide", date(2026, 7, 31), None
    )


@pytest.mark.parametrize("protocol", [MailProtocol.POP3, MailProtocol.IMAP4])
def test_pop_and_imap_are_going_to_be_removed_being_removed_and_removed(
    calendar: Calendar, protocol: MailProtocol
) -> None:
    def told(today: date) -> str:
        return calendar.effect(protocol, "worldwide", today, SettingValue.OPTED_IN)

    assert told(date(2026, 7, 31)).startswith(says("legacy_tls_will_be_removed_1_august"))
    for today in (date(2026, 8, 1), DURING, date(2026, 12, 31)):
        assert told(today) == (says("legacy_tls_is_being_removed_1_august"))
    assert told(date(2027, 1, 1)) == (says("legacy_tls_was_to_be_removed_1"))


def test_what_was_only_planned_when_somebody_last_looked_is_told_as_a_plan_and_later_as_a_fact(
    calendar: Calendar,
) -> None:
    looked = replace(calendar, verified_on=date(2027, 2, 1))

    def told(calendar: Calendar, protocol: MailProtocol, cloud: str = "worldwide") -> str:
        return calendar.effect(protocol, cloud, date(2027, 2, 2), SettingValue.OPTED_IN)

    assert told(looked, MailProtocol.POP3).startswith(says("legacy_tls_has_been_removed_1_august"))
    plan = (
        "Basic authentication was to go off by default at the end of December 2026 (as published; checked "
        "30 November 2026;"
    )
    assert plan in told(calendar, MailProtocol.SMTP_AUTH)
    assert says("basic_authentication_went_off_by_default_at") in told(looked, MailProtocol.SMTP_AUTH)
    plan = (
        "Microsoft was to remove legacy TLS worldwide (1 August to 31 December 2026, as published; checked "
        "30 November 2026)"
    )
    assert plan in told(calendar, MailProtocol.IMAP4, "21vianet")
    assert says("microsoft_has_removed_legacy_tls_worldwide") in told(looked, MailProtocol.IMAP4, "21vianet")


@pytest.mark.parametrize("value", [SettingValue.NOT_SET, SettingValue.OPTED_OUT])
def test_not_set_has_mail_over_old_tls_refused_just_as_opted_out_does(
    calendar: Calendar, value: SettingValue
) -> None:
    assert says("mail_is_refused_and_the_password_sent") in calendar.effect(
        MailProtocol.SMTP_AUTH, "worldwide", DURING, value
    )


def test_an_unknown_value_is_not_guessed(calendar: Calendar) -> None:
    assert says("it_decides_whether") in calendar.effect(MailProtocol.SMTP_AUTH, "worldwide", DURING, None)


@pytest.mark.parametrize("cloud", ["gcc", "gcc-high", "dod"])
@pytest.mark.parametrize("protocol", list(MailProtocol))
def test_in_the_us_government_clouds_the_setting_does_nothing(
    calendar: Calendar, cloud: str, protocol: MailProtocol
) -> None:
    assert calendar.effect(protocol, cloud, DURING, SettingValue.OPTED_IN).startswith(
        says("legacy_tls_is_permanently_off")
    )
    assert calendar.briefing(cloud, DURING, [protocol]) == (calendar.effect(protocol, cloud, DURING, None),)


def test_in_21vianet_an_end_for_smtp_auth_was_announced_and_the_removal_for_mailboxes_is_not_confirmed(
    calendar: Calendar,
) -> None:
    smtp = calendar.effect(MailProtocol.SMTP_AUTH, "21vianet", DURING, SettingValue.OPTED_IN)
    assert says("on_30_june_2023") in smtp
    assert says("no_removal_date") not in smtp
    pop = calendar.effect(MailProtocol.POP3, "21vianet", DURING, SettingValue.OPTED_IN)
    assert pop.endswith(says("whether_that_includes_this_cloud_is_not"))


def test_the_briefing_names_each_chosen_protocol_once_and_the_day_of_the_check(calendar: Calendar) -> None:
    lines = calendar.briefing("worldwide", DURING, list(MailProtocol))
    assert lines[0] == RISK
    assert [line.split(":")[0] for line in lines[1:4]] == [
        "SMTP AUTH",
        "POP3 and IMAP4",
        says("second_half_of_2027"),
    ]
    assert lines[-1] == says("these_dates_were_checked_on")


def test_the_briefing_for_pop_alone_speaks_of_nothing_else(calendar: Calendar) -> None:
    lines = calendar.briefing("worldwide", DURING, [MailProtocol.POP3])
    assert len(lines) == 3
    assert not any("SMTP" in line or "Basic" in line for line in lines)


def test_dates_checked_sixty_days_ago_are_fresh_and_older_ones_are_not(calendar: Calendar) -> None:
    assert calendar.freshness(calendar.verified_on + timedelta(days=60)) is None
    late = calendar.verified_on + timedelta(days=61)
    warning = calendar.freshness(late) or ""
    assert says("checked_61_days_ago") in warning
    assert "October 2026" in warning
    assert calendar.briefing("worldwide", late, [MailProtocol.POP3])[-1] == warning


def test_upcoming_counts_down_to_changes_only_soonest_first(calendar: Calendar) -> None:
    found = calendar.upcoming("worldwide", DURING)
    assert [entry.id for entry in found] == [
        "popimap-removal-start",
        "exo-credential-param",
        "basic-smtp-default-off",
        "popimap-removal-end",
    ]
    assert "basic-smtp-new-tenants" in [row.milestone.id for row in calendar.listing("worldwide", DURING)]


def test_whoever_is_told_of_a_change_alone_reads_what_it_changes(calendar: Calendar) -> None:
    changes = calendar.upcoming("worldwide", DURING)
    subjects = ("TLS", "Basic authentication", "Basic SMTP AUTH", "PowerShell")
    assert [entry.id for entry in changes if not any(word in entry.effect for word in subjects)] == []


def test_what_admins_read_holds_no_word_for_whoever_maintains_the_bot(calendar: Calendar) -> None:
    read = [
        text
        for entry in calendar.milestones
        for text in (entry.effect, *(source.title for source in entry.sources))
    ]
    assert [text for text in read if re.search(r"\b(print|fallbacks?|searched)\b", text)] == []


def test_the_listing_says_what_replaced_a_date_and_puts_the_unannounced_last(calendar: Calendar) -> None:
    rows = calendar.listing("worldwide", DURING)
    replaced = {row.milestone.id: row.replaced_by.id for row in rows if row.replaced_by}
    assert replaced["basic-smtp-2025-09"] == "basic-smtp-default-off"
    assert replaced["popimap-removal-2026-07"] == "popimap-removal-start"
    assert rows[-1].milestone.id == "smtp-legacy-tls-removal"
    assert all(row.milestone.touches("worldwide") for row in rows)


@given(today=DAYS, cloud=CLOUDS, value=VALUES, protocol=st.sampled_from(list(MailProtocol)))
def test_no_day_is_ever_shown_for_basic_authentication(
    today: date, cloud: str, value: SettingValue | None, protocol: MailProtocol
) -> None:
    calendar = load_packaged_once()
    told = [calendar.effect(protocol, cloud, today, value), *calendar.briefing(cloud, today, [protocol])]
    for clause in (clause for line in told for clause in re.split("[;:]", line) if "Basic" in clause):
        assert not re.search(r"\d{1,2} December", clause), clause


@given(today=DAYS, cloud=CLOUDS, value=VALUES, protocol=st.sampled_from(list(MailProtocol)))
def test_every_effect_is_one_sentence_and_shows_only_dates_from_the_milestones(
    today: date, cloud: str, value: SettingValue | None, protocol: MailProtocol
) -> None:
    calendar = load_packaged_once()
    told = calendar.effect(protocol, cloud, today, value)
    assert told[0].isupper()
    assert told.endswith(".")
    displays = " ".join(milestone.display for milestone in calendar.milestones)
    for shown in re.findall(r"(?:\d{1,2} )?(?:January|June|August|December) \d{4}", told):
        assert shown in displays


_LOADED: list[Calendar] = []


def load_packaged_once() -> Calendar:
    if not _LOADED:
        _LOADED.append(load_packaged())
    return _LOADED[0]
