"""Show messages in Slack: ``handlers.outgoing.announcer_port.Announcer`` over the Web API."""

import contextlib
import threading
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from slack_sdk import WebClient
from slack_sdk.models.blocks import Block

from handlers.outgoing.announcement_view import AnnouncementView
from handlers.outgoing.request_view import RequestView
from handlers.ports import Place, Unavailable
from handlers.register.device_pages import ShownDevice
from handlers.slack.client.calls import call, direct
from handlers.slack.views import announcements, card_buttons, card_thread, cards, devices, request_outcomes
from handlers.slack.views.blocks import Message, actions, button, section, small, typed
from handlers.slack.views.links import Find, is_slacks, linked, nowhere
from handlers.slack.views.mrkdwn import packed, sentence
from handlers.slack.views.signed import Signature, signed
from storage.devices.records import Device
from storage.sightings import Sighting


class SlackAnnouncer:
    """Posts to the configured channel and to people.

    Links in messages are never unfurled: a preview would fetch them.
    """

    def __init__(
        self,
        client: WebClient,
        *,
        channel: str,
        zone: ZoneInfo,
        find: Find = nowhere,
        by: Signature | None = None,
    ) -> None:
        """``find`` looks up permalinks; ``by`` names the tenant in every message, where there are several."""
        self._client = client
        self._channel = channel
        self._zone = zone
        self._find = find
        self._by = by
        self._private: dict[str, str] = {}
        self._opening = threading.Lock()
        self._shared = False

    def draw(self, view: RequestView, place: Place | None) -> Place | None:
        """Post a request's message or redraw a copy; ``None`` when deleted, or another app's."""
        message = cards.card(view, self._zone)
        if place is None:
            self._refuse_shared_channel()
            return self._post(self._channel, message)
        return self._draw_again(place, message)

    def thread(self, view: RequestView, place: Place) -> Place:
        """Reply in the thread of a request's message."""
        return self._post(place.channel, card_thread.details(view), thread_ts=place.ts)

    def permalink(self, place: Place) -> str | None:
        """Ask Slack for a message's link; ``None`` where it does not say, which costs only the link."""
        try:
            link = call(self._client.chat_getPermalink, channel=place.channel, message_ts=place.ts).get(
                "permalink"
            )
        except Unavailable:
            return None
        return link if isinstance(link, str) and is_slacks(link) else None

    def answer(
        self,
        person: str,
        channel: str | None,
        text: str,
        *,
        reason_for: int | None,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        """Answer a person ephemerally where they acted; by direct message where that cannot be."""
        message = answer_message(text, reason_for, typed or {})
        if channel and not channel.startswith("D"):
            try:
                call(
                    self._client.chat_postEphemeral,
                    channel=channel,
                    user=person,
                    **self._shown(message, channel),
                )
                return
            except Unavailable as refused:
                if refused.retryable:
                    raise
        self._post(self._direct(person), message)

    def outcome(self, person: str, view: RequestView) -> Place:
        """Tell the requester, or somebody who decided, how the request stands."""
        return self._post(self._direct(person), request_outcomes.outcome(view, self._zone, person))

    def tell(self, person: str, view: AnnouncementView) -> Place:
        """Say to one person what belongs to no request."""
        return self._post(self._direct(person), announcements.announcement(view, self._zone))

    def retire(self, place: Place, view: RequestView) -> None:
        """Point from an earlier private message to the newer one."""
        call(
            self._client.chat_update,
            channel=place.channel,
            ts=place.ts,
            **signed(request_outcomes.retired(view).arguments(), self._by),
        )

    def announce(self, view: AnnouncementView, place: Place | None = None) -> Place | None:
        """Say something in the channel that belongs to no request, or draw a copy of it again."""
        message = announcements.announcement(view, self._zone)
        return self._post(self._channel, message) if place is None else self._draw_again(place, message)

    def device(
        self, device: Device, seen: Sighting | None, today: date, place: Place, *, again: bool
    ) -> Place | None:
        """Post one entry in a thread, with the buttons that apply to it, or draw a copy of it again."""
        message = devices.entry(ShownDevice(device, today, seen), "")
        return (
            self._draw_again(place, message)
            if again
            else self._post(place.channel, message, thread_ts=place.ts)
        )

    def _draw_again(self, place: Place, message: Message) -> Place | None:
        """``None`` when somebody deleted that copy."""
        try:
            call(
                self._client.chat_update,
                channel=place.channel,
                ts=place.ts,
                **self._shown(message, place.channel),
            )
        except Unavailable as refused:
            if refused.code not in ("message_not_found", "cant_update_message"):
                raise
            return None
        return place

    def _shown(self, message: Message, channel: str) -> dict[str, Any]:
        elsewhere = channel != self._channel
        return signed(linked(message.arguments(), self._find), self._by, elsewhere=elsewhere)

    def _post(self, channel: str, message: Message, **more: str) -> Place:
        arguments = {"unfurl_links": False, "unfurl_media": False, **self._shown(message, channel), **more}
        sent = call(self._client.chat_postMessage, channel=channel, **arguments)
        return Place(channel=str(sent.get("channel") or channel), ts=str(sent.get("ts") or ""))

    def _direct(self, person: str) -> str:
        with self._opening:
            known = self._private.get(person)
        if known is None:
            known = direct(self._client, person)
            with self._opening:
                if known != person:
                    self._private[person] = known
        return known

    def _refuse_shared_channel(self) -> None:
        """Change requests are not posted where people of another organisation read and press buttons.

        Where Slack does not say, what it said last holds: no answer must not keep a request from its
        approvers, and a stranger's vote is refused in any case.
        """
        with contextlib.suppress(Unavailable):
            channel = call(self._client.conversations_info, channel=self._channel).get("channel")
            shared = channel if isinstance(channel, dict) else {}
            self._shared = any(shared.get(flag) for flag in ("is_ext_shared", "is_pending_ext_shared"))
        if self._shared:
            mend = "Set LEGACYTLS_CHANNEL to a channel that only this organisation can see."
            raise Unavailable("The channel is shared with another organisation.", mend=mend, retryable=False)


def answer_message(text: str, reason_for: int | None, given: Mapping[str, str]) -> Message:
    """Draw a private answer: text, what was typed into a form given back, the button for a reason."""
    shown = sentence(text)
    blocks: list[Block] = [
        *map(section, packed(shown.split("\n"))),
        *small(["So that nothing has to be typed again:"] if given else []),
    ]
    for label, what in given.items():
        blocks += typed(label, what)
    if reason_for is not None:
        blocks.append(actions(button("Give a reason", card_buttons.GIVE_REASON, reason_for)))
    return Message(text=shown, blocks=blocks)
