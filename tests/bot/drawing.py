"""Draws the layouts that ``check`` asks Slack about once for the same settings: that took two thirds of every
check."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from handlers.slack.layouts.examples import Examples
from handlers.slack.layouts.layout import Layout

_DRAWN = dict[str, list[Layout]]()


@pytest.fixture(scope="module")
def drawn_once() -> Iterator[None]:
    """For the tests of a module; what one has drawn serves the others of this process as well.

    A layout's day does not matter there, nor who is named as an approver: the Home alone lists them.
    """
    draw = Examples.distinct

    def distinct(examples: Examples) -> list[Layout]:
        rule = replace(examples.rule, approvers=(), operators=())
        settings = repr((rule, examples.cloud, examples.calendar, examples.zone))
        if settings not in _DRAWN:
            _DRAWN[settings] = draw(examples)
        return _DRAWN[settings]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Examples, "distinct", distinct)
        yield
