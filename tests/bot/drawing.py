"""Draws the layouts that ``check`` asks Slack about once for the same settings: that took two thirds of every
check."""

from collections.abc import Iterator

import pytest

from handlers.slack.layouts.examples import Examples
from handlers.slack.layouts.shapes import Layout


@pytest.fixture(scope="module")
def drawn_once() -> Iterator[None]:
    """For the tests of a module, in this process; a layout's day does not matter there."""
    draw, drawn = Examples.distinct, dict[str, list[Layout]]()

    def distinct(examples: Examples) -> list[Layout]:
        settings = repr((examples.rule, examples.cloud, examples.calendar, examples.zone))
        if settings not in drawn:
            drawn[settings] = draw(examples)
        return drawn[settings]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Examples, "distinct", distinct)
        yield
