"""Logs: what happened, never about whom."""

import json
import logging
import subprocess
import sys

import pytest

FAIL = """
import logging, structlog
from widget.telemetry import configure_logging

def fail(cv):
    raise ValueError("it broke")

configure_logging("{log_format}")
try:
    fail("Ten years of " + "bridges")
except ValueError as error:
    structlog.get_logger().error("task_failed", exc_info=error)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=error)
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_traceback_tells_where_it_broke_but_not_with_which_values(log_format: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", FAIL.format(log_format=log_format)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == ""
    assert result.stderr.count("it broke") >= 2
    assert "Ten years of bridges" not in result.stderr
    if log_format == "json":
        for line in result.stderr.splitlines():
            assert json.loads(line)["level"] == logging.getLevelName(logging.ERROR).lower()
