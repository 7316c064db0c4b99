"""Finds the browsers of `make engines`, or installs them: `python -m scripts.engines`.

The browsers and their drivers are packages of the distribution, under the names of Debian.
"""

import shutil
import sys
from pathlib import Path

from scripts.chromium import packaged

# Each program that must be there, and the package that contains it.
PACKAGES = {
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "firefox-esr": "firefox-esr",
    "WebKitWebDriver": "webkit2gtk-driver",
    "xvfb-run": "xvfb",
    "xauth": "xauth",
    "dbus-run-session": "dbus",
}


def main() -> int:
    missing = [package for name, package in PACKAGES.items() if not shutil.which(name)]
    if not missing or packaged(*missing):
        return 0
    print(f"The three engines need: apt-get install {' '.join(missing)}", file=sys.stderr)
    return 1


def mini_browser() -> str:
    """WebKitGTK's test browser. It comes with the driver, in a folder that is not on the path."""
    return str(next(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser")))


if __name__ == "__main__":
    sys.exit(main())
