"""Each day's head is stamped by a real authority; one that is away, slow or wrong blocks nothing and leaves a
named gap."""

import io
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.reports.verify import checked_stamps
from bot.stream import timestamps
from bot.stream.timestamp_tokens import WrongToken, read_token
from bot.stream.timestamps import TimeStampService
from handlers.evidence.daily_values import Days
from handlers.evidence.heads import Stamping
from handlers.evidence.pack import Pack
from handlers.policy.periods import Period
from handlers.ports import Unavailable
from storage.engine import Database
from storage.ledger import Ledger
from tests.bot.stream.stamping import Authority
from tests.storage.states import TENANT

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl program is not installed"
)
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority


@pytest.fixture
def authority(made: Authority) -> Authority:
    made.behaviour, made.asked = "well", 0
    return made


@pytest.fixture
def ledger(migrated_sqlite_url: str) -> Iterator[Ledger]:
    """A record of two days, of which one is over."""
    database = Database(migrated_sqlite_url)
    found = Ledger(database, TENANT)
    with found.recording(TODAY - timedelta(days=1)) as entry:
        entry.record(
            "settings", "bot", {"changed": {}, "settings": {"LEGACYTLS_TIMESTAMP_URL": "http://127.0.0.1"}}
        )
    Days(found).close(datetime.now(UTC))
    yield found
    database.close()


def stamping(ledger: Ledger, authority: Authority) -> Stamping:
    return Stamping(ledger, TimeStampService(authority.url, clock=lambda: datetime.now(UTC)))


def missing(ledger: Ledger) -> list[str]:
    period = Period((TODAY - timedelta(days=1)).date(), TODAY.date())
    return [
        said for said in Pack(ledger.database, TENANT, period).write(io.BytesIO()).missing if "stamp" in said
    ]


def test_the_head_of_a_day_is_stamped_once_and_the_pack_holds_what_openssl_verifies(
    ledger: Ledger, authority: Authority, tmp_path: Path
) -> None:
    assert stamping(ledger, authority).keep(datetime.now(UTC)) == 1
    assert stamping(ledger, authority).keep(datetime.now(UTC)) == 0
    assert authority.asked == 1
    written = io.BytesIO()
    Pack(ledger.database, TENANT, Period(date(2020, 1, 1), TODAY.date())).write(written)
    with zipfile.ZipFile(written) as pack:
        names = sorted(name for name in pack.namelist() if name.startswith("timestamps/"))
        pack.extractall(tmp_path, names)
    token, data = (tmp_path / name for name in names)
    assert authority.verifies(data, token)
    data.write_bytes(data.read_bytes() + b"\n")
    assert not authority.verifies(data, token)


def test_verify_checks_each_token_against_the_head_that_it_is_of(
    ledger: Ledger, authority: Authority
) -> None:
    stamping(ledger, authority).keep(datetime.now(UTC))
    sound = checked_stamps(ledger.database, TENANT)
    assert (sound.count, sound.problem) == (1, None)
    assert "Contoso Time" in sound.told
    with ledger.database.engine.connect() as connection:
        for (name,) in connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(
            text("UPDATE audit_events SET hash = :other WHERE kind = 'day'"), {"other": "f" * 64}
        )
        connection.commit()
    assert "rewritten" in str(checked_stamps(ledger.database, TENANT).problem)


@pytest.mark.parametrize("behaviour", ["500", "garbage", "other", "slow"])
def test_a_service_that_is_wrong_or_away_leaves_no_stamp_and_is_asked_again(
    ledger: Ledger, authority: Authority, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamps, "PATIENCE", 1.0)
    authority.behaviour = behaviour
    with pytest.raises(Unavailable):
        stamping(ledger, authority).keep(datetime.now(UTC))
    assert checked_stamps(ledger.database, TENANT).count == 0
    authority.behaviour = "well"
    assert stamping(ledger, authority).keep(datetime.now(UTC)) == 1


def test_a_head_without_a_stamp_is_a_named_gap_after_a_day_and_a_late_stamp_says_so(
    ledger: Ledger, authority: Authority
) -> None:
    assert missing(ledger) == [], "it is not late yet"
    later = datetime.now(UTC) + timedelta(hours=25)
    with ledger.recording(later) as entry:
        entry.record(
            "settings", "bot", {"changed": {}, "settings": {"LEGACYTLS_TIMESTAMP_URL": "http://127.0.0.1"}}
        )
    period = Period((TODAY - timedelta(days=1)).date(), (TODAY + timedelta(days=3)).date())
    told = [
        said for said in Pack(ledger.database, TENANT, period).write(io.BytesIO()).missing if "stamp" in said
    ]
    assert len(told) == 1
    assert told[0].endswith("has no time stamp.")
    service = TimeStampService(authority.url, clock=lambda: datetime.now(UTC))
    with ledger.recording(later) as entry:
        seq, digest = next((event.seq, event.hash) for event in entry.reader.events() if event.kind == "day")
    stamped = service.stamp(f"{seq}:{digest}".encode())
    assert abs(stamped.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_authority_that_this_machine_does_not_know_is_kept_as_not_verified(authority: Authority) -> None:
    service = TimeStampService(authority.url, clock=lambda: datetime.now(UTC))
    assert service.stamp(b"1:a").verified
    authority.behaviour = "leaf"
    assert not service.stamp(b"1:a").verified


def test_a_token_whose_signature_was_altered_is_refused(authority: Authority) -> None:
    token = bytearray(TimeStampService(authority.url, clock=lambda: datetime.now(UTC)).stamp(b"1:a").token)
    read_token(bytes(token), b"1:a")
    token[-5] ^= 1
    with pytest.raises(WrongToken):
        read_token(bytes(token), b"1:a")
    with pytest.raises(WrongToken, match="something else"):
        read_token(bytes(token), b"1:b")
    for content in (b"", b"\x30", b"\x30\x80", bytes(token[:40]), b"<html>"):
        with pytest.raises(WrongToken):
            read_token(content, b"1:a")


def test_a_clock_that_is_off_proves_another_time(authority: Authority) -> None:
    service = TimeStampService(authority.url, clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(Unavailable, match="another time"):
        service.stamp(b"1:a")
