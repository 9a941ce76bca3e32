"""Lets what is compiled be kept, whatever ``PYTHONDONTWRITEBYTECODE`` says in the surroundings.

pytest rewrites the assertions of every file of tests, and hypothesis, in every worker: without that, each
does so anew in every run, which took two thirds of the time to collect the tests. Imported by ``conftest.py``
before anything that is rewritten.
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
