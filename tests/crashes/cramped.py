"""The sandbox's bot on a SQLite database that can be made full or read-only, and whole again, while it runs.

Run as ``python -m tests.crashes.cramped``. The file named by ``CRAMPED_BY`` says what is wrong: ``full``,
``read-only``, or nothing when it is not there. Looked at with every write transaction, so that trouble begins
and ends between two of them.
"""

import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bot.sandbox import robot

TROUBLES = ("full", "read-only")
_NO_LIMIT = 1_073_741_823
"""Pages; SQLite never lowers the limit below what there is, so that 1 means: not a page more."""


def main() -> int:
    """Serve until stopped."""
    trouble = Path(os.environ["CRAMPED_BY"])

    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            wrong = trouble.read_text(encoding="ascii") if trouble.exists() else ""
            driver = connection.connection.driver_connection
            driver.execute(f"PRAGMA max_page_count = {1 if wrong == 'full' else _NO_LIMIT}")
            driver.execute(f"PRAGMA query_only = {'ON' if wrong == 'read-only' else 'OFF'}")

    event.listen(Engine, "before_cursor_execute", before)
    return robot.main()


if __name__ == "__main__":
    sys.exit(main())
