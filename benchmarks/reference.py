"""An earlier commit of the widget, to compare this one with."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMIT = os.environ.get("REFERENCE", "c117877")
REFERENCE = f"the widget at {COMMIT}"
LOCK = "requirements-runtime.lock"
PIP = [
    *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
    *("--no-deps", "--require-hashes"),
]


@contextmanager
def checkout() -> Iterator[dict[str, str]]:
    """Yields the environment in which `python -m widget` runs COMMIT with its locked dependencies.

    Raises CalledProcessError if the repository does not have the commit.
    """
    with tempfile.TemporaryDirectory(prefix="candidate-widget-") as folder:
        code, packages = Path(folder) / "code", Path(folder) / "packages"
        archive = subprocess.run(
            ["git", "archive", COMMIT],  # noqa: S607
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(code, filter="data")
        # With the same lock, the packages that are installed here are the right ones.
        if _pins(code) != _pins(Path()):
            subprocess.run(
                [*PIP, f"--target={packages}", f"--requirement={code / LOCK}"], check=True
            )
        # PYTHONSAFEPATH: Python would otherwise import `widget` from the current folder first.
        yield {"PYTHONPATH": f"{code}:{packages}", "PYTHONSAFEPATH": "1"}


def _pins(folder: Path) -> list[str]:
    return [line for line in (folder / LOCK).read_text().splitlines() if "==" in line]
