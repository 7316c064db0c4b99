"""Looks for known vulnerabilities in the widget's dependencies: `python -m scripts.audit`.

pip-audit does the work. It is installed into a temporary folder each time, so that no lock has to
contain it. If it reaches no database of vulnerabilities, the audit ends with status 2.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements-runtime.lock"
MINUTES = 60
DID_NOT_RUN = 2


def main() -> int:
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        installed = _run(python, "pip", "install", "--quiet", "pip-audit")
        if installed.returncode != 0:
            return _did_not_run("pip-audit could not be installed")
        audit = _run(
            *(python, "pip_audit", "--disable-pip", "--require-hashes"),
            *("--requirement", LOCK, "--format", "json", "--progress-spinner", "off"),
        )
    try:
        packages: list[dict[str, Any]] = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        return _did_not_run("no database of vulnerabilities was reached")
    return report(packages)


def report(packages: list[dict[str, Any]]) -> int:
    """The exit status: 1 if a vulnerability is known, 2 if a package could not be looked up."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        return _did_not_run(f"nothing is known about {len(skipped)} of {len(packages)} packages")
    known = [(package, each) for package in packages for each in package["vulns"]]
    for package, vulnerability in known:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    print(f"{len(packages)} packages, {len(known)} known vulnerabilities")
    return 1 if known else 0


def _run(python: Path, *module: str | Path) -> subprocess.CompletedProcess[str]:
    command = [python, "-m", *module]
    return subprocess.run(
        command, check=False, stdout=subprocess.PIPE, text=True, timeout=10 * MINUTES
    )


def _did_not_run(cause: str) -> int:
    print(f"The audit did not run: {cause}.", file=sys.stderr)
    return DID_NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
