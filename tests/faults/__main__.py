"""``python -m tests.faults``: every fault of Slack's at every call, and a table of what came of it."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main([str(Path(__file__).parent), "-m", "long or not long", *sys.argv[1:]]))
