"""What Slack sends to a bot, field by field: slash commands, interactions and events.

Fields follow docs.slack.dev (interactivity/implementing-slash-commands, reference/interaction-payloads,
reference/events) and the fixtures of slackapi/bolt-python. Pure: everything that is minted comes in as an
argument.
"""

from typing import Any

from bot.sandbox.slack.cast import APP_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, Channel, Member
from bot.sandbox.slack.messages import JSON, Message
from bot.sandbox.slack.modals import View

VERIFICATION_TOKEN = "deprecated-and-checked-by-nobody"


def slash_command(person: Member, channel: Channel, line: str, *, trigger_id: str, response_url: str) -> JSON:
    """``/command text`` as typed; the text arrives without the spaces around it."""
    command, _, text = line.strip().partition(" ")
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.person else channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text.strip(),
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _interaction(kind: str, person: Member) -> JSON:
    """What every interaction says of the person and the app."""
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def block_actions_on_message(
    person: Member,
    channel: Channel,
    message: Message,
    *,
    action: JSON,
    values: JSON,
    trigger_id: str,
    response_url: str,
) -> JSON:
    """Something pressed or chosen on a message; an ephemeral message itself is not sent along."""
    ephemeral = message.ephemeral_to is not None
    where = {"message_ts": message.ts, "channel_id": channel.id, "is_ephemeral": ephemeral}
    return {
        **_interaction("block_actions", person),
        "container": {"type": "message", **where},
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": "directmessage" if channel.person else channel.name},
        **({} if ephemeral else {"message": message.as_slack()}),
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }


def block_actions_in_view(person: Member, view: View, *, action: JSON, trigger_id: str) -> JSON:
    """Something pressed or chosen in a modal: no channel, no message, no response_url."""
    return {
        **_interaction("block_actions", person),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": view.as_slack(),
        "actions": [action],
    }


def shortcut(person: Member, *, callback_id: str, trigger_id: str, action_ts: str) -> JSON:
    """Make a global shortcut, which has no channel, message or response_url (docs.slack.dev)."""
    said = {"callback_id": callback_id, "trigger_id": trigger_id, "action_ts": action_ts}
    return {**_interaction("shortcut", person), **said}


def home_event(person: Member, channel: Channel, view: View | None, *, event_ts: str) -> JSON:
    """Make ``app_home_opened``, with the view once one was published (docs.slack.dev)."""
    shown = {"view": view.as_slack()} if view is not None else {}
    return {
        "type": "app_home_opened",
        "user": person.id,
        "channel": channel.id,
        "tab": "home",
        **shown,
        "event_ts": event_ts,
    }


def view_submission(person: Member, view: View, *, trigger_id: str) -> JSON:
    """Return a form sent off. It carries neither the channel nor a response_url."""
    return {
        **_interaction("view_submission", person),
        "trigger_id": trigger_id,
        "view": view.as_slack(),
        "response_urls": [],
    }


def view_closed(person: Member, view: View) -> JSON:
    """Return a form given up; sent only where ``notify_on_close`` asked for it."""
    return {**_interaction("view_closed", person), "view": view.as_slack(), "is_cleared": False}


def reaction_event(kind: str, user: str, name: str, message: Message, *, event_ts: str) -> JSON:
    """``reaction_added`` or ``reaction_removed``: no text, no author, only where the message is."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "item_user": message.user,
        "event_ts": event_ts,
    }


def mention_event(message: Message, *, team: str, event_ts: str) -> JSON:
    """Make ``app_mention``: the message as typed, the bot in it as ``<@U…>`` (docs.slack.dev)."""
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    said = {
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "channel": message.channel,
        "team": team,
    }
    return {"type": "app_mention", **said, **thread, "event_ts": event_ts}


def event_callback(event: JSON, *, event_id: str, is_ext_shared: bool) -> JSON:
    """Return the envelope of an event; ``event_id`` stays the same when it is delivered again."""
    authorization: dict[str, Any] = {
        "enterprise_id": None, "team_id": TEAM_ID, "user_id": BOT_USER, "is_bot": True,
        "is_enterprise_install": False,
    }  # fmt: skip
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(float(event["event_ts"])),
        "authorizations": [authorization],
        "is_ext_shared_channel": is_ext_shared,
        "event_context": f"4-{event_id}",
    }
