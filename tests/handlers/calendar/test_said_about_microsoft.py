"""What is said about Microsoft is what its sources say: statements that were wrong once cannot come back, by
whatever sentence.

Every text that the bot can say is looked through (each text in its code, each entry of the milestones), every
document, and what is computed for every day, cloud, protocol and value.
"""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.calendar import Calendar, load_packaged
from handlers.calendar.milestone import EXCHANGE_CLOUDS, Milestone
from handlers.ports import AcceptedDomains, Cloud, MailboxLocks
from handlers.queries.mailbox_diagnosis import Locks
from handlers.slack.views import calendar as drawn
from handlers.slack.views import mailbox_diagnosis, request_forms, status_view
from storage.records import MailProtocol, SettingValue
from tests.handlers.audit_log import AuditLog
from tests.handlers.driver import House
from tests.handlers.filled_forms import HIGH, WORLDWIDE
from tests.handlers.outgoing.test_refusals import say
from tests.journeys.words import words

ROOT = Path(__file__).parents[3]
CODE = sorted(path for room in ("handlers", "bot", "storage") for path in (ROOT / room).rglob("*.py"))
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "docs").glob("*.ps1"),
        ROOT / ".env.example",
    ]
)
DURING = date(2026, 11, 30)
ALL = load_packaged()
OLD = r"(?:TLS 1\.0(?: and 1\.1)?|old TLS|legacy TLS)"

NEVER = {
    "more than mail is let in or kept out": rf"\b(?:lets?|keeps?|kept) {OLD} (?:in|out)\b"
    rf"|{OLD} (?:is|are) (?:let in|kept out|allowed|blocked)\b",
    "the rollout goes by tenants": r"(?i)tenant[- ]by[- ]tenant|rollout reaches (?:this|the|your) tenant",
    "what nobody can know": r"(?i)nobody outside (?:of )?Microsoft",
    "old connections still work": (
        r"(?i)(?:connections|clients) are still "
        r"accepted|still accepted technically"
    ),
    "the notice speaks of an opt-out": r"(?i)\bno opt-out\b",
    "21Vianet has ended it": rf"(?i)ended {OLD}",
    "the change is felt at once": (
        r"(?i)takes effect (?:at "
        r"once|now|immediately)|effective (?:at "
        r"once|now|immediately)"
    ),
    "security defaults can be got round": r"(?i)(?:disable|switch off|turn off)\w* security defaults",
    "a parameter that goes": r"Connect-ExchangeOnline[^\n`]*-Credential\b(?!\.)",
    "a day for Basic authentication": r"(?i)31 December[^.;:]*Basic|Basic[^.;:]*\b31 December",
}
"""What no text may say, and why."""

TOGETHER = {
    "no removal date": (
        r"(?i)\bno (?:removal )?date (?:is |was |has been )?(?:announced|for)|no removal date",
        r"(?i)without warning",
    ),
    "security defaults": (r"(?i)security defaults[^.]*exclu", r"(?i)no exclusions"),
    "the report on senders": (
        r"(?:> |report \*?)SMTP AUTH clients|SMTP AUTH clients\*? report(?! gains|,)",
        r"(?is)senders.*90",
    ),
    "a password": (r"(?i)\b(?:device|scanner)s?\b[^.]*\bpassword\b", r"(?i)password or token"),
}
"""What is said only together with something else."""


def texts_of_code(path: Path) -> Iterator[str]:
    """Each text of a module that may be said, the pieces of one joined; what explains the code to its readers
    is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    } - {id(tree)}
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)  # type: ignore[misc]
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not {id(node)} & (parts | notes)
        ):
            yield node.value


def paragraphs(path: Path) -> Iterator[str]:
    """Each point, paragraph or row of a document, its lines joined."""
    for paragraph in re.split(r"\n(?=\s*[-|#*]|\s*\n)", path.read_text(encoding="utf-8")):
        yield " ".join(paragraph.split())


def wrong(texts: Iterator[str] | list[str]) -> list[str]:
    """What is said that must not be, or is said alone, each with its text."""
    found = []
    for text in texts:
        found += [f"{why}: {text}" for why, pattern in NEVER.items() if re.search(pattern, text)]
        found += [
            f"{what} alone: {text}"
            for what, (said, beside) in TOGETHER.items()
            if re.search(said, text) and not re.search(beside, text)
        ]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "the setting lets TLS 1.0 and 1.1 in on the legacy host",
        "it keeps TLS 1.0 and 1.1 out",
        "TLS 1.0 and 1.1 are allowed on the legacy hosts",
        "decides whether TLS 1.0 and 1.1 are let in",
        "Microsoft has announced no removal date for legacy TLS here",
        "nobody outside Microsoft can tell when",
        "TLS 1.0 and 1.1 are refused, tenant by tenant",
        "there is no opt-out",
        "Microsoft ended TLS 1.0 and 1.1 here on 30 June 2023",
        "Support ends; connections are still accepted technically.",
        "what such a device sends, its password included",
        "Exchange admin centre > Reports > Mail flow > SMTP AUTH clients.",
        "security defaults can exclude an account",
        "It takes effect at once, needs no second person",
    ],
)
def test_each_wrong_statement_of_earlier_versions_is_recognised(text: str) -> None:
    assert len(wrong([text])) == 1


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_in_the_code_says_what_microsoft_does_not(path: Path) -> None:
    assert wrong(texts_of_code(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_says_what_microsoft_does_not(path: Path) -> None:
    assert wrong(paragraphs(path)) == []


@pytest.mark.parametrize("milestone", ALL.milestones, ids=lambda milestone: milestone.id)
def test_no_milestone_says_what_microsoft_does_not(milestone: Milestone) -> None:
    sources = [source.title for source in milestone.sources]
    assert wrong([f"{milestone.display}: {milestone.effect}", *sources]) == []


@given(
    today=st.dates(min_value=date(2018, 1, 1), max_value=date(2032, 1, 1)),
    cloud=st.sampled_from(sorted(EXCHANGE_CLOUDS)),
    value=st.sampled_from([*SettingValue, None]),
    protocol=st.sampled_from(list(MailProtocol)),
)
def test_nothing_that_is_computed_says_what_microsoft_does_not(
    today: date, cloud: str, value: SettingValue | None, protocol: MailProtocol
) -> None:
    told = [ALL.effect(protocol, cloud, today, value), *ALL.briefing(cloud, today, [protocol])]
    assert wrong(told) == []
    undated = [line for line in told if "no removal date" in line]
    assert all(re.search("unsupported since|no longer supported", line) for line in undated)


def test_the_milestones_were_checked_when_the_sources_were_read_again() -> None:
    assert (ALL.verified_on, ALL.newest_source) == (date(2026, 11, 30), "2026-10")
    notices = [each for each in ALL.milestones if each.message_center_id == "MC1293480"]
    assert len(notices) == 4
    assert {each.confidence for each in notices} == {"H"}
    assert not any("runbook" in source.title.lower() for each in notices for source in each.sources)


@pytest.mark.parametrize("value", [SettingValue.NOT_SET, SettingValue.OPTED_OUT])
@pytest.mark.parametrize("cloud", ["worldwide"])
def test_refused_mail_is_told_with_what_a_device_may_send_all_the_same(
    cloud: str, value: SettingValue
) -> None:
    told = ALL.effect(MailProtocol.SMTP_AUTH, cloud, DURING, value)
    assert re.search(
        r"refuses mail over TLS 1\.0 and 1\.1, though a device may send its password or token", told
    )


@pytest.mark.parametrize("value", [SettingValue.OPTED_IN, None])
def test_smtp_auth_without_a_date_is_told_to_be_unsupported_and_to_end_perhaps_without_warning(
    value: SettingValue | None,
) -> None:
    told = ALL.effect(MailProtocol.SMTP_AUTH, "worldwide", DURING, value)
    assert re.search(
        r"no removal date here, but is unsupported since October 2020 and may end without warning", told
    )


def test_what_was_announced_for_21vianet_is_not_told_as_done() -> None:
    told = [ALL.effect(MailProtocol.SMTP_AUTH, "21vianet", DURING, value) for value in (*SettingValue, None)]
    told += [each.effect for each in ALL.milestones if each.id == "cn-smtp-off"]
    for sentence in told:
        assert re.search(r"(?i)announced.*whether that was completed is not confirmed", sentence)


def test_an_operators_calendar_without_a_word_on_support_never_gives_no_date_alone() -> None:
    without = Calendar(
        tuple(each for each in ALL.milestones if each.kind.value != "support_end"), DURING, "2026-10"
    )
    for protocol in MailProtocol:
        assert wrong([without.effect(protocol, "worldwide", DURING, SettingValue.OPTED_IN)]) == []


def test_nobody_is_pointed_at_a_host_from_which_old_tls_is_being_removed(house: House) -> None:
    house.tenant.value = SettingValue.OPTED_IN
    status = str(status_view.status(house.dispatch.status.report(), house.context.zone).arguments())
    log = AuditLog()
    log.locks, log.domains = MailboxLocks(None, True, True), AcceptedDomains(("contoso.com",), complete=True)
    why = str(mailbox_diagnosis.locks(Locks(house.context, log).of("scanner@contoso.com")).arguments())
    for said in (status, why):
        assert "smtp-legacy.office365.com" in said
        assert not re.search(r"(?:pop|imap)-legacy", said)
    assert re.search(r"firewall.*may block it", why)


def test_the_form_of_an_opt_out_says_what_is_refused_and_what_the_report_tells(house: House) -> None:
    say(house, "disable", "U0ALICE")
    told = words(house.windows.opened[-1])
    assert re.search(
        r"mail is refused, but a device that nobody changes may send its password or token", told
    )
    assert re.search(
        r"senders, not devices, and nothing of POP or IMAP, for 7 days unless you choose more \(90 at most\)",
        told,
    )
    assert re.search(r"devices may feel it later", told)


@pytest.mark.parametrize("cloud", [HIGH, WORLDWIDE])
def test_where_there_are_no_legacy_hosts_nothing_is_told_of_devices_and_reports(cloud: Cloud) -> None:
    told = words(request_forms.opt_out(channel="C0LEGACY", cloud=cloud).to_dict())
    assert bool(re.search(r"password or token|SMTP AUTH clients", told)) is bool(cloud.legacy_hosts)


def test_the_calendar_as_slack_shows_it_says_nothing_that_microsoft_does_not() -> None:
    for cloud in sorted(EXCHANGE_CLOUDS):
        said = words(drawn.calendar(ALL.listing(cloud, DURING), None).arguments())
        assert wrong(said.splitlines()) == []
