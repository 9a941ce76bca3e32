"""The walk of ``enable`` in docs/architecture.md names every file that the road really enters."""

import json
from pathlib import Path
from typing import IO, Any

import pytest

from tests.journeys import backstage
from tests.journeys.stage import ALICE, BOB, Stage
from tests.processes import ForkedChild, start
from tests.test_documents import walked

pytestmark = pytest.mark.long


class Traced(ForkedChild):
    """A bot that writes down how each hop is entered."""

    def _launch(self, module: str, log: IO[bytes]) -> Any:
        environment = self._environment | {"TESTS_WALK": str(self._folder / "walk")}
        return start(
            "tests.journeys.tracing", environment=environment, folder=self._folder, stdout=log, stderr=log
        )


def test_between_two_hops_no_file_is_entered_that_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops = walked()
    (tmp_path / "walk").write_text("\n".join(" ".join(hop) for hop in hops), encoding="utf-8")
    monkeypatch.setattr(backstage, "ForkedChild", Traced)
    with Stage(tmp_path, database_url=f"sqlite:///{tmp_path}/walk.db") as stage:
        number = stage.ask(ALICE)
        stage.press(BOB, number, "approve")
        stage.card(number, "Applied:")
        lines = (tmp_path / "walk.found").read_text(encoding="utf-8").splitlines()
    ways: dict[tuple[str, str], list[list[tuple[str, str]]]] = {}
    for hop, *above in ([tuple(one) for one in json.loads(line)] for line in lines):
        ways.setdefault(hop, []).append(above)
    assert [hop for hop in hops if hop not in ways] == [], "never called"
    assert [hop for hop in hops if not any(_is_direct(hop, above) for above in ways[hop])] == []


def _is_direct(hop: tuple[str, str], above: list[tuple[str, str]]) -> bool:
    """Whether only the hop's own file and that of the hop before lie in between."""
    return {file for file, _ in above} <= {hop[0], *(file for file, _ in above[-1:])}
