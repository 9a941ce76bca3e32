"""A file that somebody wrote by hand: read by its model, or refused with the line of every mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from handlers.calendar.yaml_lines import WrongFile, read


class Device(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: int = 1


class Devices(BaseModel):
    model_config = ConfigDict(extra="forbid")
    devices: dict[str, Device]


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(WrongFile) as wrong:
        read(Devices, text)
    return wrong.value.mistakes


def test_what_the_model_knows_is_read_with_the_line_of_each_value() -> None:
    found, lines = read(Devices, "devices:\n  a:\n    name: 0123\n  b: {name: Ricoh, count: 4}\n")
    assert (found.devices["a"].name, found.devices["b"].count) == ("0123", 4)
    assert (lines["devices", "a", "name"], lines["devices", "b", "count"]) == (3, 4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("devices:\n  a: {name: x}\n  a: {name: y}\n", ("line 3: a is given twice",)),
        ("devices:\n  a:\n    nam: x\n", ("line 2: missing: name", "line 3: unknown field nam")),
        (
            "devices:\n  a: {name: x, count: many}\n",
            ("line 2: count: input should be a valid integer, unable to parse",),
        ),
        ("devices:\n  a: 7\n", ("line 2: a: expected fields with values",)),
        ("devices:\n  a: &x {name: x}\n  b: *x\n", ("line 3: an alias stands here; write the value itself",)),
        ("devices:\n  a: {name: null}\n", ("line 2: name: must not be null",)),
        ("- a\n", ("line 1: expected fields with values",)),
    ],
)
def test_every_mistake_has_its_line(text: str, told: tuple[str, ...]) -> None:
    found = mistakes(text)
    assert [line for line in told if not any(one.startswith(line) for one in found)] == []


@given(st.text(st.sampled_from("ab:-{}[]&*#'\"\n ,?|>!%@`0"), max_size=60))
def test_whatever_stands_in_a_file_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        read(Devices, text)
    except WrongFile as wrong:
        assert wrong.mistakes  # noqa: PT017 - either way will do
