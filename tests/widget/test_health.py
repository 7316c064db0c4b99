"""What a load balancer and a supervisor are told."""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests import postgres
from tests.postgres import PostgreSQL
from tests.widget.client import open_session
from tests.widget.conftest import MakeSettings
from widget.app import create_app
from widget.limits import Limits
from widget.store import Store
from widget.transactions import DatabaseUnavailable


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """One of the test's own, that may be stopped without harm to others."""
    with postgres.running() as server:
        yield server


def test_without_its_database_the_widget_is_alive_but_not_ready(
    settings: MakeSettings, server: PostgreSQL
) -> None:
    with TestClient(create_app(settings(database_url=server.url))) as http:
        assert http.get("/readyz").json() == {"status": "ready"}
        server.stop()
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").json() == {"status": "alive"}
        server.start()
        assert http.get("/readyz").status_code == 200


def test_a_database_that_takes_no_writes_makes_it_not_ready(
    settings: MakeSettings,
) -> None:
    options = settings()
    file = options.database_url.removeprefix("sqlite:///")
    with (
        TestClient(create_app(options, limits=Limits(ready_seconds=0.1))) as http,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        assert http.get("/readyz").status_code == 200
        other.execute("BEGIN IMMEDIATE")
        assert http.get("/readyz").status_code == 503
        other.execute("ROLLBACK")
        assert http.get("/readyz").status_code == 200


def test_while_another_program_writes_to_sqlite_what_is_read_is_answered_as_ever(
    settings: MakeSettings,
) -> None:
    options = settings()
    with (
        TestClient(
            create_app(options, limits=Limits(request_seconds=2.0)),
            base_url="http://127.0.0.1:8001",
        ) as http,
        closing(
            sqlite3.connect(options.database_url.removeprefix("sqlite:///"), isolation_level=None)
        ) as other,
    ):
        page = open_session(http)
        assert http.get(page).status_code == 200
        other.execute("BEGIN IMMEDIATE")
        for address in ("/healthz", "/embed.js", page, f"{page}/run", page):
            started = time.monotonic()
            assert http.get(address).status_code == 200
            assert time.monotonic() - started < 1.5
        assert http.post(f"{page}/run").status_code == 503
        assert http.get("/healthz").status_code == 200
        # What came late is written: the visit of the page that was loaded meanwhile.
        visit = re.search(r"visit=([\w-]+)", http.get(page).text)
        other.execute("ROLLBACK")
        assert visit is not None
        deadline = time.monotonic() + 10
        while not other.execute("SELECT 1 FROM sessions WHERE visit = ?", [visit[1]]).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([OSError("disk full")], "sweep_failed"),
        ([DatabaseUnavailable("away")] * 2, "store_unavailable"),  # said once a minute
    ],
)
def test_a_fault_of_one_sweep_does_not_end_the_sweeping(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, faults: list[Exception], said: str
) -> None:
    swept_again = threading.Event()
    to_come = iter(faults)

    async def purge(*_: Any, **__: Any) -> None:
        for fault in to_come:
            raise fault
        swept_again.set()

    monkeypatch.setattr(Store, "purge", purge)
    monkeypatch.setattr("widget.sweeper.SWEEP_SECONDS", 0.01)
    with capture_logs() as lines, TestClient(create_app(settings())):
        assert swept_again.wait(10)
    assert [line["event"] for line in lines].count(said) == 1
