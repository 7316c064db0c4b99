"""What is written stays true: settings, links, commands, vendored files, and no trace of where
it was written."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from widget.assets import SCRIPTS
from widget.settings import Settings
from widget.store import RUN_RETENTION_SECONDS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]

# As they come in the npm package htmx.org 4.0.1. Nobody edits them by hand.
VENDORED = {
    "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-csp-4.0.1.min.js": "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143",
}

MADE_AT_START = {
    "database_url": "an SQLite file in the user's data directory",
    "log_format": "`text` on a terminal, else `json`",
}

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
MACHINE_PATH = re.compile(r"/(?:root|home|work|Users)/[\w.]")
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|registry)\.(?:org|com|io|dev|[\w.]*npm)")


def test_the_table_of_settings_names_every_variable_with_its_default_and_no_other() -> None:
    section = README.read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(WIDGET_\w+)` \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(f"WIDGET_{name.upper()}", _default(name)) for name in Settings.model_fields]


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if name in MADE_AT_START:
        return MADE_AT_START[name]
    if default is PydanticUndefined:
        return "required"
    if default is None:
        return "off"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return str(default) if isinstance(default, int) else f"`{default}`"


def test_the_table_of_dependencies_has_each_with_its_licence() -> None:
    section = README.read_text().partition("\n## What it is made of\n")[2].partition("\n## ")[0]
    listed = " ".join(re.findall(r"^\| ([^|]+) \|(?: [^|]+ \|){4}$", section, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    assert set(re.findall(r"[a-z][a-z0-9-]+", listed)) >= {
        re.split(r"[\[<>=;~]", requirement)[0] for requirement in required
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if not target.startswith(("https://", "http://", "mailto:")):
            path, _, anchor = target.partition("#")
            linked = (page.parent / path).resolve() if path else page
            assert linked.exists(), target
            assert linked.is_relative_to(ROOT), target
            if anchor:
                assert anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    """The names that are made of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in COMMAND.findall(page.read_text())}
    assert {"demo", "test", "check"} <= named <= targets


def test_a_run_is_kept_for_as_long_as_is_said() -> None:
    assert RUN_RETENTION_SECONDS == 30 * 24 * 3600
    assert "| 30 days after its start |" in (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_shows_a_protection_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 40
    assert named <= set(re.findall(r"def (test_\w+)", sources))


def test_the_vendored_files_are_as_they_came_and_carry_their_version() -> None:
    vendored = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "static" / "vendor").iterdir()
    }
    assert vendored == VENDORED
    assert all(re.search(r"-\d+\.\d+\.\d+\.min\.js$", name) for name in vendored)


def test_the_page_loads_the_vendored_files_that_there_are() -> None:
    assert {name for name in SCRIPTS if "vendor/" in name} == {f"vendor/{n}" for n in VENDORED}


def test_nothing_tells_on_which_machine_it_was_written() -> None:
    read = 0
    for path, text in _texts():
        read += 1
        assert not MACHINE_PATH.search(text), path
        assert not REGISTRY.search(text), path
    assert read > 100


def test_the_lock_pins_everything_by_hash_and_holds_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==\S+", lock, re.MULTILINE)
    assert len(packages) > 30
    assert len(packages) == len(re.findall(r"^[\w.-]+.*\\\n    --hash=sha256:", lock, re.MULTILINE))
    assert "://" not in lock
    assert not re.search(r"^-", lock, re.MULTILINE)


def _texts() -> Iterator[tuple[Path, str]]:
    """The project's own files, without what is made or vendored."""
    for top in ROOT.iterdir():
        if not top.name.startswith(".") or top.name == ".ci":
            for path in [top] if top.is_file() else top.rglob("*"):
                if path.is_file() and not {"__pycache__", "vendor"} & set(path.parts):
                    try:
                        yield path, path.read_text(encoding="utf-8")
                    except UnicodeDecodeError:
                        continue
