"""The matrix plays on the stage of the journeys."""

from tests.journeys.conftest import new_stage, play, pytest_generate_tests, shared_stage, stage

__all__ = ["new_stage", "play", "pytest_generate_tests", "shared_stage", "stage"]
