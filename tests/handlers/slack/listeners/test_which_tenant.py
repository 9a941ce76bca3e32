"""Who does not say which tenant is meant is told as many of theirs as one reads."""

from types import SimpleNamespace
from typing import Any

from handlers.slack.listeners.routing import _unknown, _which
from tests.sentences import says


def _of(count: int) -> Any:
    """So many tenants with long names."""
    names = [f"{'customer-' * 4}{place:04}" for place in range(count)]
    return [SimpleNamespace(signature=SimpleNamespace(alias=name)) for name in names]


def test_a_thousand_tenants_are_named_as_far_as_one_reads_and_counted() -> None:
    told = _which(_of(1000))
    assert says("and_950_more") in told
    assert len(told) < 3000
    assert says("and_950_more") not in _which(_of(50))


def test_a_long_name_that_is_none_is_cut_and_marks_nothing_up() -> None:
    told = _unknown("@" + "<!channel>" * 9, _of(1))
    assert "<!channel>" not in told
    assert len(told) < 200
