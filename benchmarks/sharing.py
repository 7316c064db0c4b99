"""How many calls to the Partner API a run costs, watched in many tabs on several workers."""

import asyncio
import tempfile
from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.servers import a_sandbox, a_widget
from tests.processes import Sandbox, Widget
from tests.reliability.simulated_tab import SimulatedTab

SPEED = 20
TABS = (1, 10, 50)
WORKERS = (1, 2, 4)


async def figures() -> Sequence[Figure]:
    shares = []
    early = 0
    with a_sandbox(SPEED) as sandbox:
        for workers in WORKERS:
            with (
                tempfile.TemporaryDirectory() as folder,
                a_widget(sandbox, f"sqlite:///{folder}/widget.db", workers) as widget,
            ):
                await asyncio.gather(*(_watch(widget, tabs) for tabs in TABS))
            shares += [_share(sandbox, _name(widget, tabs)) for tabs in TABS]
            early += len(sandbox.violations("early_poll"))
    return [
        Figure(
            name="calls to the Partner API for one run, 1, 10, 50 tabs on 1, 2, 4 workers",
            reference="1 POST, and a GET for each window",
            measured=f"{max(shares):.2f}, {early} early",
            spread=f"{min(shares):.2f} to {max(shares):.2f}, n = {len(shares)}",
            goal="1.00, 0 early",
            holds=set(shares) == {1.0} and early == 0,
        )
    ]


async def _watch(widget: Widget, tabs: int) -> None:
    async with widget.browser() as http:
        opened = await asyncio.gather(
            *(SimulatedTab.open(http, widget.host_token, _name(widget, tabs)) for _ in range(tabs))
        )
        await asyncio.gather(*(tab.click() for tab in opened))
        await asyncio.gather(*(tab.watch("open", seconds=60) for tab in opened))


def _name(widget: Widget, tabs: int) -> str:
    return f"test_green.{widget.workers}-workers-{tabs}-tabs"


def _share(sandbox: Sandbox, candidate_id: str) -> float:
    """A run's calls, divided by the necessary ones: a POST, and a GET for each `Retry-After`."""
    calls = [c for c in sandbox.ledger["requests"] if c["candidate_id"] == candidate_id]
    windows = sum(call["retry_after"] is not None for call in calls)
    assert calls
    return len(calls) / (1 + windows)
