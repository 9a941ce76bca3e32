"""``python -m tests.benchmarks``: measure beside bare counterparts, print the table, keep it.

``[ROUNDS] [--only PART ...] [--folder FOLDER]``: SQLite is measured where ``FOLDER`` lies, on a real disk if
what is durable is to cost what it costs.
"""

import argparse
from pathlib import Path

from tests.benchmarks.run import ALL, measure
from tests.benchmarks.table import FILE, save, text

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=6)
    parser.add_argument("--only", nargs="+", choices=ALL, default=ALL, help="the parts to be measured")
    parser.add_argument("--folder", type=Path, help="where SQLite's files lie while it is measured")
    given = parser.parse_args()
    figures = measure(given.rounds, given.only, given.folder)
    save(figures)
    print(
        f"\n{text(figures)}\n\nSaved as {FILE.name}. Ratios are of one run on one machine; below 20 % they "
        "mean nothing."
    )
