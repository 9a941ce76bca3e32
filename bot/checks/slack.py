"""Checks of the Slack side: token, scopes, connection, channel, people."""

from collections.abc import Generator, Iterator

from bot.checks.layouts import layout_verdict
from bot.checks.people import people_verdicts
from bot.checks.posting import post_verdict
from bot.checks.verdict import Verdict, failed, passed, warned
from bot.from_settings import rule_of, slack_client
from bot.settings.model import Settings
from bot.transport.bolt_app import Identity, identity_of
from handlers.context.people import People
from handlers.policy.rule import Home, is_group
from handlers.ports import Unavailable
from handlers.slack.client.calls import MENDS, call, call_with_headers
from handlers.slack.client.directory import Names, SlackDirectory
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.scopes import BOT_SCOPES, needed

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
