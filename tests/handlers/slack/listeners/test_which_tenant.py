"""Who does not say which tenant is meant is told as many of theirs as one reads."""

from types import SimpleNamespace
from typing import Any

from handlers.context.rate_limits import MINUTE, ForAMinute
from handlers.slack.listeners.routing import Router, _unknown, _which
from handlers.slack.shared_edge import SharedEdge
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


class Answered:
    """Stands in for the executor: does at once what is to be said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def follow(self, job: Any, *, person: str) -> None:
        job()

    def reply(self, person: str) -> Any:
        return SimpleNamespace(person=person, say=lambda text: self.said.append((person, text)))


def test_whoever_acts_on_a_tenant_that_is_not_served_is_told_once_a_minute_however_often_they_do() -> None:
    answered, passed = Answered(), [0.0]
    nobody: Any = None
    edge = SharedEdge(answered, nobody, nobody, told=ForAMinute(lambda: passed[0]))  # type: ignore[arg-type]
    router = Router(edge, nobody, nobody)
    for person in ("U0ALICE", "U0ALICE", "U0BOB", "U0ALICE"):
        router._not_served(answered.reply(person))
    assert [person for person, _ in answered.said] == ["U0ALICE", "U0BOB"]
    assert all(says("does_not_serve_a_tenant") in text for _, text in answered.said)
    passed[0] = MINUTE
    router._not_served(answered.reply("U0ALICE"))
    assert len(answered.said) == 3
