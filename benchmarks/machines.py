"""Figures for capacity planning: the CPU time of a report in the widget and in the database.

Also whether two widget servers on one PostgreSQL can serve twice as much as one.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.client import Answer, Connection, throughput
from benchmarks.crowd import ask_again, state_of
from benchmarks.figures import Figure, quartiles, ratio
from benchmarks.processes import children, cpu_seconds, workers_of
from benchmarks.profiles import Profile, open_profiles, start_runs
from benchmarks.reference import REFERENCE, checkout
from benchmarks.servers import CALM, a_sandbox, a_widget, widgets
from tests import postgres
from tests.postgres import PostgreSQL
from tests.processes import Sandbox, Widget

REPORTS = 50
REPORT_ROUNDS = 3
IDLE_SECONDS = 6  # the sandbox and the widget close idle connections earlier
SPEED = 10  # of the sandbox. A report takes as many polls as at speed 1, in a tenth of the time
PROFILES = 8
ROUNDS = 9
ROUND_SECONDS = 0.3
GOAL = 0.65

REPORT = "processor for one report, from opening to viewing"


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds for one report."""

    widget: float
    database: float


async def figures() -> Sequence[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(SPEED) as sandbox,
        checkout() as earlier,
    ):
        files = [f"sqlite:///{folder}/{name}.db" for name in ("widget", "earlier")]
        on_sqlite = await _reports(sandbox, files, [], earlier)
        with postgres.running() as first, postgres.running() as second:
            urls = [first.url, second.url]
            on_postgresql = await _reports(sandbox, urls, [first, second], earlier)
    with postgres.running() as server:
        growth = await _growth(server)
    return [
        Figure(f"{REPORT}, SQLite", _ms(ours.widget for ours, _ in on_sqlite)),
        _against_earlier("SQLite", on_sqlite),
        Figure(
            "the same with PostgreSQL, on the widget's side",
            _ms(ours.widget for ours, _ in on_postgresql),
        ),
        _against_earlier("PostgreSQL", on_postgresql),
        Figure("the same, on PostgreSQL's side", _ms(ours.database for ours, _ in on_postgresql)),
        Figure(
            name="polls/s of two widget servers on one PostgreSQL, all on this machine",
            reference="one of them",
            measured=f"{statistics.median(growth):.2f}",
            spread=quartiles(growth, ".2f"),
        ),
    ]


def _ms(seconds: Iterable[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.1f} ms"


def _against_earlier(database: str, rounds: Sequence[tuple[Cost, Cost]]) -> Figure:
    times = [ours.widget / theirs.widget for ours, theirs in rounds]
    return ratio(f"{REPORT}, {database}: of what it was", times, REFERENCE, GOAL, more=False)


async def _reports(
    sandbox: Sandbox,
    database_urls: Sequence[str],
    servers: Sequence[PostgreSQL],
    earlier: Mapping[str, str],
) -> Sequence[tuple[Cost, Cost]]:
    """The costs of this code and of the earlier commit, measured in turns.

    `database_urls` has one for each of the two, as has `servers`, which is empty for SQLite.
    """
    with (
        a_widget(sandbox, database_urls[0]) as ours,
        a_widget(sandbox, database_urls[1], 1, **earlier) as theirs,
    ):
        rounds = [
            [
                await _report(widget, f"{number}", server)
                for widget, server in zip((ours, theirs), servers or (None, None), strict=True)
            ]
            for number in range(1 + REPORT_ROUNDS)
        ]
    return [(one, other) for one, other in rounds[1:]]  # the first fills caches and pools


async def _report(widget: Widget, name: str, server: PostgreSQL | None) -> Cost:
    def used() -> tuple[float, float]:
        return cpu_seconds(workers_of(widget.processes[-1])), cpu_seconds(_backends(server))

    # Waits, because the earlier commit may send a POST on a connection that the sandbox is closing.
    await asyncio.sleep(IDLE_SECONDS)
    before = used()
    await asyncio.gather(*(_use(widget, f"{name}-{number}") for number in range(REPORTS)))
    return Cost(*((now - then) / REPORTS for then, now in zip(before, used(), strict=True)))


async def _use(widget: Widget, name: str) -> None:
    """Opens a profile, runs a report, watches it to its end, closes and views it."""
    (profile,) = await open_profiles(widget, [f"test_green.{widget.port}-{name}"])
    connection = await Connection.to(widget.port)
    await connection.ask(profile.page)
    answer = await connection.ask(profile.run)
    while state_of(answer) == "running":
        answer = await ask_again(connection, answer)
    assert state_of(answer) == "open", answer.text
    await connection.ask(profile.page)
    await connection.ask(profile.partial)
    connection.close()


async def _growth(server: PostgreSQL) -> list[float]:
    """Polls per second of two servers, divided by those of one alone, measured in turns."""
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


def _backends(server: PostgreSQL | None) -> list[int]:
    """PostgreSQL's processes: the postmaster and its children. Empty for SQLite."""
    if server is None:
        return []
    postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    return [postmaster, *children(postmaster)]
