"""A month of many tenants on one database, with two replicas that are killed again and again and faults in
some tenants: each is told exactly what it would have been told alone, none of it much later.

The same lives are played alone, in a process that knows no other tenant and is not killed; a tenant in
trouble is compared with itself in the same trouble. What the contract allows is allowed: of a message that a
process died on before it could note it, a second copy.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from handlers.ports import Place
from handlers.slack.client.announcer import SlackAnnouncer
from storage.messages.outbox import Outbox
from tests.chance import SEED
from tests.counting import Tally
from tests.months.comparing import delays, differences
from tests.months.lives import Life, lives
from tests.months.play import Play, Played

KILLS = 0.9
"""The chance that one of the two is killed in an instant, of which a working day has three."""

PlayedAlone = Callable[[Life, int], Played]


@pytest.fixture(scope="module")
def alone(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> PlayedAlone:
    """Plays a life alone, on SQLite, once for both databases."""
    folder, known = tmp_path_factory.mktemp("alone"), dict[tuple[str, int], Played]()

    def played(life: Life, days: int) -> Played:
        if (life.alias, days) not in known:
            file = folder / f"{life.alias}.db"
            shutil.copy(_migrated_sqlite, file)
            play = Play(f"sqlite:///{file}", [life], days, seed=SEED, kills=None)
            known[life.alias, days] = play.run(folder)
            for left in folder.glob(f"{file.name}*"):
                left.unlink()
        return known[life.alias, days]

    return played


def wrong(drawn: list[Life], days: int, together: Played, alone: PlayedAlone) -> Iterator[str]:
    """Say what differs, tenant by tenant."""
    yield from (f"seed {SEED}: {error}" for error in together.errors)
    yield from (f"seed {SEED}: nobody's: {said.text}" for said in together.told.said[""])
    for life in drawn:
        own = alone(life, days)
        yield from (f"{life.alias} alone, seed {SEED}: {error}" for error in own.errors)
        for found in differences(life, together, own):
            yield f"{life.alias} ({life.fault or 'healthy'}), seed {SEED}, {found}"


@pytest.mark.parametrize(
    ("tenants", "days", "faults", "database"),
    [
        (3, 2, 1, "sqlite"),
        pytest.param(6, 4, 3, "sqlite", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
        pytest.param(6, 4, 3, "postgres", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
        pytest.param(200, 31, 10, "sqlite", marks=[pytest.mark.long, pytest.mark.timeout(4 * 3600)]),
        pytest.param(200, 31, 10, "postgres", marks=[pytest.mark.long, pytest.mark.timeout(4 * 3600)]),
    ],
)
def test_each_tenant_is_told_what_it_would_have_been_told_alone(  # noqa: PLR0917 - four say how large it is
    tenants: int,
    days: int,
    faults: int,
    database: str,
    alone: PlayedAlone,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tally: Tally,
) -> None:
    drawn = lives(SEED, tenants, days, faults=faults)
    url = request.getfixturevalue(f"migrated_{database}_url")
    together = Play(url, drawn, days, seed=SEED, kills=KILLS).run(tmp_path)
    found = list(islice(wrong(drawn, days, together, alone), 20))
    assert not found, "\n".join(found)
    assert together.deaths >= days // 2
    said = [one for life in drawn for one in together.of(life)]
    late = [seconds for life in drawn for _, seconds in delays(alone(life, days).of(life), together.of(life))]
    assert len(said) > tenants * days
    where = f"in a month of tenants on {database}"
    tally(f"messages {where}, the same as alone", len(said))
    tally(f"deaths of a replica {where}", together.deaths)
    tally(f"second copies after a death {where}", sum(one.forgiven for one in said))
    tally(f"seconds by which the latest came later than alone {where}", max(late))


@contextmanager
def sent_to_another_channel() -> Iterator[None]:
    """What is applied in the first tenant is said in the second one's channel."""
    post = SlackAnnouncer._post

    def astray(self: SlackAnnouncer, channel: str, message: Any, **more: str) -> Place:
        wrong_one = channel == "C0T000" and "thread_ts" not in more
        return post(self, "C0T001" if wrong_one else channel, message, **more)

    with patch.object(SlackAnnouncer, "_post", astray):
        yield


@contextmanager
def noted_before_it_is_sent() -> Iterator[None]:
    """A message counts as sent once it is claimed, so a death before it is posted loses it."""
    claim = Outbox.claim

    def claimed(self: Outbox, now: datetime, **named: Any) -> Any:
        found = claim(self, now, **named)
        for notice in found:
            self.delivered(notice, now=now)
        return found

    with patch.object(Outbox, "claim", claimed):
        yield


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("leak", [sent_to_another_channel, noted_before_it_is_sent])
def test_the_play_finds_a_leak_that_is_planted(
    leak: Callable[[], AbstractContextManager[None]],
    alone: PlayedAlone,
    migrated_sqlite_url: str,
    tmp_path: Path,
) -> None:
    days = 3
    drawn = lives(SEED, 4, days, faults=0)
    for life in drawn:
        alone(life, days)  # without the leak
    with leak():
        together = Play(migrated_sqlite_url, drawn, days, seed=SEED, kills=KILLS).run(tmp_path)
    assert "is missing" in "".join(wrong(drawn, days, together, alone))
