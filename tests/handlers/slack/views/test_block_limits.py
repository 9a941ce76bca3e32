"""Every message and form stays within Slack's limits, whatever people typed, and no mark-up of theirs
survives."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.sandbox.slack.blockkit import message_problems, view_problems
from handlers.calendar.calendar import load_packaged
from handlers.outgoing.announcement_view import BY_KIND
from handlers.outgoing.reminders import REMINDERS
from handlers.outgoing.request_view import RequestView
from handlers.policy.overdue import Overdue
from handlers.policy.votes import Tally
from handlers.ports import Reading
from handlers.queries.history import HistoryLine, HistoryPage
from handlers.queries.status import Status
from handlers.slack.client.announcer import SlackAnnouncer
from handlers.slack.listeners.commands import SUBCOMMANDS
from handlers.slack.views import (
    calendar,
    cards,
    help_and_history,
    request_forms,
    request_outcomes,
    status_view,
)
from handlers.slack.views.blocks import Message
from handlers.slack.views.card_thread import details
from handlers.slack.views.mrkdwn import NAMED
from storage.lifecycle import Kind, State
from storage.records import Baseline, MailProtocol, Observation, SettingValue
from tests.handlers.driver import ALICE, BOB, NOW, RULE
from tests.handlers.fakes import CHANNEL
from tests.handlers.filled_forms import HIGH, WORLDWIDE
from tests.handlers.policy.test_content import REQUEST
from tests.handlers.saying import announcement, view_of
from tests.sentences import says

WORST = {
    "ampersands": "&" * 3000,
    "pings": ("<!channel> <!here> <@U0BOB> <#C0CHANGES> " * 100)[:3000],
    "links": ("<https://evil.example|Approve> " * 120)[:3000],
    "dates": ("<!date^0^{date}|now> " * 150)[:3000],
    "right to left": ("\u202eabc\u2066 مرحبا " * 300)[:3000],
    "emoji": "🖨️" * 1500,
    "lines": "a\n" * 1500,
    "blank lines": "x" + "\n" * 2998 + "y",
    "one word": "x" * 3000,
    "entities": "&amp;&lt;" * 333,
    "marks": ("*_~`>" * 600)[:3000],
}
LISBON = ZoneInfo("America/Argentina/ComodRivadavia")
"""The longest name of a zone."""
PEOPLE = tuple(f"U{number:010}" for number in range(50))
EVERYBODY = tuple(f"U{number:010}" for number in range(400))
CALENDAR = load_packaged()
ZONE = LISBON

OURS = re.compile(
    r"<@[UW][A-Z0-9]+>|<!subteam\^S[A-Z0-9]+>|<!date\^\d+\^\{date_long\}(?: at "
    r"\{time\})?\|[^<>|]+>|<https?://[^<>|\s]+\|[^<>|]+>"
)
ENTITY = re.compile(r"&(?:amp|lt|gt);")


def marked_up(found: object) -> Iterator[str]:
    """Every text that Slack reads mark-up in."""
    if isinstance(found, dict):
        if found.get("type") == "mrkdwn":
            yield found["text"]
        for inner in found.values():
            yield from marked_up(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from marked_up(inner)


def harmless(text: str) -> None:
    """Nothing is left that Slack would act on, besides our own mentions, dates and links; and nothing is cut
    in two."""
    rest = ENTITY.sub("", OURS.sub("", text))
    left = re.search(".{0,40}[<&].{0,40}", rest)
    assert left is None, left.group()


def fits(message: Message) -> None:
    spelled = message.arguments()
    assert message_problems(json.loads(json.dumps(spelled.get("blocks", [])))) == []
    assert 0 < len(spelled["text"]) <= 4000
    for text in (spelled["text"], *marked_up(spelled.get("blocks"))):
        harmless(text)


def view(kind: Kind, state: State, text: str, **changed: Any) -> RequestView:
    """The fullest view there can be about a request in this state."""
    request = replace(
        REQUEST,
        id=999_999_999,
        kind=kind,
        state=state,
        reason=text,
        clients=text,
        protocols=tuple(MailProtocol),
        detail=f"Failed: Exchange answered: {text[:300]} Waiting. Approved by "
        f"{' and '.join('@' + person for person in PEOPLE)}.",
        requester_id=None if kind is Kind.OUTSIDE else ALICE,
        to_value=SettingValue.OPTED_IN,
        window_end=NOW + timedelta(days=90),
    )
    full = RequestView(
        request=request,
        rule=replace(RULE, approvers=(*EVERYBODY, "S0MAIL"), approvals_required=50),
        tally=Tally(approved_by=PEOPLE, void=PEOPLE, missing=50),
        reason_given=text,
        reason_by=BOB,
        briefing=CALENDAR.briefing("worldwide", NOW.date(), tuple(MailProtocol)),
        cloud=WORLDWIDE,
        head=(10**12, "f" * 64),
        in_vain=CALENDAR.in_vain("worldwide", date(2027, 1, 4), (MailProtocol.POP3, MailProtocol.IMAP4)),
        seen=Observation(NOW, SettingValue.OPTED_IN, True, "contoso.onmicrosoft.com", None),
    )
    return replace(full, **changed)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_a_card_fits_in_every_state(kind: Kind, text: str) -> None:
    for state in State:
        fits(cards.card(view(kind, state, text), ZONE))


def test_of_very_many_approvers_the_card_and_its_thread_name_the_first_and_say_how_many_more_there_are() -> (
    None
):
    full = view(Kind.OPT_IN, State.PENDING, "Scanners", tally=Tally((), (), 50))
    full = replace(full, request=replace(full.request, detail=""))
    card, thread = (
        " ".join(marked_up(drawn.arguments()["blocks"])) for drawn in (cards.card(full, ZONE), details(full))
    )
    for shown, most in ((card, cards.FEW), (thread, NAMED)):
        assert [person for person in EVERYBODY if f"<@{person}>" in shown] == list(EVERYBODY[:most])
    assert says("and_398_more_can_decide", person=EVERYBODY[cards.FEW - 1]) in card
    assert says("and_301_more_the_requester_never_counts", person=EVERYBODY[NAMED - 1]) in thread


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_an_outcome_fits_in_every_state(text: str) -> None:
    for kind, state in itertools.product((Kind.OPT_IN, Kind.OPT_OUT, Kind.EXTENSION), State):
        fits(request_outcomes.outcome(view(kind, state, text), ZONE))
        fits(request_outcomes.retired(view(kind, state, text)))


def test_a_card_without_anything_optional_fits() -> None:
    for kind, state in itertools.product(Kind, State):
        bare = view(
            kind, state, "x", tally=Tally((), (), 1), reason_given=None, reason_by=None,
            briefing=(), cloud=HIGH, head=(0, "0" * 64), rule=RULE,
        )  # fmt: skip
        fits(cards.card(bare, ZONE))
        fits(request_outcomes.outcome(bare, ZONE))


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_a_page_of_history_fits(text: str) -> None:
    lines = [
        HistoryLine(
            request=view(kind, state, text).request,
            approved_by=PEOPLE,
            rejected_by=PEOPLE[:1],
            reason=text,
            read_back=SettingValue.OPTED_IN,
        )
        for kind, state in itertools.product(Kind, State)
    ]
    for first in range(0, len(lines), 5):
        fits(help_and_history.history(HistoryPage(lines=lines[first : first + 5], older=7), ZONE))
        fits(
            help_and_history.history(
                HistoryPage(lines=lines[first : first + 5], older=7), ZONE, not_taken=text
            )
        )
    fits(help_and_history.history(HistoryPage(lines=[], older=None), ZONE))


def report(text: str, *, reading: Reading | None, **changed: Any) -> Status:
    request = view(Kind.OPT_IN, State.UNCERTAIN, text).request
    full = Status(
        reading=reading,
        problem=None if reading else f"Exchange answered: {text[:300]} Do something about it.",
        cloud=WORLDWIDE,
        organization=text[:255],
        effects=tuple(
            (protocol, CALENDAR.effect(protocol, "worldwide", NOW.date(), None)) for protocol in MailProtocol
        ),
        freshness=CALENDAR.freshness(date(2030, 1, 1)),
        baseline=Baseline(SettingValue.OPTED_OUT, NOW, request.id, NOW + timedelta(days=90)),
        decided=request,
        approved_by=PEOPLE,
        open_request=replace(request, id=2, state=State.PENDING),
        unsettled=(request,),
        overdue=Overdue(1, NOW, request, 12, request.detail, NOW),
        last_seen=Observation(NOW, SettingValue.OPTED_IN, True, text[:255], None),
        timezone=ZONE.key,
    )
    return replace(
        full,
        **{
            name: value for name, value in changed.items() if name in {field.name for field in fields(Status)}
        },
    )


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_a_status_fits(text: str) -> None:
    read = Reading(SettingValue.OPTED_IN, True, text[:255], "DC01", NOW, NOW, "id")
    for reading in (read, None):
        fits(status_view.status(report(text, reading=reading), ZONE))
        fits(status_view.status(report(text, reading=reading, unsettled=()), ZONE))
        fits(
            status_view.status(
                report(text, reading=reading, overdue=Overdue(1, NOW, None, 1, text[:2000], NOW)), ZONE
            )
        )
    for cloud in ("worldwide", "gcc-high", "21vianet"):
        effects = tuple(
            (protocol, CALENDAR.effect(protocol, cloud, NOW.date(), SettingValue.NOT_SET))
            for protocol in MailProtocol
        )
        fits(status_view.status(report(text, reading=read, effects=effects, cloud=HIGH), ZONE))


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_help_after_anything_that_was_typed_fits(text: str) -> None:
    fits(help_and_history.no_such(text[:40], "status"))
    fits(help_and_history.help_text(HIGH, SUBCOMMANDS))
    fits(help_and_history.reading_now())


FACTS = {
    "target": f"{'x' * 253}:65535", "taken": "1.0, 1.1", "refused": "1.2, 1.3", "useless": "yes",
    "digest": "f" * 64, "problem": "", "days": "7", "request": "999999999", "end": NOW.isoformat(),
    "since": NOW.isoformat(), "notice": "MC1234567", "display": "from the end of December 2026", "effect": "",
    "warning": "", "lapses": NOW.isoformat(), "requester": ALICE, "wish": "999999998",
    "expires": NOW.isoformat(), "eligible": "1", "needed": "2", "sequence": "1000000", "head": "f" * 64,
    "value": "opted in", "waiting_for": ",".join(EVERYBODY), "others": "S0MAIL", "away": "yes",
    "subject": "window", "places": "change_requests 999999999: requester_enterprise_id", "more": "9",
    "missing": "a, b", "change": "7", "at": NOW.isoformat(), "actor": "carol@contoso.com", "times": "2",
    "receiver": "https://events.example", "operators": f"{ALICE},S0MAIL", "count": "2", "stale": "1",
    "why": "restored", "table": "baselines", "row": "1", "detail": "", "known": "7", "found": "5",
    "device": "999999999", "name": "<!channel> " * 27, "due": "2026-12-15", "moves": "7",
    "devices": "1,2,999999999", "monday": "2026-11-23", "active": "50000", "overdue": "1", "orphaned": "1",
    "pace": "<!channel> " * 20, "mention": ",".join(EVERYBODY), "owner": ALICE, "by": BOB, "wait": "24",
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(BY_KIND))
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_an_announcement_fits(what: str, text: str) -> None:
    free = dict.fromkeys(("problem", "effect", "warning", "display"), text[:300])
    fits(announcement(FACTS | free | {"what": what}, ZONE))


@pytest.mark.parametrize(
    "answered", [{}, {"reply": "snoozed", "until": NOW.isoformat()}, {"reply": "done", "until": ""}], ids=str
)
@pytest.mark.parametrize("what", sorted(each.kind for each in REMINDERS if each.snooze_days))
def test_a_reminder_with_its_buttons_or_its_answer_fits(what: str, answered: dict[str, str]) -> None:
    reminder = {"what": what, "number": "999999999", "snooze": "14", "done": "yes", "by": PEOPLE[0]}
    drawn = announcement(FACTS | reminder | answered, ZONE)
    fits(drawn)
    names = [
        element["action_id"]
        for block in drawn.arguments()["blocks"]
        for element in block.get("elements", ())[:4]
        if block["type"] == "actions"
    ]
    assert ({"snooze", "done"} <= set(names)) is not bool(answered)


@pytest.mark.parametrize("cloud", ["worldwide", "gcc", "gcc-high", "dod", "21vianet"])
@pytest.mark.parametrize("year", [2024, 2026, 2027, 2030])
def test_the_calendar_fits(cloud: str, year: int) -> None:
    day = date(year, 11, 23)
    fits(calendar.calendar(CALENDAR.listing(cloud, day), CALENDAR.freshness(day)))


class Slack:
    """The methods of Slack's client that the announcer calls; keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def __getattr__(self, method: str) -> Any:
        return lambda **arguments: self._answer(method, arguments)

    def _answer(self, method: str, arguments: dict[str, Any]) -> Any:
        if method.startswith("chat_"):
            self.sent.append(arguments)
        data = (
            {"ok": True, "channel": {"id": "D0ALICE"}}
            if method.startswith("conversations_")
            else {"channel": "C", "ts": "1.2"}
        )
        return type("Answer", (), {"data": data, "headers": {}})()


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_everything_the_announcer_sends_fits(text: str) -> None:
    slack = Slack()
    announcer = SlackAnnouncer(slack, channel=CHANNEL, zone=ZONE)  # type: ignore[arg-type]
    full = view(Kind.OPT_IN, State.PENDING, text)
    place = announcer.draw(full, None)
    announcer.draw(full, place)
    for channel, reason_for in ((CHANNEL, None), (None, 999_999_999), ("D0ALICE", None)):
        announcer.answer(ALICE, channel, text, reason_for=reason_for)
    announcer.retire(announcer.outcome(ALICE, full), full)
    announcer.announce(view_of(FACTS | {"what": "unreadable", "problem": text[:300]}))
    announcer.tell(ALICE, view_of(FACTS | {"what": "extended"}))
    assert len(slack.sent) == 9
    for arguments in slack.sent:
        assert message_problems(json.loads(json.dumps(arguments["blocks"]))) == []
        for shown in (arguments["text"], *marked_up(arguments["blocks"])):
            harmless(shown)
        assert len(arguments["text"]) <= 40_000


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_every_form_fits(text: str) -> None:
    briefing = CALENDAR.briefing("worldwide", NOW.date(), tuple(MailProtocol))
    asked = [
        request_forms.opt_in(
            callback=callback,
            channel=CHANNEL,
            briefing=briefing,
            warning="SMTP AUTH is off. " * 20,
            proposed=date(2026, 12, 13),
            latest=date(2027, 2, 20),
            zone=ZONE.key,
            reason=text,
            clients=text,
        )
        for callback in (request_forms.OPT_IN, request_forms.EXTENSION)
    ]
    removals = [CALENDAR.removal(protocol, "worldwide", date(2027, 1, 4)) for protocol in MailProtocol]
    others = [
        request_forms.opt_out(channel=CHANNEL, cloud=cloud, removals=removals, seen=seen, seen_at="now")
        for cloud in (WORLDWIDE, HIGH)
        for seen in (None, *SettingValue)
    ]
    for view in (*asked, *others, request_forms.rejection(999_999_999), request_forms.claim(999_999_999)):
        spelled = json.loads(json.dumps(view.to_dict()))
        assert view_problems(spelled) == []
        for shown in marked_up(spelled):
            harmless(shown)
