# What a contributor needs; none of it needs root.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup test coverage check format sandbox bench pictures

setup: ## a virtual environment with everything pinned
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --require-hashes -r requirements-dev.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .

test: ## the whole test line
	$(BIN)/pytest

coverage: ## the same, and which lines of the product it ran; the floors are written anew
	TESTS_COVERAGE=record $(BIN)/pytest

check: ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: ## what a formatter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sandbox: ## a simulated Slack and tenant with the real bot between them
	$(BIN)/legacytls sandbox

bench: ## the table of docs/performance.md
	$(BIN)/python -m tests.benchmarks

pictures: ## the pictures of the README, by the page's own tests (needs Chromium)
	TESTS_PICTURES=1 TESTS_REQUIRE_BROWSER=1 $(BIN)/pytest -q -n 0 tests/stories/test_the_main_story.py \
	  tests/stories/test_the_register.py
