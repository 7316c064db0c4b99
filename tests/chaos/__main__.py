"""Breaks the database in every way that is known while recruiters are at work: `make chaos`.

One widget of two workers runs through all of it, on PostgreSQL, and another one on SQLite. Prints
what was broken, for how long the widget failed, and what was lost. Ends with status 1 where a
promise does not hold: good again five seconds after the database, nothing lost, nothing posted
twice, and `/readyz` tells the truth. `python -m tests.chaos demoted silenced` runs these two alone.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.chaos.cluster import Cluster, missing, pgbouncer, running
from tests.chaos.crowd import READS, Answer, Crowd
from tests.forwarder import Forwarder
from tests.processes import Sandbox, Serve, a_sandbox

WORKERS = 2
RECRUITERS = 8
MANY_RECRUITERS = 72
WARM_UP_SECONDS = 4.0
CALM_SECONDS = 2.0
BROKEN_SECONDS = 4.0
HANGS_SECONDS = 8.0  # longer than a request waits
SETTLED_SECONDS = 6.0
LOCKED_SECONDS = 12.0

RETURN_SECONDS = 5.0
PATIENCE_SECONDS = 5.0 + 1.5  # for the database, and for the Partner API
READ_SECONDS = 1.0  # on a machine that is busy with the crowd as well
LIE_SECONDS = 1.0  # what is asked before and after a change may differ
ROUNDING_SECONDS = 1.0  # of a machine that is busy


T = TypeVar("T")


@dataclass
class Stage:
    cluster: Cluster
    forwarder: Forwarder
    crowd: Crowd
    afterwards: AsyncExitStack  # what must not end while it is being looked at


Breakage = Callable[[Stage], Awaitable[float]]  # returns when the database was there again


async def stopped_and_started(stage: Stage) -> float:
    """the server is restarted"""
    await asyncio.to_thread(stage.cluster.primary.stop, "fast")
    await asyncio.sleep(BROKEN_SECONDS)
    return await _started(stage)


async def killed(stage: Stage) -> float:
    """the server crashes"""
    await asyncio.to_thread(stage.cluster.primary.stop, "immediate")
    await asyncio.sleep(BROKEN_SECONDS)
    return await _started(stage)


async def failed_over(stage: Stage) -> float:
    """failover: the standby is promoted, the address moves, old connections are cut"""
    await asyncio.to_thread(stage.cluster.fail_over)
    await asyncio.sleep(BROKEN_SECONDS)
    stage.forwarder.target = stage.cluster.primary.port
    stage.forwarder.cut()
    back = time.monotonic()
    await asyncio.to_thread(stage.cluster.follow)
    return back


async def demoted(stage: Stage) -> float:
    """the primary is demoted behind its address, and connections to it stay open"""
    await asyncio.to_thread(stage.cluster.fail_over)
    await asyncio.to_thread(stage.cluster.follow)
    await asyncio.sleep(BROKEN_SECONDS)
    stage.forwarder.target = stage.cluster.primary.port
    return time.monotonic()


async def read_only(stage: Stage) -> float:
    """the database is read-only"""
    name = "ALTER DATABASE postgres"
    await asyncio.to_thread(stage.cluster.execute, f"{name} SET default_transaction_read_only = on")
    await asyncio.to_thread(stage.cluster.end_connections)
    await asyncio.sleep(BROKEN_SECONDS)
    await asyncio.to_thread(
        stage.cluster.execute,
        "SET default_transaction_read_only = off",
        f"{name} RESET default_transaction_read_only",
    )
    return time.monotonic()


async def silenced(stage: Stage) -> float:
    """a firewall forgets the connections that there are"""
    stage.forwarder.silence()
    return time.monotonic()


async def frozen(stage: Stage) -> float:
    """the host hangs, and nothing is answered"""
    async with _in_thread(stage.cluster.primary.frozen()):
        await asyncio.sleep(HANGS_SECONDS)
    return time.monotonic()


async def slow_disk(stage: Stage) -> float:
    """the disk hangs: what is read is answered, and no commit returns"""
    setting = "synchronous_standby_names"
    reload = "SELECT pg_reload_conf()"
    hang = f"ALTER SYSTEM SET {setting} = 'nobody'"
    await asyncio.to_thread(stage.cluster.execute, hang, reload)
    await asyncio.sleep(HANGS_SECONDS)
    await asyncio.to_thread(stage.cluster.execute, f"ALTER SYSTEM RESET {setting}", reload)
    return time.monotonic()


async def full(stage: Stage) -> float:
    """others hold all of max_connections"""
    stage.forwarder.cut()
    async with _in_thread(stage.cluster.full()):
        await asyncio.sleep(BROKEN_SECONDS)
    return time.monotonic()


async def session_pooling(stage: Stage) -> float:
    """PgBouncer in session mode, restarted"""
    return await _behind_pgbouncer(stage, "session", WORKERS * 15)


async def transaction_pooling(stage: Stage) -> float:
    """PgBouncer in transaction mode with 3 connections, restarted; then 80 recruiters"""
    back = await _behind_pgbouncer(stage, "transaction", 3)
    async with stage.crowd.at_work(MANY_RECRUITERS):
        await asyncio.sleep(SETTLED_SECONDS)
    return back


async def _behind_pgbouncer(stage: Stage, mode: str, size: int) -> float:
    """It stays there until what follows has been looked at."""
    primary = stage.cluster.primary
    async with _in_thread(pgbouncer(primary, mode, size)) as port:
        stage.forwarder.target = port
        stage.forwarder.cut()
        await asyncio.sleep(BROKEN_SECONDS)
    restarted = _in_thread(pgbouncer(primary, mode, size))
    stage.forwarder.target = await stage.afterwards.enter_async_context(restarted)
    stage.afterwards.callback(setattr, stage.forwarder, "target", primary.port)
    return time.monotonic()


async def _started(stage: Stage) -> float:
    await asyncio.to_thread(stage.cluster.primary.start)
    return time.monotonic()


@asynccontextmanager
async def _in_thread(context: AbstractContextManager[T]) -> AsyncIterator[T]:
    """What it does at its beginning and end must not stop the forwarder and the recruiters."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, context)
        await asyncio.to_thread(stack.close)


BREAKAGES: list[Breakage] = [
    stopped_and_started,
    killed,
    failed_over,
    demoted,
    read_only,
    silenced,
    frozen,
    slow_disk,
    full,
    session_pooling,
    transaction_pooling,
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Times in seconds."""

    what: str
    broken: float
    answers: int
    failures: int
    failed: float  # from the first answer that failed to the last
    good_after: float  # after the database was there again
    longest: float
    alive: float  # the longest answer of what needs no database
    reports: int
    clicks: int
    lost: int
    lied: float

    @property
    def holds(self) -> bool:
        return (
            self.good_after <= RETURN_SECONDS + ROUNDING_SECONDS
            and self.longest <= PATIENCE_SECONDS + ROUNDING_SECONDS
            and self.alive <= READ_SECONDS
            and self.lied <= LIE_SECONDS + ROUNDING_SECONDS
            and self.reports > 0
            and not self.lost
        )

    def row(self) -> str:
        cells = (
            self.what,
            f"{self.broken:.1f} s",
            f"{self.failed:.1f} s",
            f"{self.good_after:.1f} s",
            f"{self.failures} of {self.answers}",
            f"{self.longest:.1f} s",
            f"{self.alive:.2f} s",
            f"{self.lied:.1f} s",
            str(self.reports),
            str(self.clicks),
            str(self.lost),
            "holds" if self.holds else "FAILS",
        )
        return f"| {' | '.join(cells)} |"


COLUMNS = (
    "what was broken",
    "for",
    "the widget failed for",
    "good again after",
    "answers that failed",
    "the longest took",
    "/healthz",
    "/readyz wrong for",
    "reports",
    "clicked again",
    "lost",
    "",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|"


async def find(crowd: Crowd, what: str, work: Awaitable[float]) -> Finding:
    await asyncio.sleep(CALM_SECONDS)
    before = len(crowd.reports), len(crowd.clicks), len(crowd.lost), len(crowd.lies)
    begun = time.monotonic()
    back = await work
    ended = time.monotonic()
    await asyncio.sleep(max(0.0, back + SETTLED_SECONDS + ROUNDING_SECONDS - ended))
    answers = [answer for answer in crowd.answers if answer.ended >= begun]
    failures = [answer for answer in answers if answer.failed]
    return Finding(
        what=what,
        broken=back - begun,
        answers=len(answers),
        failures=len(failures),
        failed=_span(failures),
        good_after=max(0.0, max((answer.ended for answer in failures), default=0.0) - back),
        longest=max(answer.ended - answer.started for answer in answers),
        alive=max(a.ended - a.started for a in answers if a.path in READS),
        reports=len(crowd.reports) - before[0],
        clicks=len(crowd.clicks) - before[1],
        lost=len(crowd.lost) - before[2],
        lied=max((until - since for since, until in crowd.lies[before[3] :]), default=0.0),
    )


def _span(failures: list[Answer]) -> float:
    if not failures:
        return 0.0
    return max(f.ended for f in failures) - min(f.started for f in failures)


def main() -> int:
    if packages := missing():
        print(f"This needs a real PostgreSQL: apt-get install {' '.join(packages)}")
        return 1
    with tempfile.TemporaryDirectory() as folder, a_sandbox() as sandbox:
        log = Path(folder) / "log"
        print(HEAD, flush=True)
        with _stderr_to(log):
            findings = asyncio.run(_all(sandbox, Path(folder), sys.argv[1:]))
        posted_twice = sum(pair["second_posts"] for pair in sandbox.ledger["pairs"])
        early = sum(pair["early_polls"] for pair in sandbox.ledger["pairs"])
    print(f"\nPosted twice: {posted_twice}. Polled too early: {early}.")
    return 0 if all(found.holds for found in findings) and not posted_twice + early else 1


async def _all(sandbox: Sandbox, folder: Path, names: Sequence[str]) -> list[Finding]:
    if names:
        chosen = [breakage for breakage in BREAKAGES if breakage.__name__ in names]
        return await _on_postgresql(sandbox, chosen)
    findings = await _on_postgresql(sandbox, BREAKAGES)
    return [*findings, *await _on_sqlite(sandbox, folder / "widget.db")]


async def _on_postgresql(sandbox: Sandbox, chosen: Sequence[Breakage]) -> list[Finding]:
    findings = []
    with running() as cluster:
        async with Forwarder(cluster.primary.port) as forwarder:
            url = cluster.primary.url.replace(str(cluster.primary.port), str(forwarder.port))
            async with _crowd(sandbox, url) as crowd:
                await asyncio.sleep(WARM_UP_SECONDS)
                for breakage in chosen:
                    async with AsyncExitStack() as afterwards:
                        stage = Stage(cluster, forwarder, crowd, afterwards)
                        found = await find(crowd, str(breakage.__doc__), breakage(stage))
                    print(found.row(), flush=True)
                    findings.append(found)
    return findings


async def _on_sqlite(sandbox: Sandbox, file: Path) -> list[Finding]:
    async with _crowd(sandbox, f"sqlite:///{file}") as crowd:
        await asyncio.sleep(WARM_UP_SECONDS)
        found = await find(crowd, "another program holds SQLite's write lock", _locked(file))
    print(found.row(), flush=True)
    return [found]


async def _locked(file: Path) -> float:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(LOCKED_SECONDS)
        other.execute("ROLLBACK")
    return time.monotonic()


@asynccontextmanager
async def _crowd(sandbox: Sandbox, database_url: str) -> AsyncIterator[Crowd]:
    """At a widget of its own."""
    serving = Serve(sandbox, database_url)
    try:
        crowd = Crowd(await asyncio.to_thread(serving, workers=WORKERS))
        async with crowd.observed(), crowd.at_work(RECRUITERS):
            yield crowd
    finally:
        await asyncio.to_thread(serving.stop)


@contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """What the servers have to say about all this."""
    kept = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if __name__ == "__main__":
    sys.exit(main())
