"""The matrix plays on the stage of the journeys."""

from tests.journeys.conftest import pytest_generate_tests, shared_stage, stage

__all__ = ["pytest_generate_tests", "shared_stage", "stage"]
