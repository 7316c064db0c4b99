"""What is written stays true: settings, links, commands, vendored files, and no trace of where
it was written."""

import ast
import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic_core import PydanticUndefined

from widget import __version__
from widget.assets import SCRIPTS
from widget.events import GONE
from widget.model import Reason
from widget.settings import Settings
from widget.tables import SCHEMA_VERSION

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CHANGELOG = ROOT / "CHANGELOG.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LOCKS = sorted(ROOT.glob("*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [Requirement(each) for each in PROJECT["dependencies"]]
FOR_POSTGRES = [Requirement(each) for each in PROJECT["optional-dependencies"]["postgres"]]

# As they come in the npm package htmx.org 4.0.1. Nobody edits them by hand.
VENDORED = {
    "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-csp-4.0.1.min.js": "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143",
}

IN_WORDS = {
    "database_url": "an SQLite file in the user's data directory",
    "partner_api_proxy": "none",
    "partner_api_ca": "none",
    "events_secret": "required with the URL",
    "log_format": "`text` on a terminal, else `json`",
}

MADE_OR_VENDORED = {"__pycache__", "vendor", "node_modules", "build"}

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
MACHINE_PATH = re.compile(r"/(?:root|home|work|Users)/[\w.]")
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", re.MULTILINE)
BRITISH = re.compile(
    r"(?i)\w*(?:colour|licence|behaviour|defence|favour|cancelled|cancelling|misspelt)\w*"
)
REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|registry)\.(?:org|com|io|dev|[\w.]*npm)")


def test_the_table_of_settings_names_every_variable_with_its_default_and_no_other() -> None:
    section = README.read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(WIDGET_\w+)` \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(f"WIDGET_{name.upper()}", _default(name)) for name in Settings.model_fields]


def _default(name: str) -> str:
    default = Settings.model_fields[name].default
    if name in IN_WORDS:
        return IN_WORDS[name]
    if default is PydanticUndefined:
        return "required"
    if default is None:
        return "off"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return str(default) if isinstance(default, int) else f"`{default}`"


def test_the_table_of_dependencies_has_each_with_its_license() -> None:
    rows = re.findall(r"^\| ([^|]+) \|(?: [^|]+ \|){2} ([^|]+) \|", _dependencies(), re.MULTILINE)
    licenses = {name: license for names, license in rows for name in re.findall(r"[\w-]+", names)}
    for requirement in {*NEEDED, *FOR_POSTGRES}:
        assert licenses.get(requirement.name) in _licenses(requirement.name), requirement.name


def _dependencies() -> str:
    return README.read_text().partition("\n## Dependencies\n")[2].partition("\n## ")[0]


def _licenses(package: str) -> set[str]:
    """What a package says of itself: an expression, or in an older way, which is less exact."""
    said = metadata(package)
    if "License-Expression" in said:
        return {said["License-Expression"]}
    classifiers = " ".join(said.get_all("Classifier") or [])
    older = {"BSD-3-Clause": "BSD License", "MIT": "MIT License"}
    return {said["License"]} | {name for name, text in older.items() if text in classifiers}


def test_as_many_packages_are_installed_as_is_said() -> None:
    base = _installed_for(NEEDED)
    all_of_them = _installed_for([*NEEDED, *FOR_POSTGRES])
    said = " ".join(_dependencies().split())
    assert f"has {len(base)} packages besides the widget" in said
    assert f"PostgreSQL adds {len(all_of_them - base)} packages" in said
    assert all_of_them <= _pins(ROOT / "requirements-runtime.lock").keys()


def _installed_for(
    requirements: Iterable[Requirement], extras: Iterable[str] = frozenset()
) -> set[str]:
    """The packages that pip installs for them on this machine."""
    found = set()
    for each in requirements:
        if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in ["", *extras]):
            needed = map(Requirement, requires(each.name) or [])
            found |= {canonicalize_name(each.name), *_installed_for(needed, each.extras)}
    return found


@pytest.mark.parametrize("requirement", [*NEEDED, *FOR_POSTGRES], ids=str)
def test_every_dependency_has_an_upper_bound(requirement: Requirement) -> None:
    assert "<" in {bound.operator for bound in requirement.specifier}


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


def test_the_page_on_capacity_says_what_was_measured() -> None:
    results = (ROOT / "benchmarks" / "results.md").read_text()
    page = (ROOT / "docs" / "capacity.md").read_text()
    measured = {
        (row[0], row[1]): row[2]
        for row in re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|", results, re.M)
    }
    before, bare = "the widget at c117877", "bare Starlette and Jinja2"
    for key, said in {
        ("processor for one report, from opening to viewing, SQLite", "–"): "process | {} |",
        ("the same with PostgreSQL, on the widget's side", "–"): "with PostgreSQL | {} |",
        ("the same, on PostgreSQL's side", "–"): "PostgreSQL itself | {} |",
        ("a poll answered from the store: processor time on one worker", before): "0.65 | {} |",
        ("the embed page: processor time on one worker", before): "0.6 | {} |",
        ("opening a session: processor time on one worker", before): "0.5 | {} |",
        ("the embed page: requests/s on one worker", bare): "0.6 | {} |",
        ("opening a session: requests/s on one worker", bare): "0.4 | {} |",
        (
            "polls/s of two widget servers on one PostgreSQL, all on this machine",
            "one of them",
        ): "{} times what one",
    }.items():
        assert said.format(measured[key]) in page, key
    shapes = re.findall(r"viewed and copied: (.+?) \| – \| (\d+ ms) \|", results)
    assert len(shapes) > 10
    for shape, longest in shapes:
        assert f"| {shape} | {longest} |" in page


def test_each_threat_has_tests_that_are_marked_with_its_name() -> None:
    table = (ROOT / "docs" / "security.md").read_text().partition("| threat |")[2]
    threats = re.findall(r"^\| ([^|]+) \| [^-]", table.partition("\n\n")[0], re.MULTILINE)
    sources = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    marked = re.findall(r'^@pytest\.mark\.threat\(name="(.+)"\)$', "".join(sources), re.MULTILINE)
    assert len(threats) == len(set(threats)) > 20
    assert set(marked) == set(threats)


def test_the_page_on_events_names_every_reason_that_an_event_may_have() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    table = page.partition("\n| `reason` |")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert named == {GONE, *Reason} - {Reason.NO_REPORT, Reason.ERASED}  # these come in no event


@pytest.mark.threat(name="supply chain")
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


def test_the_newest_entry_of_the_changelog_is_this_version_with_its_schema() -> None:
    newest = re.split(r"^## ", CHANGELOG.read_text(), flags=re.MULTILINE)[1]
    assert newest.split()[0] == __version__
    assert f"\nSchema version {SCHEMA_VERSION}.\n" in newest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_spelled_as_the_api_spells(page: Path) -> None:
    assert BRITISH.findall(page.read_text()) == []


def test_imports_go_down_the_table_of_modules() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().partition("| module |")[2]
    lines = table.partition("\n\n")[0].splitlines()
    rows = [re.findall(r"\(\.\./widget/(\w+)\.py\)", line) for line in lines]
    row_of = {module: number for number, row in enumerate(rows) for module in row}
    sources = {path.stem: path for path in (ROOT / "widget").glob("*.py")}
    assert sum(map(len, rows)) == len(row_of)
    assert row_of.keys() == sources.keys() - {"__init__"}
    upwards = {
        (module, imported)
        for module, row in row_of.items()
        for imported in _imported_by(sources[module]) & row_of.keys()
        if row_of[imported] < row
    }
    assert upwards == set()


def _imported_by(source: Path) -> set[str]:
    """The names after `widget`, which are those of modules or of what the package itself holds."""
    names = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {name.split(".")[1] for name in names if name.startswith("widget.")}


@pytest.mark.threat(name="supply chain")
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_lock_pins_everything_by_hash_and_holds_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = PIN.findall(text)
    assert len(pins) > 5
    assert len(pins) == len(re.findall(r"^[\w.-]+.*\\\n    --hash=sha256:", text, re.MULTILINE))
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def test_the_image_gets_the_versions_that_are_tested() -> None:
    tested = _pins(ROOT / "requirements.lock")
    for lock in LOCKS:
        assert _pins(lock).items() <= tested.items()


@pytest.mark.threat(name="supply chain")
def test_the_image_installs_what_is_pinned_by_hash_and_nothing_else() -> None:
    steps = (ROOT / "Dockerfile").read_text().replace("\\\n", "").replace("&&", "\n").splitlines()
    pips = [re.sub(r".*\bpip ", "", step).split() for step in steps if "/pip " in step]
    locked = [words[-1] for words in pips if "--require-hashes" in words]
    others = [words for words in pips if "--require-hashes" not in words]
    assert locked == ["requirements-build.lock", "requirements-runtime.lock"]
    assert all("--no-deps" in words for words in others)
    assert [words[-1] for words in others] == [".", "dist/*.whl"]
    assert all("--no-build-isolation" in words for words in others if "wheel" in words)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in locked} <= set(ignored)


def _pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text()))


def _texts() -> Iterator[tuple[Path, str]]:
    """The project's own files, without what is made or vendored."""
    for top in ROOT.iterdir():
        if not top.name.startswith(".") or top.name == ".ci":
            for path in [top] if top.is_file() else top.rglob("*"):
                if path.is_file() and not MADE_OR_VENDORED & set(path.parts):
                    try:
                        yield path, path.read_text(encoding="utf-8")
                    except UnicodeDecodeError:
                        continue
