"""Tell layouts apart by their shapes: the blocks, fields and elements of a surface, without their texts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold a layout: ``body`` is for ``blocks.validate``; a refused ``native`` one is replaced."""

    name: str
    body: Mapping[str, Any]
    native: bool = False

    @property
    def surface(self) -> str:
        """``message``, ``modal`` or ``home``."""
        view = self.body.get("view")
        return str(view["type"]) if view else "message"

    @property
    def shapes(self) -> frozenset[tuple[str, str]]:
        """Return the surface and each block's shape: its type, fields, and those of its elements."""
        blocks = self.body["view"]["blocks"] if "view" in self.body else self.body["blocks"]
        return frozenset((self.surface, shape_of(block)) for block in blocks)


def shape_of(block: object) -> str:
    """Return the fields of a block and of all that it holds, without their texts."""
    if isinstance(block, Mapping):
        parts = (f"{key}={_word(key, value)}" for key, value in sorted(block.items()) if key not in _FREE)
        return f"{{{' '.join(parts)}}}"
    if isinstance(block, list):
        return f"[{' '.join(sorted({shape_of(each) for each in block}))}]"
    return "."


_FREE = frozenset(
    {
        "action_id",
        "block_id",
        "value",
        "initial_date",
        "max_length",
        "initial_value",
        "initial_options",
        "optional",
    }
)
"""Fields whose presence Slack does not judge together with others."""


def _word(key: str, value: object) -> str:
    return str(value) if key in ("type", "style", "emoji", "verbatim", "multiline") else shape_of(value)


def shapes_of(layouts: Iterable[Layout]) -> frozenset[tuple[str, str]]:
    """Return every shape in these layouts, with its surface."""
    return frozenset().union(*(layout.shapes for layout in layouts))
