"""A change of what an endpoint takes is told once in the channel and stands in status; what could not be told
is no news."""

from collections.abc import Collection
from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from bot.reports.status_and_history import status_data
from bot.worker.jobs import probe_job
from handlers.outgoing.announcement_view import announcement_of
from handlers.outgoing.news import ProbeChanged
from handlers.probe_ports import ProbeOutcome, ProbeRow, ProbeTarget, TlsVersion
from handlers.queries.probe import ProbeNews, Probing
from handlers.queries.status import StatusReports
from handlers.slack.views import probe_view, status_view
from tests.handlers.driver import House
from tests.handlers.filled_forms import HIGH

SMTP, RELAY = ProbeTarget("smtp-legacy.office365.com", 587), ProbeTarget("relay.example", 25)
TLS10, TLS11, TLS12, TLS13 = TlsVersion
DAY = timedelta(days=1)


def rows(*accepted: TlsVersion, target: ProbeTarget = SMTP) -> list[ProbeRow]:
    """Of each version whether it was taken."""
    does = {True: ProbeOutcome.ACCEPTED, False: ProbeOutcome.REFUSED}
    return [ProbeRow(target, version, does[version in accepted], "") for version in TlsVersion]


def all_of(outcome: ProbeOutcome, target: ProbeTarget = SMTP) -> list[ProbeRow]:
    return [ProbeRow(target, version, outcome, "") for version in TlsVersion]


class Daily:
    """Probes a day apart."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __call__(self, *each: list[ProbeRow]) -> list[dict[str, str]]:
        """What the channel was told after these probes, beside everything else."""
        for found in each:
            self.house.clock.advance(days=1)
            ProbeNews(self.house.context).keep(found)
            self.house.deliver()
        return [dict(facts) for facts in self.house.board.announced if facts["what"] == "probe"]


@pytest.fixture
def daily(house: House) -> Daily:
    return Daily(house)


def said(facts: dict[str, str]) -> str:
    changed = announcement_of(facts)
    assert isinstance(changed, ProbeChanged)
    return probe_view.changed(changed)


def test_the_first_probe_and_the_same_again_are_no_news(daily: Daily) -> None:
    assert daily(rows(TLS10, TLS11, TLS12), rows(TLS10, TLS11, TLS12)) == []


def test_that_a_legacy_host_takes_old_tls_no_more_is_told_once_with_what_it_means(
    daily: Daily, house: House
) -> None:
    (facts,) = daily(rows(*TlsVersion), rows(TLS12, TLS13), rows(TLS12, TLS13))
    assert (facts["target"], facts["refused"], facts["taken"]) == (str(SMTP), "1.0, 1.1", "")
    assert probe_view.USELESS in said(facts)
    recorded = [(event.payload["accepted"], event.payload["refused"]) for event in house.events("probed")]
    assert recorded == [([version.value for version in TlsVersion], []), ([], ["1.0", "1.1"])]


def test_one_old_version_less_leaves_the_opt_in_its_use_and_one_more_is_told_too(daily: Daily) -> None:
    less, again = daily(rows(*TlsVersion), rows(TLS11, TLS12, TLS13), rows(*TlsVersion))
    assert probe_view.USELESS not in said(less)
    assert (again["taken"], again["refused"]) == ("1.0", "")
    last = daily(rows(TLS11, TLS12, TLS13), rows(TLS12, TLS13))[-1]
    assert last["refused"] == "1.1"
    assert probe_view.USELESS in said(last), "the other one was refused before"


@pytest.mark.parametrize(
    "outcome", [ProbeOutcome.UNREACHABLE, ProbeOutcome.UNKNOWN, ProbeOutcome.NOT_TESTABLE]
)
def test_what_could_not_be_told_is_never_news_and_hides_none(daily: Daily, outcome: ProbeOutcome) -> None:
    assert daily(all_of(outcome), rows(*TlsVersion), all_of(outcome), all_of(outcome)) == []
    assert len(daily(rows(TLS12))) == 1


def test_a_relay_of_ones_own_is_told_without_a_word_about_the_opt_in(daily: Daily) -> None:
    (facts,) = daily(rows(*TlsVersion, target=RELAY), rows(TLS12, target=RELAY))
    assert probe_view.USELESS not in said(facts)


def test_two_replicas_that_see_the_same_change_tell_it_once(daily: Daily, house: House) -> None:
    daily(rows(*TlsVersion))
    house.clock.advance(days=1)
    for _ in range(2):
        ProbeNews(house.context).keep(rows(TLS12))
    assert len(daily()) == 0
    house.deliver()
    assert len(daily()) == 1


def test_status_names_the_legacy_hosts_that_refuse_old_tls_and_since_when(daily: Daily, house: House) -> None:
    daily(rows(*TlsVersion))
    assert _refusals(house) == []
    daily(rows(TLS12), rows(TLS12), rows(target=RELAY))
    (line,) = _refusals(house)
    assert SMTP.host in line
    assert "TLS 1.0 and 1.1" in line
    assert "25 Nov" in line


def test_status_as_data_has_every_version_known(daily: Daily, house: House) -> None:
    daily(rows(TLS12), all_of(ProbeOutcome.UNREACHABLE, RELAY))
    probes = status_data(StatusReports(house.context).report())["probes"]
    old_and_new = [each for each in probes if each["tls"] in ("1.0", "1.2")]
    assert [(each["host"], each["tls"], each["outcome"]) for each in old_and_new] == [
        ("relay.example", "1.0", None), ("relay.example", "1.2", None),
        ("smtp-legacy.office365.com", "1.0", "refused"), ("smtp-legacy.office365.com", "1.2", "accepted"),
    ]  # fmt: skip


def _refusals(house: House) -> list[str]:
    shown = status_view.status(StatusReports(house.context).report(), ZoneInfo("UTC"))
    return [text for block in shown.blocks if ":no_entry:" in (text := str(block.to_dict()))]


# The worker


def settings(
    every: timedelta | None, targets: Collection[ProbeTarget] = (SMTP,), *, named: bool = False
) -> SimpleNamespace:
    return SimpleNamespace(
        probe_every=every, probe_endpoints=tuple(targets) if named else (), probed=lambda: tuple(targets)
    )


def test_the_worker_probes_once_a_day_whether_anything_could_be_told_or_not(house: House) -> None:
    probes: list[int] = []

    def unreachable() -> list[ProbeRow]:
        probes.append(1)
        return all_of(ProbeOutcome.UNREACHABLE)

    news = ProbeNews(house.context)
    probing = Probing(unreachable, news.keep, monotonic=lambda: house.clock().timestamp())
    job = probe_job(settings(DAY), house.context, probing, news)  # type: ignore[arg-type]
    assert job is not None
    for _ in range(3):
        for _ in range(3):
            assert job.do() == 0
        house.clock.advance(days=1)
    assert len(probes) == 3


def test_it_is_off_unless_the_operator_allows_it_and_where_a_cloud_has_no_legacy_hosts(
    house: House, high: House
) -> None:
    for where, how in ((house, settings(None)), (high, settings(DAY))):
        news = ProbeNews(where.context)
        assert probe_job(how, where.context, Probing(list, news.keep), news) is None  # type: ignore[arg-type]
    news = ProbeNews(high.context)
    assert probe_job(settings(DAY, named=True), high.context, Probing(list, news.keep), news) is not None  # type: ignore[arg-type]


@pytest.fixture
def high(house: House) -> House:
    return House(house.database, cloud=HIGH)
