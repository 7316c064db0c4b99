"""The table of results: printed, and written to `benchmarks/results.md`."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
LIBRARIES = ("starlette", "uvicorn", "uvloop", "jinja2", "sqlalchemy", "httpx2", "cryptography")
COLUMNS = ("figure", "reference", "measured", "spread", "goal", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table. `holds`: whether the goal is met, or None if there is none.

    `reference`: what it was compared with. `spread`: the quartiles, or what else shows the spread.
    """

    name: str
    measured: str
    goal: str = "–"
    holds: bool | None = None
    reference: str = "–"
    spread: str = "–"

    @property
    def cells(self) -> Sequence[str]:
        verdict = {True: "holds", False: "misses", None: ""}[self.holds]
        return (self.name, self.reference, self.measured, self.spread, self.goal, verdict)


def ratio(name: str, values: Sequence[float], reference: str, goal: float, more: bool) -> Figure:
    """The median of ratios, compared with a goal. `more`: whether a greater ratio is better."""
    median = statistics.median(values)
    return Figure(
        name=name,
        reference=reference,
        measured=f"{median:.2f}",
        spread=quartiles(values, ".2f"),
        goal=f"{goal} or {'more' if more else 'less'}",
        holds=median >= goal if more else median <= goal,
    )


def milliseconds(name: str, seconds: Sequence[float], goal: float, reference: str) -> Figure:
    """The 95th percentile of durations in seconds, compared with a goal in milliseconds."""
    late = percentile(seconds, 95) * 1000
    return Figure(
        name=name,
        reference=reference,
        measured=f"{late:.0f} ms",
        spread=f"median {statistics.median(seconds) * 1000:.0f} ms, n = {len(seconds)}",
        goal=f"{goal:.0f} ms",
        holds=late <= goal,
    )


def percentile(values: Sequence[float], rank: int) -> float:
    """`rank`: from 1 to 99."""
    return statistics.quantiles(values, n=100, method="inclusive")[rank - 1]


def quartiles(values: Sequence[float], form: str) -> str:
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{low:{form}} to {high:{form}}"


def write(figures: Sequence[Figure]) -> None:
    lines = ["# Results", "", "Written by `make bench`.", "", *_machine(), "", *table(figures), ""]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")


def table(figures: Sequence[Figure]) -> Sequence[str]:
    head = [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    return [*head, *(_line(figure.cells) for figure in figures)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _machine() -> Sequence[str]:
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"- {datetime.now(UTC):%d %B %Y, %H:%M} UTC; load at the end {load}",
        f"- {os.cpu_count()} cores ({_processor()}), {_memory()} GiB, {platform.system()}",
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}",
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
