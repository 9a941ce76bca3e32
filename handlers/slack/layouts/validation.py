"""Ask Slack whether it would take a layout: ``blocks.validate`` judges and posts nothing.

Source: docs.slack.dev/reference/methods/blocks.validate. It needs no scope, and answers what is wrong as
``errors``, each with a pointer and a message.
"""

from functools import partial

from slack_sdk.errors import SlackApiError

from handlers.ports import Unavailable
from handlers.slack.client.calls import call
from handlers.slack.client.web_api import SlackWebClient
from handlers.slack.layouts.layout import Layout
from handlers.suggested import all_without_alias

WRONG = frozenset({"invalid_blocks", "invalid_message", "invalid_view"})
"""Slack's codes for a layout that it would not take."""

SHOWN = 3
"""Mistakes of one layout that are told."""


def mistakes(client: SlackWebClient, layout: Layout) -> list[str]:
    """Return what Slack would refuse in a layout, where and why; empty where it would take it.

    Raises ``Unavailable`` where Slack does not judge.
    """
    refused: list[SlackApiError] = []

    def ask() -> object:
        try:
            return client.api_call("blocks.validate", json=all_without_alias(dict(layout.body)))
        except SlackApiError as error:
            refused.append(error)
            raise

    try:
        call(partial(ask))
    except Unavailable as away:
        if away.code not in WRONG or not refused:
            raise
        return _told(refused[0])
    return []


def _told(error: SlackApiError) -> list[str]:
    found = error.response.get("errors")
    told = [
        f"{one.get('pointer') or '/'}: {one.get('message') or one.get('code')}"
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    ]
    return told[:SHOWN] or ["Slack does not say where"]
