"""However many click at once, on however many processes: one POST, and everybody sees the run."""

import asyncio
from itertools import cycle, islice

import pytest

from tests.processes import Sandbox, Serve, Widget
from tests.reliability.simulated_tab import SimulatedTab

pytestmark = pytest.mark.anyio

CLICKS = 500
TABS = 25


async def click_at_once(widgets: list[Widget]) -> None:
    """Each tab clicks as a very nervous recruiter would, and each click comes to see the run."""
    browsers = [widget.browser() for widget in widgets]
    try:
        tabs = [
            await SimulatedTab.open(browser, widgets[0].host_token)
            for browser in islice(cycle(browsers), TABS)
        ]
        clicks = [SimulatedTab(tab.http, tab.base) for tab in islice(cycle(tabs), CLICKS)]
        await asyncio.gather(*(click.click() for click in clicks))
        await asyncio.gather(*(click.watch("running", "open", seconds=60) for click in clicks))
        await asyncio.gather(*(tab.watch("open", seconds=60) for tab in tabs))
    finally:
        for browser in browsers:
            await browser.aclose()


def expect_one_run(sandbox: Sandbox) -> None:
    assert len(sandbox.calls("POST")) == 1
    assert sandbox.ledger["violations"] == []
    assert sandbox.bills() == ["test_green"]


@pytest.mark.threat(name="billed twice")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_500_clicks_on_four_workers_with_sqlite_make_one_post(
    serve: Serve, sandbox: Sandbox
) -> None:
    await click_at_once([serve(workers=4)])
    expect_one_run(sandbox)


@pytest.mark.threat(name="billed twice")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_500_clicks_on_two_servers_with_one_postgresql_make_one_post(
    serve: Serve, sandbox: Sandbox
) -> None:
    await click_at_once([serve(), serve()])
    expect_one_run(sandbox)
