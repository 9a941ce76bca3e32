"""Tells how it was started, and ends or stays as it is told: ``python -m tests.bot.forked_program exit
7``."""

import atexit
import json
import os
import sys
import time

if __name__ == "__main__":
    atexit.register(print, "at the end", file=sys.stderr)
    print("to standard error", file=sys.stderr)
    # Python itself may set that one
    environment = {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}
    folder = os.getcwd()  # noqa: PTH109
    print(json.dumps({"arguments": sys.argv[1:], "environment": environment, "folder": folder}), flush=True)
    if sys.argv[1] == "exit":
        sys.exit(int(sys.argv[2]))
    time.sleep(60)
