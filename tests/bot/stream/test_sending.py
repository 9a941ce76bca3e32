"""Every event reaches a real receiver, in order, signed, until it is taken; what the receiver does holds up
nothing else."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from bot.stream.event_receiver import Receiver
from bot.stream.sending import Stream, lag_of, receiver_name
from storage.engine import Database
from storage.integrity.keyring import Keyring
from storage.jobs.leases import Lease, Leases, TenantDuty
from storage.ledger import Ledger
from storage.messages.outbox import Outbox
from storage.messages.records import Notice, NoticeKind
from storage.record.export import lines
from storage.streams import Streams
from tests.bot.stream.receiving import SECRET, Act, Receiving
from tests.handlers.saying import announcement
from tests.sentences import says
from tests.storage.states import BOB, TENANT

KEY = bytes(range(32))
UTC_ZONE = ZoneInfo("UTC")


class Now:
    """A clock that begins at the real present, because receivers compare, and is moved by the test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, **by: float) -> None:
        self.ahead += timedelta(**by)


class Sender:
    """The bot's side: a record, and the stream of it to one receiver."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, keys=Keyring([KEY]))
        self.ledger, self.clock = Ledger(self.database, TENANT), Now()
        self.leases = Leases(self.database, "this process")

    def record(self, *kinds: str) -> None:
        for kind in kinds:
            with self.ledger.recording(self.clock()) as entry:
                entry.record(kind, "U0ALICE", {"reason": "Scanner in Zürich", "number": 7}, None)

    def stream(self, url: str) -> Stream:
        receiver = Receiver(url, SECRET)
        return Stream(self.ledger, self.streams(url), receiver, clock=self.clock, operators=(BOB, "S0MAIL"))

    def streams(self, url: str) -> Streams:
        return Streams(self.database, TENANT, receiver_name(url))

    def trouble(self, url: str) -> str | None:
        return self.stream(url).trouble(self.streams(url).backlog())

    def lease(self, leases: Leases | None = None) -> Lease:
        found = (leases or self.leases).take(TenantDuty.STREAM.lease(TENANT))
        assert found is not None
        return found

    def send(self, url: str) -> int:
        return self.stream(url).send(self.lease())

    def told(self) -> list[Notice]:
        return Outbox(self.database, TENANT).claim(self.clock(), kinds=(NoticeKind.CHANNEL,))


@pytest.fixture
def sender(migrated_database_url: str) -> Iterator[Sender]:
    found = Sender(migrated_database_url)
    found.record("first", "second", "third")
    yield found
    found.database.close()


@pytest.fixture
def receiving() -> Iterator[Callable[..., Receiving]]:
    opened: list[Receiving] = []

    def start(*acts: Act, otherwise: Act | None = None) -> Receiving:
        opened.append(Receiving(*acts, otherwise=otherwise).__enter__())
        return opened[-1]

    yield start
    for each in opened:
        each.__exit__()


Start = Callable[..., Receiving]


def test_every_event_is_posted_once_from_the_first_one_in_order(sender: Sender, receiving: Start) -> None:
    receiver = receiving()
    assert sender.send(receiver.url) == 3
    sender.record("fourth")
    assert sender.send(receiver.url) == 1
    assert sender.send(receiver.url) == 0
    assert receiver.taken == [1, 2, 3, 4]
    assert not sender.stream(receiver.url).is_due()


def test_the_body_is_a_cloud_event_whose_data_is_the_exported_event(sender: Sender, receiving: Start) -> None:
    receiver = receiving()
    sender.send(receiver.url)
    exported = [json.loads(line) for line in lines(sender.database, TENANT)]
    for post, event in zip(receiver.posted, exported, strict=True):
        body = json.loads(post.body)
        assert body == {
            "specversion": "1.0", "id": f"{TENANT}:{event['seq']}", "source": f"legacytls/{TENANT}",
            "type": f"legacytls.{event['kind']}", "time": event["at"], "datacontenttype": "application/json",
            "data": event,
        }  # fmt: skip
        assert post.headers["Content-Type"] == "application/cloudevents+json"
        assert post.path == "/events?token=canary"


def test_the_hash_can_be_made_again_from_the_data_alone_and_no_authenticator_is_in_it(
    sender: Sender, receiving: Start
) -> None:
    receiver = receiving()
    sender.send(receiver.url)
    prev = "0" * 64
    for post in receiver.posted:
        assert b"authenticator" not in post.body
        data = dict(post.event)
        claimed = data.pop("hash")
        canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        assert hashlib.sha256(canonical.encode()).hexdigest() == claimed
        assert data["prev"] == prev
        prev = claimed


def test_the_library_of_standard_webhooks_verifies_each_post_and_no_altered_one(
    sender: Sender, receiving: Start
) -> None:
    receiver = receiving()
    sender.send(receiver.url)
    for post in receiver.posted:
        assert Webhook(SECRET).verify(post.body, post.headers) == json.loads(post.body)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(post.body.replace(b"first", b"other") + b" ", post.headers)
        assert post.headers["webhook-id"] == json.loads(post.body)["id"]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 502, 503])
def test_what_is_not_taken_is_sent_again_first_and_nothing_overtakes_it(
    sender: Sender, receiving: Start, status: int
) -> None:
    elsewhere = receiving()
    receiver = receiving(Act(), Act(status, {"Location": elsewhere.url}))
    assert sender.send(receiver.url) == 1
    assert [post.seq for post in receiver.posted] == [1, 2]
    assert sender.send(receiver.url) == 0, "it rests"
    assert len(receiver.posted) == 2
    sender.clock.advance(hours=1, seconds=1)
    assert sender.send(receiver.url) == 2
    assert [post.seq for post in receiver.posted] == [1, 2, 2, 3]
    assert receiver.posted[1].body == receiver.posted[2].body
    assert elsewhere.posted == [], "a redirect was followed"


def test_a_reset_connection_and_a_closed_port_are_no_answer(sender: Sender, receiving: Start) -> None:
    receiver = receiving(Act(reset=True))
    assert sender.send(receiver.url) == 0
    sender.clock.advance(seconds=2)
    assert sender.send(receiver.url) == 3
    assert receiver.taken == [1, 2, 3]
    assert sender.send("http://127.0.0.1:9/") == 0
    assert sender.trouble("http://127.0.0.1:9/") == says("3_events_wait_for_the_receiver_http")
    behind = lag_of("http://127.0.0.1:9/", sender.ledger, sender.clock)()
    assert (behind and behind.events, behind and behind.position.tries) == (3, 1)
    assert (
        lag_of(receiver.url, sender.ledger, sender.clock)()
        is lag_of(None, sender.ledger, sender.clock)()
        is None
    )


def test_a_receiver_that_takes_too_long_is_no_answer(
    sender: Sender, receiving: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.stream.event_receiver.PATIENCE", 0.3)
    receiver = receiving(Act(seconds=1.0))
    assert sender.send(receiver.url) == 0
    origin = receiver.url.partition("/events")[0]
    assert sender.trouble(receiver.url) == says("3_events_wait_for_the_receiver_it", origin=origin)
    assert "canary" not in str(sender.trouble(receiver.url))


def test_pauses_grow_from_a_second_to_ten_minutes_and_begin_anew_once_something_is_taken(
    sender: Sender, receiving: Start
) -> None:
    receiver = receiving(otherwise=Act(500))
    streams, pauses = sender.streams(receiver.url), []
    for _ in range(13):
        sender.send(receiver.url)
        position = streams.position()
        assert position.next_at is not None
        pauses.append(round((position.next_at - sender.clock()).total_seconds()))
        sender.clock.advance(seconds=pauses[-1] + 1)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
    receiver.otherwise = Act()
    assert sender.send(receiver.url) == 3
    receiver.otherwise = Act(500)
    sender.record("fourth")
    sender.send(receiver.url)
    assert streams.position().tries == 1


@pytest.mark.parametrize("spelled", ["120", "date"])
def test_what_retry_after_asks_for_is_respected(sender: Sender, receiving: Start, spelled: str) -> None:
    asked = (
        spelled if spelled == "120" else format_datetime(sender.clock() + timedelta(seconds=121), usegmt=True)
    )
    receiver = receiving(Act(503, {"Retry-After": asked}))
    sender.send(receiver.url)
    sender.clock.advance(seconds=110)
    assert not sender.stream(receiver.url).is_due()
    assert sender.send(receiver.url) == 0
    sender.clock.advance(seconds=12)
    assert sender.stream(receiver.url).is_due()
    assert sender.send(receiver.url) == 3


def test_no_receiver_is_left_alone_for_more_than_a_day(sender: Sender, receiving: Start) -> None:
    receiver = receiving(Act(503, {"Retry-After": "999999999"}), Act(503, {"Retry-After": "soon"}))
    sender.send(receiver.url)
    sender.clock.advance(days=1, seconds=1)
    assert sender.send(receiver.url) == 0
    sender.clock.advance(seconds=2)
    assert sender.send(receiver.url) == 3


def test_a_clock_that_was_set_back_keeps_nobody_waiting(sender: Sender, receiving: Start) -> None:
    receiver = receiving(Act(500))
    sender.send(receiver.url)
    sender.clock.advance(days=-3)
    assert sender.send(receiver.url) == 3


def test_gone_is_told_to_the_operators_once_and_tried_hourly(sender: Sender, receiving: Start) -> None:
    receiver = receiving(Act(410), Act(410), Act(410))
    sender.send(receiver.url)
    (notice,) = sender.told()
    message = announcement(notice.facts, UTC_ZONE).text
    assert "<@U0BOB>" in message
    assert "<!subteam^S0MAIL>" in message
    assert "410" in message
    assert "canary" not in message
    for _ in range(2):
        sender.clock.advance(minutes=59)
        assert not sender.stream(receiver.url).is_due()
        sender.clock.advance(minutes=2)
        sender.send(receiver.url)
    assert len(receiver.posted) == 3
    assert sender.told() == [], "told once"
    sender.clock.advance(minutes=61)
    assert sender.send(receiver.url) == 3


def test_another_address_begins_with_the_first_event(sender: Sender, receiving: Start) -> None:
    one, other = receiving(), receiving()
    sender.send(one.url)
    sender.send(other.url)
    assert other.taken == one.taken == [1, 2, 3]


def test_a_record_that_does_not_hold_the_position_is_sent_from_its_first_event(
    sender: Sender, receiving: Start, tmp_path: object
) -> None:
    """As after a backup was put back: the receiver sees by ``prev`` what was written anew."""
    receiver = receiving()
    streams = Streams(sender.database, TENANT, receiver_name(receiver.url))
    ahead = {"seq": 9, "hash": "f" * 64}
    assert streams.taken(streams.position(), ahead, sender.clock()) is not None
    assert sender.send(receiver.url) == 3
    assert receiver.taken == [1, 2, 3]
    assert streams.position().seq == 3


def test_of_two_replicas_only_the_holder_of_the_duty_sends(sender: Sender, receiving: Start) -> None:
    receiver = receiving()
    old, other = sender.lease(), Leases(sender.database, "another process")
    sender.leases.release(old)
    sender.lease(other)
    assert sender.stream(receiver.url).send(old) == 0
    assert receiver.posted == []


def test_a_replica_that_was_overtaken_moves_no_position(sender: Sender, receiving: Start) -> None:
    streams = Streams(sender.database, TENANT, "r")
    begun = streams.position()
    events = streams.behind(begun, 3)
    assert streams.taken(begun, events[2], sender.clock()) is not None
    assert streams.taken(begun, events[0], sender.clock()) is None
    assert streams.refused(begun, "late", sender.clock()) is None
    assert streams.position().seq == 3


def test_what_was_sent_but_not_kept_as_taken_is_sent_again_under_the_same_id(
    sender: Sender, receiving: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = receiving()

    class Died(BaseException):
        """The process ends here."""

    def dies(*_: object) -> None:
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(Streams, "taken", dies)
        with pytest.raises(Died):
            sender.send(receiver.url)
    assert sender.send(receiver.url) == 3
    bodies = [post.body for post in receiver.posted]
    assert bodies[:3] == bodies[3:]
