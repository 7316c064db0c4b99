"""Finds a Chromium for the browser tests, or installs one: `python -m scripts.chromium`.

Looks for an installed one first, then tries Playwright's download, then the distribution's package.
The headless shell comes first: the whole browser draws windows that nobody sees, and needs more
than twice the time for each page.
"""

import os
import shutil
import subprocess
import sys
from typing import Any

PACKAGES = ("chromium-headless-shell", "chromium")
NAMES = (*PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--no-first-run")


def options(*arguments: str) -> dict[str, Any]:
    """Arguments for Playwright's `chromium.launch`. Without a path, it uses its own download."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's does not work for root
    return {"executable_path": _installed(), "args": [*ARGUMENTS, *sandbox, *arguments]}


def main() -> int:
    if _installed() or _downloaded() or any(packaged(name) for name in PACKAGES):
        return 0
    print("The browser tests need Chromium: apt-get install chromium", file=sys.stderr)
    return 1


def _installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _downloaded() -> bool:
    return _succeeds(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


def packaged(*names: str) -> bool:
    """Installs the distribution's packages. Returns whether that worked."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    _succeeds(*sudo, "apt-get", "update", "-qq")
    return _succeeds(*sudo, "apt-get", "install", "-y", "-qq", *names)


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return False


if __name__ == "__main__":
    sys.exit(main())
