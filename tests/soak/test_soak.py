"""The soak, briefly: ``pytest -m long tests/soak``; half an hour of it is ``python -m tests.soak``."""

import os

import pytest

from tests.postgres import NoPostgres
from tests.soak.run import soak


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_minute_of_everything_at_once_loses_nothing_and_does_nothing_twice() -> None:
    try:
        report = soak(60.0, share=0.5, kill_every=20.0)
    except NoPostgres as absent:
        if os.environ.get("TESTS_REQUIRE_POSTGRES") == "1":
            pytest.fail(str(absent), pytrace=False)
        pytest.skip(str(absent))
    print(report)
    assert report.ok, report
