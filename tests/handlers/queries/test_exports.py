"""The record is handed out in the same memory however long it is, and once at a time to each person."""

import tracemalloc
from dataclasses import replace

import pytest
from slack_bolt import Respond

from handlers.queries import export
from handlers.queries.export import PIECE, Exports, StillExporting
from handlers.slack.listeners.commands import Commands
from storage.jobs.leases import Leases
from storage.record.export import lines
from tests.handlers.driver import ALICE, BOB, House
from tests.handlers.slack.shapes import command


def say(house: House, text: str) -> None:
    respond = Respond(response_url=None, proxy=None, ssl=None)
    Commands(house.edge).listen(lambda *a, **k: None, command(ALICE, text), respond)  # type: ignore[arg-type]


def fill(house: House, events: int) -> None:
    with house.ledger.recording(house.clock()) as entry:
        for number in range(events):
            entry.record("read_back", "bot", {"number": number, "reason": "forty scanners " * 60})


def test_the_file_is_the_record_with_this_very_export_at_its_end(house: House) -> None:
    fill(house, 300)
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as file:
        first, second = b"".join(file.pieces()), b"".join(file.pieces())
    assert first == second == "".join(lines(house.ledger.database, house.ledger.tenant_id)).encode()
    assert len(first) == file.length > PIECE
    assert b"exported" in first.splitlines()[-1]
    assert ALICE.encode() in first.splitlines()[-1]


def test_an_event_that_comes_meanwhile_is_in_the_next_one(house: House) -> None:
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as file:
        fill(house, 10)
        assert sum(map(len, file.pieces())) == file.length


def test_a_longer_record_takes_no_more_memory(house: House) -> None:
    fill(house, 4000)
    tracemalloc.start()
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as file:
        assert file.length > 4_000_000
        assert max(map(len, file.pieces())) < 2 * PIECE
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < file.length  # held whole, it would be added to what a piece and its rows take


def test_a_second_one_of_the_same_person_waits_and_is_told_so(house: House) -> None:
    with house.dispatch.query(Exports).file(ALICE, "jsonl"):
        with pytest.raises(StillExporting), house.dispatch.query(Exports).file(ALICE, "csv"):
            pytest.fail("it began")
        with house.dispatch.query(Exports).file(BOB, "jsonl") as another:
            assert another.length
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as again:
        assert again.length


def test_another_replica_keeps_to_it_as_well(house: House) -> None:
    elsewhere = Exports(
        replace(house.dispatch.context, leases=Leases(house.ledger.database, "another replica"))
    )
    with house.dispatch.query(Exports).file(ALICE, "jsonl"):
        with pytest.raises(StillExporting), elsewhere.file(ALICE, "jsonl"):
            pytest.fail("it began")
        with elsewhere.file(BOB, "jsonl") as another:
            assert another.length
    with elsewhere.file(ALICE, "jsonl") as again:
        assert again.length


def test_a_long_one_keeps_its_place_while_it_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    renew = Leases.renew
    monkeypatch.setattr(export, "RENEW_AFTER", -1.0)
    monkeypatch.setattr(Leases, "renew", lambda self, lease: kept.append(renew(self, lease)))
    fill(house, 300)
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as file:
        assert len(list(file.pieces())) * 2 == len(kept)
    assert all(kept)


def test_a_failed_one_does_not_keep_the_place(house: House) -> None:
    with pytest.raises(OSError, match="gone"), house.dispatch.query(Exports).file(ALICE, "jsonl"):
        raise OSError("gone")
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as again:
        assert again.length


def test_who_asks_again_meanwhile_is_told_and_nothing_is_recorded(house: House) -> None:
    say(house, "export")
    assert house.windows.said[-2]["content"].endswith(b"\n")
    with house.dispatch.query(Exports).file(ALICE, "jsonl") as file:
        before = sum(map(len, file.pieces()))
        say(house, "export csv")
        assert house.windows.said[-1]["text"] == str(StillExporting())
        with house.ledger.reading() as reader:
            assert reader.head()[0] == len(b"".join(file.pieces()).splitlines())
        assert before == file.length
