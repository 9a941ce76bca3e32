"""Only Slack's own hosts and the host of SLACK_API_URL are written to, and no redirect is followed."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slack_bolt import Ack, BoltContext, BoltRequest

import handlers.slack
from bot.from_settings import slack_client
from bot.settings.model import Settings
from bot.transport.bolt_app import Identity, bolt_app
from handlers.context.web_addresses import Address
from handlers.ports import Unavailable
from handlers.slack.client.calls import CHECK_ADDRESS, REDIRECTED, UNREADABLE, call
from handlers.slack.client.destinations import Destinations, Elsewhere
from handlers.slack.client.response_urls import Answers
from handlers.slack.client.web_api import SIZE_LIMIT, SlackWebClient
from tests.bot.exchange.stage import Stage, answer

SLACK, GATEWAY, HERE = (
    "https://slack.com/api/",
    "https://slack.corp.example:8443/api/",
    "http://127.0.0.1:8642/api/",
)
Judge = Callable[[Destinations, str], Address]
HOSTILE = [
    "https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com:8443/x",
    "https://hooks.slack.com@evil.example/x", r"https://evil.example\.hooks.slack.com/x",
    "https://evil.example%2f.hooks.slack.com/x", "https://hooks.slack.com.evil.example/x",
    "https://evilhooks.slack.com/x", "https://hooks.slack.com./x", "https://x.hooks.slack.com/x",
    "//hooks.slack.com/x", "", "file:///etc/passwd", "https://127.0.0.1/x", "http://127.0.0.1:8642/x",
    "http://localhost/x", "http://169.254.169.254/metadata", "https://[::1]/x",
    "https://files.slack.com.evil.example/x", "https://slack.com.evil.example/link",
    "ws://wss-primary.slack.com/link", "wss://evil.example/link", "wss://evilslack.com/link",
    "wss://slack.com.evil.example/link", "wss://wss-primary.slack.com:8443/link", "wss://127.0.0.1/link",
    r"wss://evil.example\.slack.com/link", "wss://user@wss-primary.slack.com/link",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
@pytest.mark.parametrize("judge", [Destinations.hook, Destinations.upload, Destinations.socket])
def test_whatever_is_not_slack_s_is_refused(judge: Judge, url: str) -> None:
    with pytest.raises(Elsewhere) as refused:
        judge(Destinations(SLACK), url)
    assert "example" not in str(refused.value)


@pytest.mark.parametrize(
    ("judge", "url"),
    [
        (Destinations.hook, "https://hooks.slack.com/commands/T1/2/canary"),
        (Destinations.hook, "https://hooks.slack-gov.com/actions/T1/2/canary"),
        (Destinations.upload, "https://files.slack.com/upload/v1/canary"),
        (Destinations.upload, "https://files.slack-gov.com/upload/v1/canary"),
        (Destinations.socket, "wss://wss-primary.slack.com/link/?ticket=canary&app_id=A1"),
        (Destinations.socket, "wss://wss-backup.slack-gov.com/link/?ticket=canary"),
        (Destinations.socket, "wss://cerberus-xxxx.lb.slack-msgs.com/websocket/canary"),
    ],
)
@pytest.mark.parametrize("api_url", [SLACK, GATEWAY])
def test_slack_s_own_hosts_are_written_to(api_url: str, judge: Judge, url: str) -> None:
    assert str(judge(Destinations(api_url), url)) == url


def test_a_host_for_one_purpose_does_not_serve_another() -> None:
    for judge, url in (
        (Destinations.hook, "https://files.slack.com/x"),
        (Destinations.upload, "https://hooks.slack.com/x"),
        (Destinations.socket, "https://wss-primary.slack.com/x"),
        (Destinations.hook, "wss://hooks.slack.com/x"),
    ):
        with pytest.raises(Elsewhere):
            judge(Destinations(SLACK), url)


@pytest.mark.parametrize(
    ("api_url", "url", "taken"),
    [
        (GATEWAY, "https://slack.corp.example:8443/answer/1", True),
        (GATEWAY, "https://slack.corp.example/answer/1", True),
        (GATEWAY, "https://slack.corp.example:9999/answer/1", False),
        (GATEWAY, "http://slack.corp.example/answer/1", False),
        (GATEWAY, "https://other.corp.example/answer/1", False),
        (GATEWAY, "http://127.0.0.1:8642/answer/1", False),
        (HERE, "http://127.0.0.1:8642/answer/1", True),
        (HERE, "http://localhost:50000/answer/1", True),
        (HERE, "http://[::1]:50000/answer/1", True),
        (HERE, "http://evil.example/answer/1", False),
        (HERE, "http://10.0.0.1:8642/answer/1", False),
    ],
)
def test_the_host_of_the_configured_address_serves_as_well(api_url: str, url: str, taken: bool) -> None:
    try:
        Destinations(api_url).hook(url)
    except Elsewhere:
        assert not taken
    else:
        assert taken


@pytest.fixture
def slack() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def evil() -> Iterator[Stage]:
    """Would take whatever is carried to it, and says yes to all of it."""
    stage = Stage()
    stage.always(answer(200, {"ok": True, "url": "wss://wss-primary.slack.com/link"}))
    yield stage
    stage.close()


def client_of(stage: Stage) -> SlackWebClient:
    given = {"SLACK_BOT_TOKEN": "xoxb-canary", "SLACK_API_URL": f"{stage.url}/api/"}
    client = slack_client(Settings(**given))  # type: ignore[arg-type]
    assert isinstance(client, SlackWebClient)
    return client


METHODS: list[Callable[[SlackWebClient], object]] = [
    lambda client: call(client.chat_postMessage, channel="C1", text="hello"),
    lambda client: call(client.apps_connections_open, app_token="xapp-canary"),
    lambda client: call(client.auth_test),
    lambda client: call(client.views_open, trigger_id="1.2", view={"type": "modal"}),
    lambda client: call(client.users_info, user="U1"),
    lambda client: call(client.files_getUploadURLExternal, filename="x", length=1),
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", range(len(METHODS)))
def test_no_call_of_slack_s_follows_a_redirect(method: int, status: int, slack: Stage, evil: Stage) -> None:
    slack.always(answer(status, {"ok": True}, {"Location": f"{evil.url}/api/anything"}))
    with pytest.raises(Unavailable) as away:
        METHODS[method](client_of(slack))
    assert (away.value.sentence, away.value.mend, away.value.retryable) == (REDIRECTED, CHECK_ADDRESS, True)
    assert evil.requests == []
    assert len(slack.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_private_answer_follows_a_redirect(status: int, slack: Stage, evil: Stage) -> None:
    slack.always(answer(status, "", {"Location": f"{evil.url}/answer"}))
    assert not Answers(f"{slack.url}/api/").post(f"{slack.url}/answer", {"text": "opted in"})
    assert (len(slack.requests), evil.requests) == (1, [])


def test_a_private_answer_goes_to_slack_s_host_or_nowhere(slack: Stage, evil: Stage) -> None:
    evil.always(answer(200, "ok"))
    assert not Answers().post(f"{evil.url}/answer", {"text": "opted in"})
    assert evil.requests == []
    # another port of this machine
    assert Answers(f"{slack.url}/api/").post(f"{evil.url}/answer", {"text": "opted in"})
    assert json.loads(evil.requests[0].body) == {"text": "opted in"}


@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_an_answer_is_read_to_a_limit_whatever_its_status(status: int, slack: Stage) -> None:
    slack.always(answer(status, b'{"ok": true, "x": "' + b"x" * SIZE_LIMIT + b'"}'))
    with pytest.raises(Unavailable) as away:
        call(client_of(slack).auth_test)
    assert (away.value.sentence, away.value.retryable) == (UNREADABLE, True)


def test_a_large_answer_below_the_limit_is_read_whole(slack: Stage) -> None:
    members = [f"U{number:010}" for number in range(50_000)]
    slack.always(answer(200, {"ok": True, "users": members}))
    assert call(client_of(slack).usergroups_users_list, usergroup="S1")["users"] == members


def test_a_refusal_keeps_slack_s_words_and_how_long_to_wait(slack: Stage) -> None:
    slack.plays(
        answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"}),
        answer(404, {"ok": False, "error": "no"}),
    )
    with pytest.raises(Unavailable) as slow:
        call(client_of(slack).auth_test)
    assert (slow.value.retry_after, slow.value.code) == (7.0, "ratelimited")
    with pytest.raises(Unavailable) as refused:
        call(client_of(slack).auth_test)
    assert refused.value.code == "no"


def test_a_file_goes_to_slack_s_host_or_nowhere(slack: Stage, evil: Stage) -> None:
    def upload(url: str) -> None:
        slack.plays(answer(200, {"ok": True, "upload_url": url, "file_id": "F1"}), answer(200, "OK"))
        slack.always(answer(200, {"ok": True, "files": [{"id": "F1"}]}))
        call(client_of(slack).files_upload_v2, channel="C1", filename="record", content="line\n")

    with pytest.raises(Unavailable):
        upload("https://evil.example/upload")
    with pytest.raises(Unavailable):
        upload(r"https://evil.example\.files.slack.com/upload")
    before = len(slack.requests)
    slack.script.clear()
    upload(f"{slack.url}/upload")
    sent = slack.requests[before + 1]
    assert (sent.path, sent.body, "authorization" in sent.headers) == ("/upload", b"line\n", False)


def test_a_file_is_sent_piece_by_piece_with_its_length_and_without_the_token(slack: Stage) -> None:
    slack.plays(
        answer(200, {"ok": True, "upload_url": f"{slack.url}/upload/1", "file_id": "F1"}),
        answer(200, "OK"),
        answer(200, {"ok": True, "files": [{"id": "F1"}]}),
    )
    content = [b"first\n", b"second\n", b"x" * 200_000]
    length = sum(map(len, content))
    call(client_of(slack).send_file, channel="D1", name="record.jsonl", length=length, pieces=iter(content))
    asked, sent, completed = slack.requests
    assert (sent.path, sent.body, sent.headers["content-length"]) == (
        "/upload/1",
        b"".join(content),
        str(length),
    )
    assert {"authorization", "transfer-encoding"} & set(sent.headers) == set()
    assert f"length={length}".encode() in asked.body
    assert b"F1" in completed.body
    assert b"channel_id=D1" in completed.body


@pytest.mark.parametrize("status", [302, 403, 413, 500])
def test_a_file_that_slack_does_not_take_is_not_shared(status: int, slack: Stage, evil: Stage) -> None:
    slack.plays(
        answer(200, {"ok": True, "upload_url": f"{slack.url}/upload/1", "file_id": "F1"}),
        answer(status, "", {"Location": f"{evil.url}/upload"}),
    )
    with pytest.raises(Unavailable):
        call(client_of(slack).send_file, channel="D1", name="record.jsonl", length=1, pieces=[b"x"])
    assert (len(slack.requests), evil.requests) == (2, [])


def test_no_proxy_is_asked_for_this_machine(
    slack: Stage, evil: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, evil.url)
    slack.always(answer(200, {"ok": True}))
    assert call(client_of(slack).auth_test)["ok"] is True
    assert Answers(f"{slack.url}/api/", proxy=evil.url).post(f"{slack.url}/answer", {"text": "opted in"})
    assert (len(slack.requests), evil.requests) == (2, [])


def test_listeners_get_the_same_client_and_none_uses_bolt_s_own_ways_out(slack: Stage) -> None:
    client = client_of(slack)
    seen: list[object] = []
    app = bolt_app(client, Identity("T1", None, "U1", "B1"))

    @app.command("/legacytls")
    def listen(ack: Ack, context: BoltContext) -> None:
        seen.append(context.client)
        ack()

    body = {"command": "/legacytls", "text": "", "user_id": "U1", "channel_id": "C1", "team_id": "T1"}
    app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert seen == [client]
    trees = [
        ast.parse(path.read_text(encoding="utf-8")) for path in Path(handlers.slack.__path__[0]).rglob("*.py")
    ]
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {function.id for function in calls if isinstance(function, ast.Name)}
    assert {"respond", "say", "urlopen", "WebhookClient", "WebClient"} & called == set()
