"""SIGKILL at any moment of a run: nobody is left waiting, and nothing is billed twice."""

import asyncio
import os
import random
import time
from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.processes import Sandbox, Serve, Widget
from tests.receiver import REFUSED, SECRET, TAKEN, Receiver, receiving
from tests.reliability.simulated_tab import SimulatedTab
from widget.usage import COUNTERS

pytestmark = pytest.mark.anyio

SEED = 20261124
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "1"))
RUNS_PER_ROUND = 10
RUN_SECONDS = 3.0  # a little more than a run takes at the sandbox's speed
SLOW_SPEED = 5  # at which a slow POST takes long enough to be hit while it is under way
SHORT_LIMITS = "tests.reliability.short_limits"


def candidates(round_number: int) -> list[str]:
    """Half of them are posted slowly, so that the kill hits POSTs under way as well."""
    kinds = ("green", "slow")
    return [f"test_{kinds[n % 2]}.{round_number}-{n}" for n in range(RUNS_PER_ROUND)]


async def click_after(seconds: float, tab: SimulatedTab) -> None:
    await asyncio.sleep(seconds)
    await tab.click()
    if tab.state == "running":
        await tab.watch("open", "idle", seconds=40)


async def report_of(tab: SimulatedTab) -> int:
    """Watches until the report is there, with a further click where the widget asks for one."""
    clicks = 0
    await tab.look()
    await tab.watch("open", "idle", "closed", seconds=40)
    while tab.state == "idle":
        assert "Run candidate intelligence report" in tab.label
        clicks += 1
        await tab.click()
        await tab.watch("open", "idle", seconds=40)
    return clicks


async def kill_amid(widget: Widget, round_number: int, chance: random.Random) -> list[int]:
    async with widget.browser() as http:
        tabs = [
            await SimulatedTab.open(http, widget.host_token, name)
            for name in candidates(round_number)
        ]
        for tab in tabs:
            await tab.look()
        clicks = [
            asyncio.create_task(click_after(chance.uniform(0, RUN_SECONDS), tab)) for tab in tabs
        ]
        await asyncio.sleep(RUN_SECONDS)
        widget.kill()
        widget.start()
        await asyncio.gather(*clicks)
        return await asyncio.gather(*(report_of(tab) for tab in tabs))


@pytest.mark.threat(name="billed twice")
@pytest.mark.timeout(100 * ROUNDS)
async def test_runs_that_were_hit_by_a_kill_end_in_a_report_that_is_billed_and_told_once(
    serve: Serve, sandbox: Sandbox
) -> None:
    chance = random.Random(SEED)

    async def answer(_: asyncio.StreamWriter) -> bytes | None:
        return chance.choice([TAKEN, TAKEN, REFUSED, None])

    async with receiving(answer) as receiver:
        events = {"WIDGET_EVENTS_URL": receiver.address, "WIDGET_EVENTS_SECRET": SECRET}
        widget = serve(SHORT_LIMITS, 1, **events)
        for number in range(ROUNDS):
            further_clicks = await kill_amid(widget, number, chance)
            assert max(further_clicks) <= 1
        names = {name for number in range(ROUNDS) for name in candidates(number)}
        bills = Counter(sandbox.bills())
        assert set(bills) == names
        assert set(bills.values()) == {1}
        assert sandbox.violations("early_poll") == []
        await expect_told_once(receiver, names)
        await expect_counted(widget, sandbox)


async def expect_told_once(receiver: Receiver, names: set[str]) -> None:
    """Each run is told to have started and completed, by one id each, and nothing else is told."""
    expected = {(name, f"report.{end}") for name in names for end in ("started", "completed")}
    deadline = time.monotonic() + 60
    while not expected <= (told := set(map(what_of, receiver.taken))):
        assert time.monotonic() < deadline, expected - told
        await asyncio.sleep(0.1)
    arrived = {event_id: what_of(event) for event_id, event in receiver.arrived}
    assert {what for what in arrived.values() if what[1] != "report.viewed"} == expected
    ids = Counter(what for what in arrived.values() if what in expected)
    assert set(ids.values()) == {1}
    told_of = [event["data"] for _, event in receiver.arrived]
    assert len({(data["candidate_id"], data["analysis_id"]) for data in told_of}) == len(names)


def what_of(event: dict[str, Any]) -> tuple[str, str]:
    return event["data"]["candidate_id"], event["type"]


async def expect_counted(widget: Widget, sandbox: Sandbox) -> None:
    async with widget.browser() as http:
        bearer = {"Authorization": f"Bearer {widget.host_token}"}
        answer = await http.get("/api/v1/usage?from=2000-01&to=2999-12", headers=bearer)
    rows = answer.json()["usage"]
    counted = {name: sum(row[name] for row in rows) for name in COUNTERS}
    billed = len(sandbox.bills())
    assert counted | {"started": billed, "completed": billed, "failed": 0, "canceled": 0} == counted


@pytest.mark.parametrize("sandbox", [SLOW_SPEED], indirect=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_post_that_was_hit_is_told_and_the_next_click_finds_what_it_made(
    serve: Serve, sandbox: Sandbox
) -> None:
    widget = serve(SHORT_LIMITS)
    async with widget.browser() as http:
        tab = await SimulatedTab.open(http, widget.host_token, "test_slow")
        click = asyncio.create_task(tab.click())
        await until_posted(http, sandbox)
        widget.kill()
        await click
        widget.start()
        await tab.look()
        await tab.watch("idle", seconds=20)
        assert "billed only once" in tab.html
        assert await report_of(tab) == 1
    assert sandbox.bills() == ["test_slow"]


async def until_posted(http: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    """Waits until the sandbox has begun to answer a POST, which takes it a while."""
    deadline = time.monotonic() + 10
    while not (await http.get(f"{sandbox.origin}/ledger")).json()["under_way"]:
        assert time.monotonic() < deadline
