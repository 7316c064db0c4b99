"""What capacity is reckoned with: the processor's time of one report, and of its database.

Also whether two widget servers on one PostgreSQL carry twice as much as one.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence

from benchmarks.client import Answer, Connection, throughput
from benchmarks.crowd import ask_again, state_of
from benchmarks.figures import Figure, quartiles
from benchmarks.processes import children, cpu_seconds, workers_of
from benchmarks.profiles import Profile, open_profiles, start_runs
from benchmarks.servers import CALM, a_sandbox, a_widget, widgets
from tests import postgres
from tests.postgres import PostgreSQL
from tests.processes import Sandbox, Widget

REPORTS = 100
SPEED = 10  # a report in four seconds, and a window of one: as many polls as at the API's pace
PROFILES = 8
ROUNDS = 9
ROUND_SECONDS = 0.3


async def figures() -> Sequence[Figure]:
    with postgres.running() as server:
        with tempfile.TemporaryDirectory() as folder, a_sandbox(SPEED) as sandbox:
            on_sqlite, _ = await _report(sandbox, f"sqlite:///{folder}/widget.db")
            on_postgresql, database = await _report(sandbox, server.url, server)
        growth = await _growth(server)
    return [
        Figure("processor for one report, from opening to viewing, SQLite", _ms(on_sqlite)),
        Figure("the same with PostgreSQL, on the widget's side", _ms(on_postgresql)),
        Figure("the same, on PostgreSQL's side", _ms(database)),
        Figure(
            name="polls/s of two widget servers on one PostgreSQL, all on this machine",
            reference="one of them",
            measured=f"{statistics.median(growth):.2f}",
            spread=quartiles(growth, ".2f"),
        ),
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


async def _report(
    sandbox: Sandbox, database_url: str, server: PostgreSQL | None = None
) -> tuple[float, float]:
    """Seconds on a processor for each report: the widget's, and its database's."""
    with a_widget(sandbox, database_url) as widget:
        await _use_all(widget, "warm-up")  # the pool is full then, and nothing new is started
        workers = workers_of(widget.processes[-1])
        backends = _backends(server) if server else []
        before = cpu_seconds(workers), cpu_seconds(backends)
        await _use_all(widget, "measured")
        after = cpu_seconds(workers), cpu_seconds(backends)
    return (after[0] - before[0]) / REPORTS, (after[1] - before[1]) / REPORTS


async def _use_all(widget: Widget, name: str) -> None:
    await asyncio.gather(*(_use(widget, f"{name}-{number}") for number in range(REPORTS)))


async def _use(widget: Widget, name: str) -> None:
    """Opens a profile, runs a report, watches it to its end, closes and views it."""
    (profile,) = await open_profiles(widget, [f"test_green.{widget.port}-{name}"])
    connection = await Connection.to(widget.port)
    await connection.ask(profile.page)
    answer = await connection.ask(profile.run)
    while state_of(answer) == "running":
        answer = await ask_again(connection, answer)
    assert state_of(answer) == "open"
    await connection.ask(profile.page)
    await connection.ask(profile.partial)
    connection.close()


async def _growth(server: PostgreSQL) -> list[float]:
    """Polls a second of two servers together, for each of one alone, in rounds that take turns."""
    with a_sandbox(CALM) as sandbox, widgets(sandbox, server.url) as serve:
        loads = [await _watched(serve()) for _ in range(2)]
        rates = [await _rate(loads) / await _rate(loads[:1]) for _ in range(ROUNDS)]
    return rates


async def _watched(widget: Widget) -> tuple[int, list[Profile]]:
    profiles = await open_profiles(
        widget, [f"test_long.{widget.port}-{n}" for n in range(PROFILES)]
    )
    await start_runs(widget, profiles)
    return widget.port, profiles


async def _rate(loads: Sequence[tuple[int, list[Profile]]]) -> float:
    def is_right(answer: Answer) -> bool:
        return answer.status == 200

    started = time.perf_counter()
    answered = await asyncio.gather(
        *(throughput(port, [p.partial for p in ps], ROUND_SECONDS, is_right) for port, ps in loads)
    )
    return sum(answered) / (time.perf_counter() - started)


def _backends(server: PostgreSQL) -> list[int]:
    postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    return [postmaster, *children(postmaster)]
