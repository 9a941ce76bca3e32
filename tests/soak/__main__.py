"""``python -m tests.soak --minutes 30``: traffic at half of what the bot can do, faults all the time, a kill
a minute.

Prints what happened in numbers. Exit code 0 when all that was promised held, 1 when not, 2 without
PostgreSQL.
"""

import argparse
import sys

from tests.chance import SEED
from tests.postgres import NoPostgres
from tests.soak.run import soak


def main() -> int:
    """Soak as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--share", type=float, default=0.5, help="of the measured capacity (default 0.5)")
    parser.add_argument("--kill-every", type=float, default=60.0, metavar="SECONDS", help="default 60")
    given = parser.parse_args()
    try:
        report = soak(given.minutes * 60, share=given.share, kill_every=given.kill_every)
    except NoPostgres as absent:
        print(f"not measured: {absent}", file=sys.stderr)
        return 2
    print(f"seed {SEED}\n{report}")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
