"""The command line, as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.widget.partner import KEY
from tests.widget.world import HOST_TOKEN, SECRET
from widget import __version__

GOOD = {
    "WIDGET_PARTNER_API_URL": "http://127.0.0.1:9",
    "WIDGET_PARTNER_API_KEY": KEY,
    "WIDGET_SECRET_KEY": SECRET,
    "WIDGET_HOST_TOKEN": HOST_TOKEN,
    "WIDGET_ALLOWED_ORIGINS": "http://localhost:8000",
}


def widget(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "widget", *arguments],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_secret_prints_a_value_that_is_long_enough_and_another_one_each_time() -> None:
    first, second = widget("secret"), widget("secret")
    assert first.returncode == 0
    assert first.stderr == ""
    assert len(first.stdout.strip()) >= 32
    assert first.stdout != second.stdout


@pytest.mark.parametrize("command", ["serve", "check"])
def test_bad_settings_stop_the_start_with_a_line_each_and_status_2(command: str) -> None:
    result = widget(command, **GOOD | {"WIDGET_LEASE": "0", "WIDGET_SECRET_KEY": "short"})
    assert result.returncode == 2
    assert result.stdout == ""
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "WIDGET_SECRET_KEY",
        "WIDGET_LEASE",
    ]


def test_a_database_file_that_cannot_be_written_is_a_bad_setting() -> None:
    result = widget("serve", **GOOD, WIDGET_DATABASE_URL="sqlite:////proc/nowhere/w.db")
    assert result.returncode == 2
    assert result.stderr.startswith("WIDGET_DATABASE_URL: must be a file that can be written")
    assert "Traceback" not in result.stderr


def test_check_says_what_does_not_answer_without_telling_the_key(tmp_path: Path) -> None:
    result = widget("check", **GOOD, WIDGET_DATABASE_URL=f"sqlite:///{tmp_path / 'w.db'}")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "ok    settings: complete"
    assert lines[1].startswith("FAIL  Partner API: http://127.0.0.1:9")
    assert any(line.startswith("ok    database: ") for line in lines)
    assert KEY not in result.stdout + result.stderr


def test_the_version_is_told() -> None:
    assert widget("--version").stdout.strip() == __version__


def test_a_port_or_a_number_of_workers_that_cannot_be_is_one_line_of_usage() -> None:
    for argument in ["--port=65536", "--port=-1", "--port=http", "--workers=0", "--workers=two"]:
        result = widget("serve", argument, **GOOD)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr
        assert argument.partition("=")[0] in result.stderr.splitlines()[-1]


def test_snippet_prints_and_writes_nothing(tmp_path: Path) -> None:
    database = tmp_path / "new" / "w.db"
    result = widget("snippet", **GOOD, WIDGET_DATABASE_URL=f"sqlite:///{database}")
    assert result.returncode == 0
    assert "<candidate-intelligence" in result.stdout
    assert not database.parent.exists()


def test_without_a_command_the_usage_is_shown() -> None:
    result = widget()
    assert result.returncode == 2
    assert "serve" in result.stderr
