"""Checks that memory and file descriptors stay flat during minutes of work: `make soak`.

Recruiters open a profile, run a report, watch, close and view it, and go on to the next candidate.
Ends with status 1 if a worker has grown.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.processes import Serve, Widget, a_sandbox
from tests.reliability.simulated_tab import SimulatedTab

RECRUITERS = 10
WORKERS = 2
SAMPLE_SECONDS = 5
WARM_UP_PART = 0.25  # of the time. It is not judged, because caches and pools are still filling
MAX_GROWTH = 1.05  # of the median of the last third, against that of the first


@dataclass(frozen=True, slots=True)
class Sample:
    """Sums over all workers. `memory` is the resident set in bytes."""

    memory: int
    descriptors: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    seconds = parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory() as folder, a_sandbox() as sandbox:
        serving = Serve(sandbox, f"sqlite:///{folder}/widget.db")
        try:
            widget = serving(workers=WORKERS, WIDGET_SESSION_TTL="60", WIDGET_LOG_FORMAT="json")
            runs, samples = asyncio.run(_soak(widget, seconds))
        finally:
            serving.stop()
    return _judge(runs, samples[int(len(samples) * WARM_UP_PART) :])


async def _soak(widget: Widget, seconds: float) -> tuple[int, list[Sample]]:
    deadline = time.monotonic() + seconds
    recruiters = [
        asyncio.create_task(_work(widget, number, deadline)) for number in range(RECRUITERS)
    ]
    samples = []
    while time.monotonic() < deadline:
        await asyncio.sleep(SAMPLE_SECONDS)
        samples.append(_sample(widget.processes[-1].pid))
    return sum(await asyncio.gather(*recruiters)), samples


async def _work(widget: Widget, recruiter: int, deadline: float) -> int:
    runs = 0
    async with widget.browser() as http:
        while time.monotonic() < deadline:
            await _handle(http, widget.host_token, f"soak-{recruiter}-{runs}")
            runs += 1
    return runs


async def _handle(http: httpx2.AsyncClient, host_token: str, candidate_id: str) -> None:
    tab = await SimulatedTab.open(http, host_token, candidate_id)
    await tab.look()
    await tab.click()
    await tab.watch("open", seconds=60)
    await tab.look()
    await tab.view()


def _sample(parent: int) -> Sample:
    workers = [parent, *_children(parent)]
    return Sample(
        memory=sum(_resident_bytes(pid) for pid in workers),
        descriptors=sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in workers),
    )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) * 1024


def _judge(runs: int, samples: Sequence[Sample]) -> int:
    third = len(samples) // 3
    memory = _growth([s.memory for s in samples], third)
    descriptors = _growth([s.descriptors for s in samples], third)
    print(
        f"{runs} runs, {samples[-1].memory / 2**20:.0f} MiB, {samples[-1].descriptors} descriptors"
    )
    print(f"last third to first third: memory {memory:.3f}, descriptors {descriptors:.3f}")
    return 0 if max(memory, descriptors) <= MAX_GROWTH else 1


def _growth(values: Sequence[int], third: int) -> float:
    return statistics.median(values[-third:]) / statistics.median(values[:third])


if __name__ == "__main__":
    sys.exit(main())
