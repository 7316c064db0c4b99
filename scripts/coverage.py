"""Runs a command, and fails if it leaves out a line or a branch of `widget/`.

    python -m scripts.coverage pytest tests/widget

It merges what each of its processes has run. One that is killed reports nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import slipcover

ROOT = Path(__file__).parents[1]


def main(command: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        hook = {"PYTHONPATH": str(ROOT / "tests" / "coverage"), "COVERAGE_FOLDER": folder}
        status = subprocess.run(command, env=os.environ | hook).returncode
        total = slipcover.Slipcover(branch=True, source=[str(ROOT / "widget")]).get_coverage()
        for process in Path(folder).iterdir():
            slipcover.merge_coverage(total, json.loads(process.read_text()))
    slipcover.print_coverage(total, skip_covered=True)
    return status or int(total["summary"]["percent_covered"] < 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
