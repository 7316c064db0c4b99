"""Finds a Chromium for the browser tests, or gets one: `python -m scripts.chromium`.

One that is installed already is taken first, then Playwright's own download is tried, then the
distribution's package.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]


def find(playwright: Playwright) -> str | None:
    """The path of a browser that works, or None."""
    installed = (path for name in NAMES if (path := shutil.which(name)))
    downloaded = playwright.chromium.executable_path
    return next(installed, downloaded if Path(downloaded).exists() else None)


def arguments() -> list[str]:
    """Chromium has no sandbox for root."""
    return [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS


def main() -> int:
    with sync_playwright() as playwright:
        if find(playwright) is None:
            _try(sys.executable, "-m", "playwright", "install", "chromium")
        if find(playwright) is None:
            sudo = [] if os.geteuid() == 0 else ["sudo"]
            _try(*sudo, "apt-get", "update", "-qq")
            _try(*sudo, "apt-get", "install", "-y", "-qq", "chromium")
        if find(playwright) is None:
            print("The browser tests need Chromium: apt-get install chromium", file=sys.stderr)
            return 1
    return 0


def _try(*command: str) -> None:
    try:
        subprocess.run(command, check=False, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
