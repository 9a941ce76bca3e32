"""What would differ from run to run and is held still: chance, and the hour of the day.

One seed is the same in every run unless ``TESTS_SEED`` names another. ``TESTS_SEED=7 pytest -m long``
explores: hypothesis looks at other examples, other moments are chosen to die at, other orders to race in,
other files follow each other. Every run prints its seed, so that what one found can be repeated.
"""

import os
import random
from datetime import UTC, datetime, timedelta

from hypothesis import core, settings

USUAL = 1
GIVEN = os.environ.get("TESTS_SEED")
SEED = int(GIVEN) if GIVEN else USUAL


def chance(purpose: str) -> random.Random:
    """Chance of its own for one purpose, so that no test changes what another one meets."""
    return random.Random(f"{SEED} {purpose}")


def fix_examples() -> None:
    """Let hypothesis find the same examples in every run of one seed, whatever earlier runs found."""
    settings.register_profile(
        "tests", deadline=None, print_blob=True, database=None, derandomize=GIVEN is None
    )
    settings.load_profile("tests")
    if GIVEN is not None:
        core.global_force_seed = SEED  # what its own option --hypothesis-seed sets


def _until_saturday_noon(now: datetime) -> float:
    """Seconds until the next Saturday, noon UTC."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=(5 - now.weekday()) % 7)
    return ((noon if noon >= now else noon + timedelta(days=7)) - now).total_seconds()


QUIET = _until_saturday_noon(datetime.now(UTC))
"""Seconds by which a test's world runs ahead, so that it begins on a Saturday: scheduled messages wait for
working hours, and what a test sees must not depend on the hour at which somebody runs it. One number for all
worlds of a run: no clock goes back."""
