"""Draw the App Home and the shortcut's chooser: what holds and what waits, with buttons."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from handlers.outgoing.request_view import WISH, headline, missing_words, protocol_names
from handlers.policy.days import spelled_end
from handlers.policy.forms import CLIENTS, REASON
from handlers.policy.rule import STATE_WORDS, how_it_stands
from handlers.policy.votes import Tally
from handlers.queries.home import HomePage
from handlers.slack.views import home_devices
from handlers.slack.views.blocks import actions, button, divider, header, quoted, section, small
from handlers.slack.views.card_buttons import APPROVE, REJECT, TAKE_BACK, WHAT_IF, WITHDRAW
from handlers.slack.views.cards import FEW, SHORT, named, until
from handlers.slack.views.devices import EVERY_DEVICE
from handlers.slack.views.help_and_history import OPEN_FORM, OPEN_HISTORY, OPEN_OPT_OUT
from handlers.slack.views.mrkdwn import brief, escape, fitted, instant, people, sentence
from handlers.slack.views.status_view import BADGE, MEANING, WITHOUT_HOSTS, time_left
from handlers.slack.views.tickets import with_ticket
from handlers.suggested import Suggested
from storage.lifecycle import OPEN, Kind, State
from storage.records import ChangeRequest, SettingValue

CHOOSER = "chooser"

EXCERPT = 300
"""Characters of what somebody typed that stand here; the thread of the request's message has the whole."""

DATES = 5
"""Dates of Microsoft's that are listed, the soonest first."""

NAMED = 10
"""Entries named that are approved with a request; the thread of its message has them all."""

NOT_READ_YET = ":grey_question: The live value was not read yet."
FOOT = "Drawn {at}: open the app again to see it as it is then."


def page(found: HomePage, person: str, zone: ZoneInfo) -> View:
    """Return the whole page of one person."""
    blocks = [
        header("Legacy TLS in Exchange Online"),
        *_now(found, zone),
        actions(*_ways(found)),
        *_waiting(found, person, zone),
        *_asked(found, zone),
        *home_devices.owned(found),
        *_dates(found, zone),
        *small([FOOT.format(at=instant(found.drawn_at, zone))]),
    ]
    return View(type="home", blocks=blocks)


def turned_away(sentences: str) -> View:
    """Return the page of whoever may not see it: one sentence."""
    return View(type="home", blocks=[section(sentence(sentences))])


def chooser(found: HomePage, zone: ZoneInfo) -> View:
    """Return the small form of the shortcut: what is so, and what can be done about it."""
    request = found.waits or found.other
    also = (
        [button("Who can decide?", WHAT_IF, request.id)]
        if request is not None and request.state is State.PENDING
        else []
    )
    blocks = [*_now(found, zone), actions(*_ways(found), *also)]
    return View(type="modal", callback_id=CHOOSER, title="Legacy TLS", close="Close", blocks=blocks)


def _now(found: HomePage, zone: ZoneInfo) -> Iterator[Block]:
    """The newest reading with its age, never a guess; a failure since then is said."""
    yield section(_live(found, zone))
    newest, seen = found.rows.newest, found.rows.seen
    if newest is not None and newest.value is None and (seen is None or newest.at > seen.at):
        yield section(f":grey_question: Since then it *could not be read*: {sentence(newest.problem or '')}")
    baseline = found.rows.baseline
    if seen is not None and baseline is not None and seen.value is not baseline.value:
        yield section(
            ":rotating_light: This is not what the bot last applied or saw; "
            f"{Suggested('status')} reads it now."
        )


def _live(found: HomePage, zone: ZoneInfo) -> str:
    seen, baseline = found.rows.seen, found.rows.baseline
    if seen is None or seen.value is None:
        return NOT_READ_YET
    age = f"As read {instant(seen.at, zone)}, {_ago(found.drawn_at - seen.at)} before this was drawn."
    end = (
        baseline.window_end
        if baseline is not None and baseline.value is seen.value is SettingValue.OPTED_IN
        else None
    )
    if end is not None and found.cloud.offers_legacy:
        left = time_left(end - found.drawn_at) if end > found.drawn_at else "it is over, and the bot opts out"
        return f"{BADGE[seen.value]} *{seen.value.value}* until {spelled_end(end, zone)}: {left}.\n{age}"
    meanings = MEANING if found.cloud.offers_legacy else WITHOUT_HOSTS
    means = meanings[seen.value].format(cloud=escape(found.cloud.display))
    return f"{BADGE[seen.value]} *{seen.value.value}*: {means}.\n{age}"


def _ago(age: timedelta) -> str:
    minutes = max(0, age // timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    for count, unit in ((minutes // 1440, "day"), (minutes // 60, "hour"), (minutes, "minute")):
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return ""


def _ways(found: HomePage) -> list[ButtonElement]:
    """What can be asked for, by the newest reading; whoever may not is told why when they press."""
    history = button("History", OPEN_HISTORY, 0)
    if not found.cloud.offers_legacy:
        return [history]
    opted_in = found.rows.seen is not None and found.rows.seen.value is SettingValue.OPTED_IN
    ask = (
        button("Ask to extend", OPEN_FORM[Kind.EXTENSION], 0)
        if opted_in
        else button("Ask for an opt-in", OPEN_FORM[Kind.OPT_IN], 0)
    )
    opt_out, devices = button("Opt out", OPEN_OPT_OUT, 0), button("All devices", EVERY_DEVICE, 0)
    return [ask, opt_out, history, devices]


def _waiting(found: HomePage, person: str, zone: ZoneInfo) -> Iterator[Block]:
    yield header("Waits for you")
    if found.waits is not None and found.tally is not None:
        yield from _request(found.waits, found.tally, found.code, person, zone)
    elif found.other is not None or not found.to_accept:
        yield section(_nothing(found))
    yield from home_devices.acceptances(found)


def _request(
    request: ChangeRequest,
    votes: Tally,
    code: str,
    person: str,
    zone: ZoneInfo,
) -> Iterator[Block]:
    """The request that waits, with the entries of the register and the days that are approved with it."""
    expires = f" Expires {instant(request.expires_at, zone)} if undecided." if request.expires_at else ""
    voted = (
        f"Approved so far by {people(votes.approved_by, most=FEW)}"
        if votes.approved_by
        else "Nobody has approved yet"
    )
    lead = f"*#{request.id}*: <@{request.requester_id}> asks to {_what(request, zone)}."
    yield section(with_ticket(lead, request.ticket))
    yield from quoted(SHORT[REASON], request.reason, limit=EXCERPT)
    yield from named(request, most=NAMED)
    yield from quoted(SHORT[CLIENTS], request.clients, limit=EXCERPT)
    yield section(f"{voted}; {missing_words(votes)}.{expires}")
    mine = [button("Take back my approval", TAKE_BACK, request.id)] if person in votes.approved_by else []
    yield actions(
        button("Approve", APPROVE, request.id, style="primary"),
        button("Reject", REJECT, request.id, style="danger"),
        *mine,
        button("Who can decide?", WHAT_IF, request.id),
    )
    yield from small(
        [
            (
                f"Code `{code}`. The request's message in the channel has the whole reason, the devices and "
                "the risks."
            )
        ]
    )


def _nothing(found: HomePage) -> str:
    if found.other is None:
        return "Nothing. No request is open."
    open_one = f"#{found.other.id} by <@{found.other.requester_id}> is {STATE_WORDS[found.other.state]}"
    why = f" {sentence(found.why_not)}" if found.why_not else ""
    return f"Nothing. {open_one}.{why}"


def _what(request: ChangeRequest, zone: ZoneInfo) -> str:
    return f"{WISH[request.kind]} for {protocol_names(request)} until {until(request.window_end, zone)}"


def _asked(found: HomePage, zone: ZoneInfo) -> Iterator[Block]:
    if not found.rows.own:
        return
    yield header("You asked")
    yield section("\n".join(_line(request, zone) for request in found.rows.own))
    for request in found.rows.own:
        if (
            request.kind in WISH
            and request.state in OPEN & {State.PENDING, State.APPROVED}
            and request.kind is not Kind.OPT_OUT
        ):
            yield actions(button(f"Withdraw #{request.id}", WITHDRAW, request.id))


def _line(request: ChangeRequest, zone: ZoneInfo) -> str:
    """A line for each, short enough that ten fit into one section."""
    told = f"• *{escape(headline(request))}*, {instant(request.created_at, zone)}"
    return (
        told
        if request.state is State.APPLIED
        else f"{told}: {brief(fitted(sentence(how_it_stands(request)), 120), 20)}"
    )


def _dates(found: HomePage, zone: ZoneInfo) -> Iterator[Block]:
    """The end of the window, and Microsoft's dates as they were stated."""
    end = (
        found.rows.baseline.window_end
        if found.rows.baseline is not None and found.rows.baseline.value is SettingValue.OPTED_IN
        else None
    )
    lines = [f"• *{instant(end, zone)}*: the opt-in ends, and the bot opts out"] if end is not None else []
    lines += [
        f"• *{escape(one.display)}*: {fitted(escape(one.effect), 300)}" for one in found.next_dates[:DATES]
    ]
    if not lines:
        return
    yield divider()
    yield header("Next dates")
    yield section("\n".join(lines))
    yield from small([f":warning: {escape(found.warning)}"] if found.warning else [])
