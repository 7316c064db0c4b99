"""Measures which lines and branches of `widget/` this process runs, for `scripts.coverage`.

Python imports a module of this name as it starts, before the program, in each process that has this
folder in its PYTHONPATH: in pytest and its workers, in `serve` and its workers.
"""

import atexit
import json
import os
import secrets
from pathlib import Path

from slipcover import ImportManager, Slipcover

WIDGET = f"{Path(__file__).parents[2]}/widget/"


class Measured:
    """Compares text. SlipCover's own matcher resolves the path of each import, which is slow."""

    def matches(self, file: str | None) -> bool:
        return file is not None and file.startswith(WIDGET)


process = Slipcover(branch=True)
ImportManager(process, Measured()).__enter__()


@atexit.register
def write() -> None:
    file = Path(os.environ["COVERAGE_FOLDER"], f"{secrets.token_hex()}.json")
    file.write_text(json.dumps(process.get_coverage()))
