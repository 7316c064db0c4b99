"""The database goes away in the middle of a run, and comes back."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tests import postgres
from tests.postgres import PostgreSQL
from tests.processes import Sandbox, Serve, Widget
from tests.reliability.simulated_tab import SimulatedTab
from widget.database import DatabaseUnavailable, connect
from widget.limits import Limits

pytestmark = pytest.mark.anyio

LEASE_SECONDS = 2


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    """One of the test's own, that may be stopped without harm to others."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def database_url(server: PostgreSQL) -> str:
    return server.url


async def until(widget: Widget, status: int) -> None:
    deadline = time.monotonic() + 20
    async with widget.browser() as http:
        while (await http.get("/readyz")).status_code != status:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_a_run_goes_on_when_the_database_is_back(
    serve: Serve, sandbox: Sandbox, server: PostgreSQL
) -> None:
    widget = serve(WIDGET_LEASE=str(LEASE_SECONDS), WIDGET_LEAVE_GRACE="1")
    async with widget.browser() as http:
        tab = await SimulatedTab.open(http, widget.host_token, "test_red")
        await tab.look()
        await tab.click()
        assert tab.state == "running"
        server.stop()
        await until(widget, 503)
        assert (await http.get(tab.base)).status_code == 503
        await asyncio.sleep(2 * LEASE_SECONDS)
        server.start()
        await until(widget, 200)
        await tab.watch("open", seconds=30)
    assert [call["method"] for call in sandbox.calls("DELETE")] == []
    assert sandbox.ledger["violations"] == []
    assert sandbox.bills() == ["test_red"]


async def test_a_database_that_hangs_counts_as_one_that_does_not_answer(
    server: PostgreSQL,
) -> None:
    connection = connect(server.url, Limits(statement_seconds=0.6, least_statement_seconds=0.3))
    await connection.run(lambda c: c.execute(select(1)))
    with server.frozen():
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                await connection.run(lambda c: c.execute(select(1)))
    assert await connection.run(lambda c: c.execute(select(1)).scalar()) == 1
    await connection.close()
