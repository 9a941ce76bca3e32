"""Socket Mode: tickets, several connections, disconnecting and coming back, acks on another connection."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient

from bot.sandbox.slack.simulation import Slack
from tests.bot.sandbox.bolt_bot import BoltBot


def _socket_url(slack: Slack) -> str:
    client = WebClient(base_url=slack.environment["SLACK_API_URL"])
    return str(client.apps_connections_open(app_token=slack.environment["SLACK_APP_TOKEN"])["url"])


def _text(message: aiohttp.WSMessage) -> dict[str, Any]:
    return dict(json.loads(message.data))


def test_a_connection_begins_with_hello_and_its_ticket_is_spent(slack: Slack) -> None:
    async def twice() -> tuple[dict[str, Any], int]:
        url = _socket_url(slack)
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url) as socket:
                hello = _text(await socket.receive())
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(url)
            return hello, refusal.value.status

    hello, status = asyncio.run(twice())
    assert (hello["type"], hello["num_connections"], hello["connection_info"]) == (
        "hello",
        1,
        {"app_id": "A0LEGACY"},
    )
    assert hello["debug_info"]["approximate_connection_time"] > 0
    assert status == 403


def test_a_ping_is_answered_with_its_own_words(slack: Slack) -> None:
    async def ping() -> aiohttp.WSMessage:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(_socket_url(slack), autoping=False) as socket,
        ):
            await socket.receive()
            await socket.ping(b"still there?")
            return await socket.receive(timeout=20)

    answer = asyncio.run(ping())
    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"still there?")


def test_every_connection_gets_its_share(slack: Slack, bot: BoltBot) -> None:
    other = BoltBot(slack)
    for each in (bot, other):
        each.app.command("/legacytls")(lambda ack: ack("well"))
        each.connect()
    for _ in range(6):
        slack.command("U0ALICE", "/legacytls status")
    slack.workspace.wait_for(lambda: len(slack.messages("C0CHANGES")) == 6)
    other.close()
    numbers = [delivery.connection for delivery in slack.deliveries]
    assert sorted(numbers) == [1, 1, 1, 2, 2, 2]


def test_the_sdk_comes_back_after_disconnect_and_is_served_there(slack: Slack, bot: BoltBot) -> None:
    bot.app.command("/legacytls")(lambda ack: ack("well"))
    bot.connect()
    slack.disconnect("refresh_requested")
    slack.command("U0ALICE", "/legacytls status")
    slack.workspace.wait_for(lambda: slack.messages("C0CHANGES"))
    assert [delivery.connection for delivery in slack.deliveries] == [2]
    assert slack.connections == 1


def test_an_event_lost_with_its_connection_arrives_on_the_next(impatient: Slack, late_bot: BoltBot) -> None:
    heard: list[str] = []
    late_bot.app.event("reaction_added")(lambda body: heard.append(body["event_id"]))
    late_bot.connect()
    ts = late_bot.client.chat_postMessage(channel="C0CHANGES", text="May we?")["ts"]
    impatient.sever()
    event_id = impatient.react("U0BOB", "C0CHANGES", ts, "x")
    late_bot.handler.client.connect_to_new_endpoint(force=True)
    impatient.workspace.wait_for(lambda: heard)
    assert heard == [event_id]


def test_an_ack_counts_on_whichever_connection_it_comes(slack: Slack) -> None:
    """The SDK sends an ack that it still owes over the connection that replaced the old one."""

    async def cross() -> None:
        async with aiohttp.ClientSession() as session:
            first = await session.ws_connect(_socket_url(slack))
            await first.receive()
            slack.workspace.wait_for(lambda: slack.connections == 1)
            slack.command("U0ALICE", "/legacytls status")
            envelope = _text(await first.receive(timeout=20))
            second = await session.ws_connect(_socket_url(slack))
            await second.receive()
            await first.close()
            await second.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "here"}})
            await asyncio.to_thread(slack.workspace.wait_for, lambda: slack.messages("C0CHANGES"))
            await second.close()

    asyncio.run(cross())
    assert [message["text"] for message in slack.messages("C0CHANGES")] == ["here"]


def test_an_envelope_tells_what_it_is(slack: Slack) -> None:
    async def receive() -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.ws_connect(_socket_url(slack)) as socket:
            await socket.receive()
            slack.command("U0ALICE", "/legacytls status")
            envelope = _text(await socket.receive(timeout=20))
            await socket.send_json({"envelope_id": "nobody sent this"})
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            return envelope

    envelope = asyncio.run(receive())
    assert set(envelope) == {"envelope_id", "type", "accepts_response_payload", "payload"}
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)


def test_the_eleventh_connection_is_sent_away(slack: Slack) -> None:
    async def crowd() -> dict[str, Any]:
        async with aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(_socket_url(slack)) for _ in range(11)]
            hellos = [_text(await socket.receive()) for socket in sockets]
            assert [hello["num_connections"] for hello in hellos] == list(range(1, 12))
            farewell = _text(await sockets[-1].receive(timeout=20))
            for socket in sockets:
                await socket.close()
            return farewell

    farewell = asyncio.run(crowd())
    assert (farewell["type"], farewell["reason"]) == ("disconnect", "too_many_websockets")


def test_a_late_ack_is_recorded_but_changes_nothing(impatient: Slack) -> None:
    async def dawdle() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(_socket_url(impatient)) as socket:
            await socket.receive()
            impatient.command("U0ALICE", "/legacytls status")
            envelope = _text(await socket.receive(timeout=20))
            await asyncio.to_thread(impatient.workspace.wait_for, lambda: impatient.notice("U0ALICE"))
            await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "late"}})
            await asyncio.to_thread(impatient.workspace.wait_for, lambda: impatient.deliveries[0].acked_after)

    asyncio.run(dawdle())
    assert impatient.messages("C0CHANGES") == []
    assert (impatient.deliveries[0].acked_after or 0) > 0.5
