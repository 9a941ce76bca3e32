"""Check the Slack side: token, scopes, connection, channel, people, layouts, and a test card."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from bot.checks.people import people_verdicts
from bot.checks.verdict import Verdict, failed, passed, warned
from bot.exchange.clouds import CLOUDS
from bot.from_settings import rule_of, slack_client
from bot.process import utc_now
from bot.settings.milestones import load_calendar
from bot.settings.model import Settings
from bot.transport.bolt_app import Identity, identity_of
from handlers.context.people import People
from handlers.policy.rule import Home, is_group
from handlers.ports import Unavailable
from handlers.slack.client.calls import MENDS, call, call_with_headers
from handlers.slack.client.directory import Names, SlackDirectory
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.layouts.examples import Examples
from handlers.slack.layouts.layout import Layout, mistakes
from handlers.slack.scopes import BOT_SCOPES, needed
from handlers.slack.views.trial_card import trial_card

POST_CHECK = "Test card"
LONGEST_WAIT = 30.0
"""Seconds that Slack may ask for before the card is taken away; it is asked twice."""

BY_HAND = "Delete it by hand"


def post_verdict(settings: Settings) -> Verdict:
    """Post the card and delete it; a card that stays is named with its link."""
    client, channel = slack_client(settings), settings.channel or ""
    try:
        posted = call(client.chat_postMessage, channel=channel, **trial_card().arguments())
    except Unavailable as refused:
        unknown = (
            " It is not known whether it was posted: look into the channel." if refused.retryable else ""
        )
        mend = refused.mend or "Invite the bot there, and run the check again."
        return failed(POST_CHECK, f"{refused.sentence}{unknown}", mend)
    place = {"channel": str(posted.get("channel") or channel), "ts": str(posted.get("ts") or "")}
    try:
        _patiently(client.chat_delete, **place)
    except Unavailable as refused:
        stays = f"posted, but not taken away ({refused.sentence.rstrip('.')})"
        return warned(POST_CHECK, stays, f"{BY_HAND}: {_link(client, **place)}")
    return passed(POST_CHECK, "posted into the channel, and taken away again")


def _patiently(method: Callable[..., Any], **arguments: str) -> None:
    """Call once more after the pause that Slack asks for, where that is short. Raises ``Unavailable``."""
    try:
        call(method, **arguments)
    except Unavailable as busy:
        if busy.retry_after is None or busy.retry_after > LONGEST_WAIT:
            raise
        time.sleep(busy.retry_after)
        call(method, **arguments)


def _link(client: SlackWebClient, channel: str, ts: str) -> str:
    try:
        found = call(client.chat_getPermalink, channel=channel, message_ts=ts).get("permalink")
    except Unavailable:
        found = None
    return str(found or f"the message {ts} in the channel {channel}")


LAYOUT_CHECK = "Slack layouts"
REPORT = "This is a defect of this version: please report it with what is said here."
LATER = (
    "Run the check again later; where Slack offers no blocks.validate, the sandbox judges by its published "
    "limits."
)

NOT_DRAWN = "It draws no charts or data tables here, so text says the same"

NAMED = 5
"""Layouts that are named; the others are counted."""

LONGEST_PAUSE, PAUSES = 30.0, 3
"""Seconds that Slack may ask for before the next layout, and how often: a check is not to hang."""


def layout_verdict(settings: Settings) -> Verdict:
    """Say whether Slack would take each layout; what it would refuse is named with where and why."""
    cloud, now = CLOUDS[settings.exchange_cloud].cloud, utc_now()
    examples = Examples(rule_of(settings), cloud, load_calendar(settings.milestones), settings.timezone, now)
    client, found = slack_client(settings), examples.distinct()
    waiting, native = ([each for each in found if each.native is kind] for kind in (False, True))
    taken, refused, left = _judged(client, waiting)
    if refused:
        more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
        return failed(LAYOUT_CHECK, f"Slack would refuse {'; '.join(refused[:NAMED])}{more}", REPORT)
    if left:
        return warned(
            LAYOUT_CHECK, f"{taken} of {len(waiting)} were judged and taken, the others not: {left}", LATER
        )
    drawn = f". {NOT_DRAWN}" if _judged(client, native)[1] else ""
    return passed(
        LAYOUT_CHECK, f"Slack would take all {taken}, which hold every shape that the bot sends{drawn}"
    )


def _judged(client: SlackWebClient, layouts: Sequence[Layout]) -> tuple[int, list[str], str]:
    """Tell how many layouts Slack would take and what it would refuse; empty where all were taken."""
    taken, refused, pauses, place = 0, list[str](), 0, 0
    while place < len(layouts):
        try:
            wrong = mistakes(client, layouts[place])
        except Unavailable as away:
            pauses += 1
            if away.retry_after is None or away.retry_after > LONGEST_PAUSE or pauses > PAUSES:
                return taken, refused, away.sentence
            time.sleep(away.retry_after)
            continue
        place += 1
        taken += not wrong
        refused += [f"{layouts[place - 1].name} ({', '.join(wrong)})"] if wrong else []
    return taken, refused, ""


NETWORK = "Check SLACK_API_URL, the network, proxy and firewall; then run the check again."
CHANNEL_ID = "Check LEGACYTLS_CHANNEL: the id (C…) at the bottom of the channel's details."
SHARED = "Set LEGACYTLS_CHANNEL to a channel that only this organisation can see."
REINSTALL = "Reinstall the app from manifest.yml and set the new SLACK_BOT_TOKEN."


def slack_verdicts(settings: Settings, *, post: bool) -> Iterator[Verdict]:
    """Yield each check of Slack; the later ones are left out when the token does not work.

    ``post`` has a test card sent to the channel.
    """
    client = slack_client(settings)
    identity = yield from token_verdicts(client, settings)
    if identity is None:
        return
    yield from connection_verdicts(client, settings)
    yield channel_verdict(client, settings)
    yield from people_of(client, settings, identity)
    yield layout_verdict(settings)
    if post:
        yield post_verdict(settings)


def token_verdicts(client: SlackWebClient, settings: Settings) -> Generator[Verdict, None, Identity | None]:
    """Prove the bot's token and its scopes; returns whose it is, ``None`` where it does not work."""
    try:
        said, headers = call_with_headers(client.auth_test)
    except Unavailable as refused:
        yield failed(
            "Slack token", refused.sentence, refused.mend or (NETWORK if refused.retryable else REINSTALL)
        )
        return None
    identity = identity_of(said)
    yield passed("Slack token", f"valid, team {identity.team_id}")
    rule = rule_of(settings)
    groups = any(is_group(entry) for entry in rule.approvers + rule.operators)
    yield _scopes(headers.get("x-oauth-scopes", ""), groups=groups)
    return identity


def people_of(client: SlackWebClient, settings: Settings, identity: Identity) -> Iterator[Verdict]:
    """Prove that those who are named may act, and are enough; ``identity`` is the bot's own."""
    rule, directory = rule_of(settings), SlackDirectory(client)
    home = Home(team_id=identity.team_id, enterprise_id=identity.enterprise_id)
    yield from people_verdicts(rule, directory, People(directory, home, rule), Names(client))


def _scopes(header: str, *, groups: bool) -> Verdict:
    """``groups``: whether the rule names user groups."""
    granted = {scope.strip() for scope in header.split(",") if scope.strip()}
    if not granted:
        return warned(
            "Slack scopes",
            "Slack did not say which scopes the token has",
            "Compare them with manifest.yml by hand.",
        )
    missing = sorted(needed(groups=groups) - granted)
    if missing:
        return failed("Slack scopes", f"missing: {', '.join(missing)}", REINSTALL)
    spared = [f"{scope} ({BOT_SCOPES[scope]})" for scope in sorted(set(BOT_SCOPES) - granted)]
    if spared:
        return warned(
            "Slack scopes",
            f"the bot serves without, but misses: {', '.join(spared)}",
            f"If wanted: {REINSTALL}",
        )
    extra = sorted(granted - set(BOT_SCOPES))
    if extra:
        return warned(
            "Slack scopes",
            f"more than needed: {', '.join(extra)}",
            "Remove them from the app: fewer scopes, less to lose.",
        )
    return passed("Slack scopes", "exactly those of the manifest")


def connection_verdicts(client: SlackWebClient, settings: Settings) -> Iterator[Verdict]:
    """Prove that Slack can reach the bot, as far as that can be known here."""
    if settings.slack_app_token is None:
        yield passed("Slack connection", "HTTP mode; that Slack reaches it only Slack can tell")
        return
    try:
        call(client.apps_connections_open, app_token=settings.slack_app_token.get_secret_value())
    except Unavailable as refused:
        finding = (
            refused.sentence
            if refused.retryable
            else "Slack refuses the app-level token, or Socket Mode is switched off"
        )
        mend = (
            "Check SLACK_APP_TOKEN (xapp-…, with the scope connections:write) on the app's page Basic "
            "Information, and that Socket Mode is on."
        )
        yield failed("Slack connection", finding, NETWORK if refused.retryable else mend)
    else:
        yield passed("Slack connection", "Socket Mode may be opened")


def channel_verdict(client: SlackWebClient, settings: Settings) -> Verdict:
    """Prove that the bot can post into the channel, and that no other organisation reads there."""
    try:
        channel = call(client.conversations_info, channel=settings.channel or "").get("channel")
    except Unavailable as refused:
        if refused.code == "missing_scope":
            return warned(
                "Slack channel",
                "cannot be looked at without channels:read or groups:read",
                f"If wanted: {REINSTALL}",
            )
        return failed(
            "Slack channel", refused.sentence, refused.mend or (NETWORK if refused.retryable else CHANNEL_ID)
        )
    found = channel if isinstance(channel, dict) else {}
    if found.get("is_archived"):
        return failed("Slack channel", "it is archived", MENDS["is_archived"][1])
    if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
        return failed("Slack channel", "it is shared with another organisation", SHARED)
    if found.get("is_member") is False:
        return failed("Slack channel", "the bot is not a member", MENDS["not_in_channel"][1])
    return passed("Slack channel", "the bot is a member")
