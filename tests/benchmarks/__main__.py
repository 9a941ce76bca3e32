"""``python -m tests.benchmarks [ROUNDS]``: measure everything beside its bare counterpart, print the table,
keep it."""

import sys

from tests.benchmarks.run import measure
from tests.benchmarks.table import FILE, save, text

if __name__ == "__main__":
    figures = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
    save(figures)
    print(
        f"\n{text(figures)}\n\nSaved as {FILE.name}. Ratios are of one run on one machine; below 20 % they "
        "mean nothing."
    )
