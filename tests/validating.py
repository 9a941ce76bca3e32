"""Lets slack_sdk find what validates a block once for each class of blocks, not once for each block.

Its ``validate_json`` looks through every attribute of an object, properties worked out, for methods that are
marked as validators: a twelfth of the time of the tests that draw. Which methods those are is the class's,
so the same ones are called.
"""

from functools import cache

from slack_sdk.models.basic_objects import JsonObject


@cache
def _validators(kind: type[JsonObject]) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name, None), "validator"))


def _validate(block: JsonObject) -> None:
    for name in _validators(type(block)):
        getattr(block, name)()


def validate_by_class() -> None:
    """Let every block that is drawn from now on do so."""
    JsonObject.validate_json = _validate
