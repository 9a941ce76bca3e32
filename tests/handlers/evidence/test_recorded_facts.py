"""What a pack keeps on disk reads as what its checker keeps in memory."""

import csv
import io
import sqlite3
import sys
from typing import Any

import pytest

from handlers.evidence.proof.cells import BREAKS, csv_line
from handlers.evidence.proof.facts import Facts
from handlers.evidence.proof.missing import missing_of_facts, unsearched
from handlers.evidence.proof.tables import Span, reconciled
from handlers.evidence.recorded_facts import spooled_facts

SPAN = Span("2026-11-01", "2026-12-01")
AWKWARD = ["", "a", "A", "\0", "a\0", "é", "\ud800", "\uffff", "\U0001f5a8", '"', "1", "10", "2"]


def said(rows: list[dict[str, Any]], since: int = 1, until: int = 2) -> dict[str, Any]:
    """What a search of some days keeps."""
    changes = [{"number": row["number"], "at": row["at"], "matched": row["matched"]} for row in rows]
    payload = {"from": at(since), "until": at(until), "rows": rows, "changes": changes}
    return {"seq": 1, "at": at(30), "hash": "", "kind": "reconciled", "payload": payload}


def at(day: int) -> str:
    return f"2026-11-{day:02}T00:00:00.000000Z"


def row(name: str, number: int, matched: str = "yes", day: int = 3) -> dict[str, Any]:
    return {
        "id": name,
        "number": number,
        "at": at(day),
        "actor": name,
        "value": "opted in",
        "matched": matched,
    }


def test_rows_on_disk_make_the_tables_that_rows_in_memory_make() -> None:
    events = [said([row(name, number, "no") for number, name in enumerate(AWKWARD)])]
    events.append(said([row(AWKWARD[4], 4, "yes"), row("again", 3, "awaited", day=2)]))
    plain = Facts()
    with spooled_facts() as spooled:
        for event in events:
            plain.take(event)
            spooled.take(event)
        found = reconciled(spooled, SPAN)
        assert list(found) == list(reconciled(plain, SPAN))
        assert len(list(found)) == 2 * len(AWKWARD), "read again, it is the same"
        gaps = list(missing_of_facts(plain, SPAN, at(2), {}))
        assert list(missing_of_facts(spooled, SPAN, at(2), {})) == gaps
        assert len(gaps) == len(AWKWARD)
        for number in range(len(AWKWARD) + 1):
            assert spooled.author_of(number) == plain.author_of(number)
            assert spooled.changes.get(number) == plain.changes.get(number)


def test_more_rows_than_are_written_together_are_all_there() -> None:
    with spooled_facts() as spooled:
        for first in range(0, 1200, 300):
            spooled.take(said([row(str(number), number) for number in range(first, first + 300)]))
        assert len(list(spooled.rows.values())) == 1200
        assert spooled.changes.get(1199)["number"] == 1199


def test_a_disk_that_is_full_is_an_error_of_the_file() -> None:
    with pytest.raises(OSError, match="disk is full"), spooled_facts():
        raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize(
    ("searches", "kept"),
    [
        ([(1, 3), (2, 5), (5, 6)], 1),
        ([(1, 3), (4, 5)], 2),
        ([(4, 5), (1, 3)], 2),
        ([(1, 9), (2, 3), (9, 8)], 1),
    ],
)
def test_searches_that_go_on_are_kept_as_one_and_leave_the_same_gaps(
    searches: list[tuple[int, int]], kept: int
) -> None:
    merged, single = Facts(), Facts()
    for since, until in searches:
        merged.take(said([], since, until))
        single.searches.append((at(since), at(until)))
    assert len(merged.searches) == kept
    assert list(unsearched(merged, SPAN, at(20))) == list(unsearched(single, SPAN, at(20)))


def test_a_line_is_what_programs_that_write_tables_write() -> None:
    cells = ["", "plain", 'a "quoted" word', "a,b", "é", "\ud800"]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    assert csv_line(cells) == written.getvalue()


@pytest.mark.parametrize("cells", [["a{}b", "c"], ['a"{}b']])
def test_no_break_of_a_line_is_left_in_a_cell(cells: list[str]) -> None:
    breaks = [chr(code) for code in range(sys.maxunicode + 1) if BREAKS.match(chr(code))]
    assert len(breaks) == 10
    for each in breaks:
        assert csv_line([cell.format(each) for cell in cells]) == csv_line(
            [cell.format(" ") for cell in cells]
        )
