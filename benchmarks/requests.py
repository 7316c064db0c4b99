"""Requests a second on one worker, against Starlette and Jinja2 alone.

A second is one of the worker's own on a processor, as it would be on a core that nobody shares.
"""

import tempfile
from collections.abc import Sequence

from benchmarks.bare import PAGE, PARTIAL, SESSION
from benchmarks.client import BROWSER, Answer, message, throughput
from benchmarks.figures import Figure, ratio
from benchmarks.processes import cpu_seconds, workers_of
from benchmarks.profiles import open_profiles, opening, start_runs
from benchmarks.servers import CALM, a_sandbox, a_server, a_widget

CONNECTIONS = 16
ROUNDS = 25
ROUND_SECONDS = 0.15


async def figures() -> Sequence[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(CALM) as sandbox,
        a_widget(sandbox, f"sqlite:///{folder}/widget.db") as widget,
        a_server("benchmarks.bare", PAGE) as bare,
    ):
        idle = await open_profiles(widget, [f"idle-{n}" for n in range(CONNECTIONS)])
        running = await open_profiles(widget, [f"test_long.{n}" for n in range(CONNECTIONS)])
        await start_runs(widget, running)
        session = opening(widget, "opened")
        cases = (
            ("status partial", [p.partial for p in running], message("GET", PARTIAL), 200, 0.6),
            ("embed page", [p.page for p in idle], message("GET", PAGE, BROWSER), 200, 0.6),
            (
                "opening a session",
                [session] * CONNECTIONS,
                session.replace(b"/api/v1/sessions", SESSION.encode()),
                201,
                0.4,
            ),
        )
        return [
            ratio(
                f"{name}, requests/s on one worker",
                await _against(
                    (widget.port, workers_of(widget.processes[-1]), ours),
                    (bare.port, [bare.process.pid], [theirs] * CONNECTIONS),
                    status,
                ),
                "bare Starlette and Jinja2",
                goal,
                more=True,
            )
            for name, ours, theirs, status, goal in cases
        ]


Load = tuple[int, Sequence[int], Sequence[bytes]]


async def _against(ours: Load, theirs: Load, status: int) -> list[float]:
    """Ratios of rounds that take turns. The first ones fill caches, and do not count."""
    ratios = [await _rate(*ours, status) / await _rate(*theirs, status) for _ in range(ROUNDS + 5)]
    return ratios[5:]


async def _rate(port: int, pids: Sequence[int], messages: Sequence[bytes], status: int) -> float:
    def is_right(answer: Answer) -> bool:
        return answer.status == status

    before = cpu_seconds(pids)
    answered = await throughput(port, messages, ROUND_SECONDS, is_right)
    return answered / (cpu_seconds(pids) - before)
