"""What a tenant was told among others, compared with what it is told alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tests.months.lives import Life, at
from tests.months.play import Played
from tests.months.slack import Said

LATEST = 90
"""Seconds by which a message may come later than alone: the turns of 200 tenants take 25, what a dead process
had claimed is free after 30, and a second is a look."""

Shown = tuple[int, str, bool, str]


def differences(life: Life, together: Played, alone: Played) -> Iterator[str]:
    """Say what differs, in the order of time."""
    ours, theirs = alone.of(life), together.of(life)
    expected, shown = _counted(ours), _counted(theirs)
    forgiven = _counted(one for one in theirs if one.forgiven)
    found = [(one, "is missing") for one in (expected - shown).elements()]
    found += [(one, "is too many") for one in (shown - expected - forgiven).elements()]
    for (instant, where, again, text), what in sorted(found):
        yield f"{at(instant):%d %b %H:%M} in {where}{', drawn again' * again}: {what}:\n{text}"
    kinds, on_record = Counter(alone.record[life.alias]), Counter(together.record[life.alias])
    yield from (f"not on record: {one}" for one in (kinds - on_record).elements())
    yield from (f"on record: {one}" for one in (on_record - kinds).elements())
    for one, late in delays(ours, theirs):
        if late > LATEST:
            yield f"{at(one.instant):%d %b %H:%M} in {one.where}: {late} s later than alone:\n{one.text}"


def delays(ours: Iterable[Said], theirs: Iterable[Said]) -> Iterator[tuple[Said, int]]:
    """By how many seconds each message came later than alone."""
    alone: dict[Shown, list[int]] = defaultdict(list)
    for one in sorted(ours, key=lambda one: one.after):
        alone[one.shown].append(one.after)
    for one in sorted(theirs, key=lambda one: one.after):
        if alone[one.shown]:
            yield one, one.after - alone[one.shown].pop(0)


def _counted(said: Iterable[Said]) -> Counter[Shown]:
    return Counter(one.shown for one in said)
