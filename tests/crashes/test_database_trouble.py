"""The database is locked, full, read-only or gone: what is not on record is not sent, people are told, and it
heals by itself."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from storage.lifecycle import State
from storage.record.verify import verify
from storage.schema.tables import metadata
from tests.crashes.beginnings import Begin, Beginning, on_postgres, on_sqlite
from tests.crashes.conftest import Beginnings
from tests.crashes.cramped import TROUBLES
from tests.crashes.postmaster import Postmaster, postmaster
from tests.crashes.world import ALICE, BOB, CHANNEL, ROBOT, World
from tests.postgres import NoPostgres, _libpq
from tests.sentences import says

CRAMPED = "tests.crashes.cramped"
NOT_RECORDED = "*not recorded*"
NOT_KNOWN = "*not known* whether this was recorded"
GET, SET = "Get-TransportConfig", "Set-TransportConfig"


class Trouble:
    """What is wrong with the database of a cramped bot."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / "trouble"
        self._name = name

    def begin(self) -> None:
        """From the next transaction on."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(self._name, encoding="ascii")
        fresh.replace(self.file)

    def end(self) -> None:
        """It is mended."""
        self.file.unlink()


@pytest.fixture(scope="module")
def small_pages(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    """A request stands in the channel; every page of the database is so small that each write needs a new
    one."""
    return on_sqlite(tmp_path_factory.mktemp("beginning"), begin=Begin.ASKED, page_size=512)


@pytest.fixture
def world(beginnings: Beginnings, tmp_path: Path) -> Iterator[World]:
    """A running bot and a request in the channel."""
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        world.start()
        yield world


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Another process holds the write lock."""
    path = make_url(world.url).database
    assert path
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def told(world: World, words: str) -> bool:
    """Whether Bob was told so."""
    return any(words in text for text in world.answers(BOB))


def in_trouble(world: World) -> bool:
    """Whether the worker has met the trouble."""
    return any(entry["event"] == "worker.database_unreachable" for entry in world.logged("warning"))


def assert_applied_once(world: World) -> None:
    """In the end all is as if nothing had happened, and the log was not flooded."""
    world.wait(lambda: world.newest_state() is State.APPLIED and world.owes_nothing())
    assert [call.effective for call in world.writes] == [True]
    assert [sighting.announced for sighting in world.sightings] == [True]
    assert [message["text"][:8] for message in world.public()] == ["Applied:"]
    assert [text[:8] for text in world.direct(ALICE)] == ["Applied:"]
    with world.reader() as reader:
        assert [decision.person_id for decision in reader.decisions([reader.page(limit=1)[0].id])] == [BOB]
    assert verify(world.database, world.tenant.tenant_id).ok
    assert_calm(world)


def assert_calm(world: World) -> None:
    """Trouble is told in a line, not in a stack of calls for each of a thousand tries."""
    log = world.log.read_text(encoding="utf-8")
    assert not [line for line in log.split("\n") if "Traceback" in line], (
        "the stack of every trouble is in the log"
    )
    assert not world.logged("error")
    assert len(world.logged("warning")) < 60


# Locked


def test_a_click_on_a_locked_database_is_told_and_may_be_repeated(world: World) -> None:
    with locked(world):
        world.press(BOB, "approve")
        world.wait(lambda: told(world, NOT_RECORDED))
        assert world.newest_state() is State.PENDING
    assert not world.writes
    world.press(BOB, "approve")
    assert_applied_once(world)


def test_a_reaction_on_a_locked_database_is_left_unacknowledged_and_counts_once_when_slack_sends_it_again(
    world: World,
) -> None:
    with locked(world):
        world.slack.react(BOB, CHANNEL, world.public()[-1]["ts"], "white_check_mark")
        world.wait(lambda: [delivery for delivery in world.slack.deliveries if delivery.retry_attempt == 1])
        first = next(delivery for delivery in world.slack.deliveries if delivery.kind == "events_api")
        assert first.acked_after is None
    assert_applied_once(world)
    assert [text for text in world.direct(BOB) if says("is_counted") in text]


def test_a_lock_between_the_reading_and_the_writing_only_delays(
    beginnings: Beginnings, tmp_path: Path
) -> None:
    with beginnings[Begin.ASKED].world(tmp_path) as world:
        world.start()
        lock = locked(world)
        world.at_cmdlet[GET] = lock.__enter__
        world.press(BOB, "approve")
        world.wait(lambda: world.tenant.calls and in_trouble(world))
        assert not world.writes
        lock.__exit__(None, None, None)
        world.let_claims_expire()
        assert_applied_once(world)


# Full, read-only


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, tmp_path: Path) -> Trouble:
    return Trouble(tmp_path, request.param)


@pytest.fixture
def cramped(small_pages: Beginning, trouble: Trouble, tmp_path: Path) -> Iterator[World]:
    """A running bot on a database that ``trouble`` can befall."""
    with small_pages.world(tmp_path) as world:
        world.start(CRAMPED, CRAMPED_BY=str(trouble.file))
        yield world


def test_a_click_that_cannot_be_kept_is_told_and_nothing_is_sent(cramped: World, trouble: Trouble) -> None:
    trouble.begin()
    cramped.press(BOB, "approve")
    cramped.wait(lambda: told(cramped, NOT_RECORDED))
    assert cramped.newest_state() is State.PENDING
    assert not cramped.tenant.calls
    trouble.end()
    cramped.press(BOB, "approve")
    assert_applied_once(cramped)


def test_what_cannot_be_put_on_record_is_not_sent(cramped: World, trouble: Trouble) -> None:
    cramped.at_cmdlet[GET] = trouble.begin
    cramped.press(BOB, "approve")
    cramped.wait(lambda: cramped.tenant.calls and in_trouble(cramped))
    assert not cramped.writes
    assert cramped.newest_state() is State.APPROVED
    trouble.end()
    cramped.let_claims_expire()
    assert_applied_once(cramped)


def test_what_was_sent_and_cannot_be_put_on_record_is_settled_by_reading_once_it_can(
    cramped: World, trouble: Trouble
) -> None:
    cramped.at_cmdlet[SET] = trouble.begin
    cramped.press(BOB, "approve")
    cramped.wait(lambda: cramped.writes and in_trouble(cramped))
    assert cramped.newest_state() is State.APPLYING
    assert not [text for text in cramped.direct(ALICE) if text.startswith("Applied")]
    trouble.end()
    cramped.let_claims_expire()
    assert_applied_once(cramped)


# Gone


@pytest.fixture(scope="module")
def server() -> Iterator[Postmaster]:
    try:
        with postmaster() as running:
            yield running
    except NoPostgres as absent:
        if os.environ.get("TESTS_REQUIRE_POSTGRES") == "1":
            pytest.fail(str(absent), pytrace=False)
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def on_server(server: Postmaster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    with on_postgres(server.server, tmp_path_factory.mktemp("beginning"), begin=Begin.ASKED) as beginning:
        yield beginning


@pytest.mark.parametrize("cmdlet", [GET, SET], ids=["before the write", "between the write and its record"])
def test_a_server_killed_under_way_and_started_again_loses_nothing(
    cmdlet: str, server: Postmaster, on_server: Beginning, tmp_path: Path
) -> None:
    with on_server.world(tmp_path) as world:
        # a database copied since the last one hands out numbers twice after a crash
        server.server.execute("CHECKPOINT")
        world.start(ROBOT)
        world.at_cmdlet[cmdlet] = server.kill
        world.press(BOB, "approve")
        world.wait(lambda: not server.running and in_trouble(world))
        assert bool(world.writes) is (cmdlet == SET)
        world.press(BOB, "approve")
        world.wait(lambda: told(world, NOT_RECORDED) or told(world, NOT_KNOWN))
        world.slack.command(BOB, "/legacytls status")
        world.wait(lambda: told(world, "record *could not be read*"))
        assert told(world, "*opted in*" if cmdlet == SET else "*not set*")
        server.start()
        world.let_claims_expire()
        assert_applied_once(world)
        world.slack.command(ALICE, "/legacytls status")
        world.wait(lambda: any("Last change:" in text and "#1" in text for text in world.answers(ALICE)))


@contextmanager
def rebuilt(world: World) -> Iterator[None]:
    """Somebody holds every table to himself, as whoever rebuilds them does."""
    with psycopg.connect(_libpq(make_url(world.url))) as admin:
        for table in metadata.tables:
            admin.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        admin.rollback()


def test_a_server_that_is_locked_then_stopped_and_started_again_loses_nothing(
    server: Postmaster, on_server: Beginning, tmp_path: Path
) -> None:
    with on_server.world(tmp_path) as world:
        world.start(ROBOT)
        with rebuilt(world):
            world.press(BOB, "approve")
            world.wait(lambda: told(world, NOT_RECORDED))
            world.slack.command(BOB, "/legacytls status")
            world.wait(lambda: told(world, "record *could not be read*") and in_trouble(world))
            assert all(delivery.acked_after is not None for delivery in world.slack.deliveries)
        server.stop()
        world.press(BOB, "approve")
        world.wait(
            lambda: (
                len([text for text in world.answers(BOB) if NOT_RECORDED in text or NOT_KNOWN in text]) == 2
            )
        )
        server.start()
        world.let_claims_expire()
        world.press(BOB, "approve")
        assert_applied_once(world)
