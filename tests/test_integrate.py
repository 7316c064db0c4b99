"""`docs/integrate.md` as a newcomer follows it: its own code, taken out of the page and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from demo_ats.servers import DIRECT, Ports, free_ports, local, process_of, wait_until_ready
from scripts import chromium
from widget.button import LABELS, State
from widget.openapi import DESCRIPTION

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "integrate.md").read_text(encoding="utf-8")
FIRST_START_SECONDS = 60  # of a runtime, on a machine that is busy
REPORT_MS = 60_000

# What runs the program of a language, and the name that the page gives to its file.
LANGUAGES = {
    "curl": ("sh", "session.sh"),
    "Python": (sys.executable, "session.py"),
    "Node": ("node", "session.mjs"),
    "PHP": ("php", "session.php"),
    "Ruby": ("ruby", "session.rb"),
    "Java": ("java", "Session.java"),
}
NEEDED = {"curl": "curl"}  # beside the shell
RUNNABLE = [
    name for name, (command, _) in LANGUAGES.items() if shutil.which(NEEDED.get(name, command))
]


def code(heading: str, language: str, number: int = 0) -> str:
    """A block of code under a heading of the page."""
    section = re.split(rf"^##+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1]
    section = re.split(r"^##+ ", section, flags=re.MULTILINE)[0]
    blocks = re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return str(blocks[number])


@dataclass(frozen=True)
class Newcomer:
    """A folder with `widget.env` as the page has it written, and the widget that runs by it."""

    folder: Path
    ports: Ports
    environment: dict[str, str]

    @property
    def widget(self) -> str:
        return f"http://127.0.0.1:{self.ports.widget}"

    @property
    def ats(self) -> str:
        return f"http://localhost:{self.ports.ats}"

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(with_ports(content, self.ports), encoding="utf-8")

    def run(self, *command: str, **environment: str) -> str:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | DIRECT | self.environment | environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=FIRST_START_SECONDS,
        ).stdout


def with_ports(text: str, ports: Ports) -> str:
    """The page's ports may be taken on this machine."""
    for written, free in ((3000, ports.ats), (8001, ports.widget), (8002, ports.sandbox)):
        text = re.sub(rf"\b{written}\b", str(free), text)
    return text


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    ports = free_ports()
    folder = tmp_path_factory.mktemp("newcomer")
    _write_settings(folder, ports)
    newcomer = Newcomer(folder, ports, _settings(folder))
    database = {"WIDGET_DATABASE_URL": f"sqlite:///{folder / 'widget.db'}"}
    with ExitStack() as stack:
        for command, address in (
            (_sandbox(ports), f"http://127.0.0.1:{ports.sandbox}/openapi.json"),
            (_widget(ports), f"{newcomer.widget}/readyz"),
        ):
            process = stack.enter_context(process_of(command, newcomer.environment | database))
            wait_until_ready(process, address)
        yield newcomer


def _write_settings(folder: Path, ports: Ports) -> None:
    """By the shell, as on the page, but with the environment that there is."""
    steps = code("1. Run the widget against the sandbox", "sh", 2)
    written = re.search(r"^cat > widget.env.*?^END$", steps, re.MULTILINE | re.DOTALL)
    assert written
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = with_ports(written[0], ports)
    subprocess.run(["sh", "-ec", script], cwd=folder, env={"PATH": path}, check=True)


def _settings(folder: Path) -> dict[str, str]:
    lines = (folder / "widget.env").read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def _sandbox(ports: Ports) -> list[str]:
    command = code("1. Run the widget against the sandbox", "sh", 1)
    arguments = command.removeprefix("candidate-sandbox ").split()
    return [sys.executable, "-m", "demo_ats.sandbox", *arguments, f"--port={ports.sandbox}"]


def _widget(ports: Ports) -> list[str]:
    command = code("1. Run the widget against the sandbox", "sh", 2).splitlines()[-1]
    assert command == "candidate-widget serve"
    return [sys.executable, "-m", "widget", "serve", "--port", str(ports.widget)]


@pytest.mark.parametrize("language", RUNNABLE)
def test_the_session_call_of_each_language_opens_a_session(
    newcomer: Newcomer, language: str
) -> None:
    embed_url = _embed_url(newcomer, language)
    assert embed_url.startswith(f"{newcomer.widget}/embed/")
    page = local.get(embed_url)
    assert page.status_code == 200
    assert LABELS[State.IDLE] in page.text


def _embed_url(newcomer: Newcomer, language: str) -> str:
    command, name = LANGUAGES[language]
    newcomer.write(name, code(language, r"\w+"))
    printed = newcomer.run(command, name)
    return str(json.loads(printed)["embed_url"]) if language == "curl" else printed.strip()


LOADED = {
    "Python": (sys.executable, "-c", "import session; print(callable(session.open_session))"),
    "Node": ("node", "-e", "import('./session.mjs').then((m) => console.log(!!m.openSession))"),
    "PHP": ("php", "-r", "require 'session.php'; var_export(function_exists('open_session'));"),
    "Ruby": ("ruby", "-e", "require './session.rb'; puts defined?(open_session) != nil"),
}


@pytest.mark.parametrize("language", sorted(LOADED.keys() & set(RUNNABLE)))
def test_a_program_that_is_loaded_by_another_calls_nothing(
    newcomer: Newcomer, language: str
) -> None:
    newcomer.write(LANGUAGES[language][1], code(language, r"\w+"))
    nowhere = "http://127.0.0.1:9"
    assert newcomer.run(*LOADED[language], WIDGET_PUBLIC_URL=nowhere).strip().lower() == "true"


@pytest.mark.parametrize("language", [name for name in RUNNABLE if name != "curl"])
def test_a_refusal_ends_the_program_with_what_the_widget_said(
    newcomer: Newcomer, language: str
) -> None:
    command, name = LANGUAGES[language]
    newcomer.write(name, code(language, r"\w+"))
    with pytest.raises(subprocess.CalledProcessError) as ended:
        newcomer.run(command, name, WIDGET_HOST_TOKEN="another")
    assert "401" in ended.value.stderr + ended.value.stdout


def test_the_page_and_the_backend_bring_a_report_onto_the_screen(newcomer: Newcomer) -> None:
    newcomer.write("session.py", code("Python", "python"))
    newcomer.write("backend.py", code("3. Give your page a route", "python"))
    newcomer.write("profile.html", code("4. Put the element into the page", "html"))
    command = ["sh", "-c", f'cd "{newcomer.folder}" && exec "{sys.executable}" backend.py']
    with process_of(command, newcomer.environment) as backend:
        wait_until_ready(backend, newcomer.ats)
        assert local.post(f"{newcomer.ats}/candidates/43/intelligence-session").status_code == 404
        _read_a_report(newcomer.ats)


def _read_a_report(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        page = browser.new_page()
        page.goto(address)
        frame = page.frame_locator("candidate-intelligence iframe")
        frame.get_by_role("button", name=LABELS[State.IDLE]).click()
        opened = frame.get_by_role("button", name=LABELS[State.OPEN]).or_(
            frame.get_by_role("link", name=LABELS[State.OPEN])
        )
        expect(opened).to_be_visible(timeout=REPORT_MS)
        browser.close()


if "curl" in RUNNABLE:

    def test_the_erasure_is_carried_out(newcomer: Newcomer) -> None:
        embed_url = _embed_url(newcomer, "curl")
        newcomer.write("erase.sh", code("How is a candidate erased?", "sh"))
        newcomer.run("sh", "erase.sh")
        assert local.get(embed_url).status_code == 410


def test_every_status_of_the_host_api_is_explained() -> None:
    explained = set(re.findall(r"^\| `(\d{3})` \|", PAGE, re.MULTILINE))
    described = {
        status
        for path in DESCRIPTION["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
        if not status.startswith("2")
    }
    assert described <= explained
