"""How a worker's memory, and its CPU time per poll, grow with the number of runs."""

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from itertools import pairwise

from benchmarks.client import Answer, throughput
from benchmarks.figures import Figure, ratio
from benchmarks.processes import cpu_seconds, resident_bytes, workers_of
from benchmarks.profiles import Profile, open_profiles, start_runs
from benchmarks.servers import CALM, a_sandbox, a_widget
from tests.processes import Widget

LEVELS = (1, 10, 100, 1_000, 10_000)
CONNECTIONS = 16
ROUNDS = 11
ROUND_SECONDS = 0.2
MAX_GROWTH = 1.2
QUIET_SECONDS = 2.0
LONG = "3600"  # a lease in seconds. No viewer counts as having left while others are added


async def figures() -> Sequence[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(CALM) as sandbox,
        a_widget(sandbox, f"sqlite:///{folder}/widget.db", WIDGET_LEASE=LONG) as widget,
    ):
        (pid,) = workers_of(widget.processes[-1])
        first = await _start(widget, 0, LEVELS[0])
        await _cost(widget, pid, first)  # fills caches
        idle = resident_bytes(pid)
        costs = {LEVELS[0]: await _cost(widget, pid, first)}
        for before, level in pairwise(LEVELS):
            await _start(widget, before, level)
            costs[level] = await _cost(widget, pid, first)
        await asyncio.sleep(QUIET_SECONDS)
        memory = resident_bytes(pid)
    return [_flatness(costs), _memory(idle, memory)]


async def _start(widget: Widget, before: int, level: int) -> list[Profile]:
    profiles = await open_profiles(widget, [f"test_long.{n}" for n in range(before, level)])
    await start_runs(widget, profiles)
    return profiles


async def _cost(widget: Widget, pid: int, profiles: Sequence[Profile]) -> list[float]:
    """CPU seconds per poll of one run, in consecutive rounds."""

    def is_right(answer: Answer) -> bool:
        return answer.status == 200

    costs = []
    messages = [profiles[0].partial] * CONNECTIONS
    for _ in range(ROUNDS):
        before = cpu_seconds([pid])
        answered = await throughput(widget.port, messages, ROUND_SECONDS, is_right)
        costs.append((cpu_seconds([pid]) - before) / answered)
    return costs


def _flatness(costs: dict[int, list[float]]) -> Figure:
    first = statistics.median(costs[LEVELS[0]])
    most = [cost / first for cost in costs[LEVELS[-1]]]
    each = ", ".join(f"{statistics.median(costs[level]) * 1e6:.0f}" for level in LEVELS)
    name = f"processor for each poll at 1, 10, 100, 1,000, 10,000 runs ({each} µs)"
    return ratio(name, most, "at 1 run", MAX_GROWTH, more=False)


def _memory(idle: int, full: int) -> Figure:
    grown = full / idle
    return Figure(
        name="memory of a worker with 10,000 runs under way",
        reference=f"the same, idle: {idle / 2**20:.0f} MiB",
        measured=f"{grown:.2f}",
        goal="1.5 or less",
        holds=grown <= 1.5,
    )
