"""Finds a Chromium for the browser tests, or gets one: `python -m scripts.chromium`.

One that is installed already is taken first, then Playwright's own download is tried, then the
distribution's package.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]


def find() -> str | None:
    """The path of a browser that works, or None."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    with sync_playwright() as playwright:
        downloaded = playwright.chromium.executable_path
    candidates = [*found, downloaded]
    return next((path for path in candidates if Path(path).exists()), None)


def arguments() -> list[str]:
    """Chromium has no sandbox for root."""
    return [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS


def main() -> int:
    if find() is None:
        _try("playwright", "install", "chromium", module=True)
    if find() is None:
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        _try(*sudo, "apt-get", "update", "-qq")
        _try(*sudo, "apt-get", "install", "-y", "-qq", "chromium")
    if find() is None:
        print("The browser tests need Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    return 0


def _try(*command: str, module: bool = False) -> None:
    prefix = [sys.executable, "-m"] if module else []
    try:
        subprocess.run([*prefix, *command], check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
