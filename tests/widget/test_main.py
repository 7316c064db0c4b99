"""The command line, as a user types it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from demo_ats.sandbox.app import create_app
from tests.serving import serving
from tests.widget.partner import KEY
from tests.widget.widget_process import HOST_TOKEN, SECRET, some_environment
from widget import __version__
from widget.__main__ import main

PARTNER_API = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture
def widget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    """Runs `candidate-widget` in this process, with good settings but for those that are named."""
    monkeypatch.setattr(sys, "argv", ["candidate-widget"])
    for name, value in some_environment(f"sqlite:///{tmp_path / 'widget.db'}").items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, **settings: str) -> Ended:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        try:
            status = main(list(arguments))
        except SystemExit as ended:
            status = int(ended.code or 0)
        return Ended(status, *capsys.readouterr())

    yield run
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The origin of a Partner API that knows the key."""
    with serving(create_app([KEY], 1)) as origin:
        yield origin


def test_it_runs_as_a_module() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "widget", "--version"], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == __version__


def test_without_a_command_the_usage_is_shown(widget: Command) -> None:
    ended = widget()
    assert ended.status == 2
    assert "serve" in ended.stderr


def test_secret_prints_a_value_that_is_long_enough_and_another_one_each_time(
    widget: Command,
) -> None:
    first, second = widget("secret"), widget("secret")
    assert (first.status, first.stderr) == (0, "")
    assert len(first.stdout.strip()) >= 32
    assert first.stdout != second.stdout


@pytest.mark.parametrize("command", ["serve", "check"])
def test_bad_settings_stop_the_start_with_a_line_each_and_status_2(
    widget: Command, command: str
) -> None:
    ended = widget(
        command,
        WIDGET_SECRET_KEY="short",
        WIDGET_LEASE="0",
        WIDGET_HOST_TOKEN="",
        WIDGET_DATABASE_URL="postgresql://widget:private@host:port/name",
    )
    assert (ended.status, ended.stdout) == (2, "")
    assert sorted(line.partition(":")[0] for line in ended.stderr.splitlines()) == [
        "WIDGET_DATABASE_URL",
        "WIDGET_HOST_TOKEN",
        "WIDGET_LEASE",
        "WIDGET_SECRET_KEY",
    ]
    assert "private" not in ended.stderr


def test_a_database_file_that_cannot_be_written_is_a_bad_setting(widget: Command) -> None:
    ended = widget("serve", WIDGET_DATABASE_URL="sqlite:////proc/nowhere/w.db")
    assert ended.status == 2
    assert ended.stderr.startswith("WIDGET_DATABASE_URL: must be a file that can be written")


def test_a_port_or_a_number_of_workers_that_cannot_be_is_one_line_of_usage(
    widget: Command,
) -> None:
    for argument in ["--port=65536", "--port=-1", "--port=http", "--workers=0", "--workers=two"]:
        ended = widget("serve", argument)
        assert ended.status == 2
        assert argument.partition("=")[0] in ended.stderr.splitlines()[-1]


def test_snippet_prints_and_writes_nothing(widget: Command, tmp_path: Path) -> None:
    database = tmp_path / "new" / "w.db"
    ended = widget("snippet", WIDGET_DATABASE_URL=f"sqlite:///{database}")
    assert ended.status == 0
    assert "<candidate-intelligence" in ended.stdout
    assert not database.parent.exists()


def test_check_succeeds_where_nothing_fails(widget: Command, sandbox: str) -> None:
    ended = widget("check", WIDGET_PARTNER_API_URL=sandbox)
    assert (ended.status, ended.stderr) == (0, "")
    found, _, printed = ended.stdout.partition("\n\n")
    first, *_ = lines = found.splitlines()
    assert first == "ok    settings: complete"
    assert f"ok    Partner API: {sandbox} accepts the key" in lines
    assert any(line.startswith("ok    database: ") for line in lines)
    assert {line.split()[0] for line in lines} == {"ok", "warn"}
    assert "frame-src http://127.0.0.1:8001" in printed


@pytest.mark.threat(name="read logs")
def test_check_fails_where_something_does_and_tells_no_secret(
    widget: Command, sandbox: str
) -> None:
    wrong = "ats_private_key"
    for origin, line in [
        (sandbox, f"FAIL  Partner API: {sandbox} refuses the key"),
        (PARTNER_API, f"FAIL  Partner API: {PARTNER_API}"),
    ]:
        ended = widget("check", WIDGET_PARTNER_API_URL=origin, WIDGET_PARTNER_API_KEY=wrong)
        assert ended.status == 1
        assert line in ended.stdout
        assert not any(
            secret in ended.stdout + ended.stderr for secret in [wrong, SECRET, HOST_TOKEN]
        )
