"""`python -m benchmarks [PART ...]`: measures the parts, or all of them, and prints a table.

Only a table of all parts is written to `benchmarks/results.md`.
"""

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import uvloop

from benchmarks import (
    crowd,
    growth,
    hostile,
    machines,
    requests,
    screen,
    sharing,
    starting,
)
from benchmarks.figures import Figure, table, write

PARTS = {
    "requests": requests,
    "sharing": sharing,
    "screen": screen,
    "starting": starting,
    "growth": growth,
    "hostile": hostile,
    "machines": machines,
    "crowd": crowd,
}


def main(chosen: list[str]) -> int:
    log = Path(tempfile.mkdtemp(prefix="candidate-widget-")) / "log"
    print(f"What the servers log goes to {log}.", flush=True)
    # The servers log to the standard error that they inherit.
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    figures: list[Figure] = []
    for name in chosen or PARTS:
        began = time.monotonic()
        try:
            figures += uvloop.run(PARTS[name].figures())
        except Exception:
            traceback.print_exc(file=sys.stdout)
            return 1
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    print("\n".join(["", *table(figures)]))
    if not chosen:
        write(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
