"""What is installed: a wheel that brings its templates, and works from any folder."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from widget.languages import LANGUAGES, SOURCE

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_wheel_carries_everything_that_is_served(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(tmp_path), str(ROOT)),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    served = [
        path.relative_to(ROOT)
        for folder in ("templates", "static")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]
    assert {f"widget/{path.as_posix()}" for path in served} <= packed
    catalogues = {f"widget/locale/{name}/LC_MESSAGES/messages.po" for name in LANGUAGES}
    assert catalogues - packed == {f"widget/locale/{SOURCE}/LC_MESSAGES/messages.po"}
    sandbox = [path.relative_to(ROOT) for path in (ROOT / "demo_ats" / "sandbox").glob("*.*")]
    assert {path.as_posix() for path in sandbox} <= packed
    assert not any(name.startswith(("demo_ats/ats", "tests", "scripts")) for name in packed)


def test_what_is_installed_works_from_any_folder(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--target", str(tmp_path / "site"), str(ROOT)),
        ],
        check=True,
    )
    sandbox = subprocess.run(
        [str(tmp_path / "site" / "bin" / "candidate-sandbox"), "--version"],
        env={"PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert sandbox.stdout.strip() == PROJECT["version"]
    found = subprocess.run(
        [sys.executable, "-c", "from widget.templates import TEMPLATES; print(TEMPLATES)"],
        cwd=tmp_path / "site",
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == str(tmp_path / "site" / "widget" / "templates")


def test_without_the_extra_for_postgresql_the_widget_still_starts() -> None:
    absent = "import sys; sys.modules['greenlet'] = sys.modules['psycopg'] = None; "
    subprocess.run([sys.executable, "-c", absent + "import widget.app"], check=True)
