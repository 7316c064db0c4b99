"""What a request costs one worker, against an earlier commit and against other frameworks.

The CPU time of the worker is measured, so other processes on the machine do not affect it.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bare import PAGE, PARTIAL, SESSION
from benchmarks.client import BROWSER, Answer, Connection, message, throughput
from benchmarks.express import twin
from benchmarks.figures import Figure, ratio
from benchmarks.processes import cpu_seconds, workers_of
from benchmarks.profiles import Host, open_profiles, opening, start_runs
from benchmarks.reference import REFERENCE, checkout
from benchmarks.servers import CALM, Server, a_sandbox, a_server, a_widget

CONNECTIONS = 16
ROUNDS = 25
WARM_UP_ROUNDS = 5  # do not count, because caches are still filling
ROUND_SECONDS = 0.15
MAX_SIZE_DIFFERENCE = 0.1  # between the widget's page and the twin's, uncompressed

POLL = "a poll answered from the store"
EMBED = "the embed page"
OPENING = "opening a session"


@dataclass(frozen=True, slots=True)
class Rival:
    """A server to compare with.

    `goals`: for each kind of work, the part of this server's requests/s that the widget should
    reach. With `by_time`, the part of its CPU time that the widget may take.
    """

    name: str
    goals: Mapping[str, float]
    by_time: bool = False


RIVALS = {
    "earlier": Rival(REFERENCE, {POLL: 0.65, EMBED: 0.6, OPENING: 0.5}, True),
    "express": Rival("Express 5, EJS, node:sqlite", {POLL: 0.6, EMBED: 0.6}),
    "bare": Rival("bare Starlette and Jinja2", {POLL: 0.6, EMBED: 0.6, OPENING: 0.4}),
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and the requests for each kind of work, one per connection."""

    port: int
    pids: Sequence[int]
    messages: Mapping[str, Sequence[bytes]]

    async def cost(self, work: str) -> float:
        """CPU seconds per answer."""
        before = cpu_seconds(self.pids)
        answered = await throughput(self.port, self.messages[work], ROUND_SECONDS, _is_right)
        return (cpu_seconds(self.pids) - before) / answered

    async def size(self, work: str) -> int:
        """The length of an answer, in characters."""
        connection = await Connection.to(self.port)
        answer = await connection.ask(self.messages[work][0])
        connection.close()
        return len(answer.text)


async def figures() -> Sequence[Figure]:
    with ExitStack() as stack:
        start = stack.enter_context
        folder = Path(start(tempfile.TemporaryDirectory()))
        sandbox = start(a_sandbox(CALM))
        widget = start(a_widget(sandbox, f"sqlite:///{folder}/widget.db"))
        earlier_code = start(checkout())
        earlier = start(a_widget(sandbox, f"sqlite:///{folder}/earlier.db", 1, **earlier_code))
        bare = start(a_server("benchmarks.bare", PAGE))
        express = start(twin(folder))
        contenders = {
            "ours": await _contender(widget, workers_of(widget.processes[-1])),
            "earlier": await _contender(earlier, workers_of(earlier.processes[-1])),
            "bare": _bare(bare, opening(widget, "opened")),
        }
        if express is not None:
            contenders["express"] = await _contender(express, [express.process.pid])
            await _check_size(contenders, POLL)
            await _check_size(contenders, EMBED)
        return [
            figure
            for work in (POLL, EMBED, OPENING)
            for figure in _compared(work, await _rounds(work, contenders))
        ]


async def _rounds(work: str, contenders: Mapping[str, Contender]) -> Sequence[Mapping[str, float]]:
    """Each round's costs by contender. They take turns, so that a disturbance affects them all."""
    rounds = [
        {name: await each.cost(work) for name, each in contenders.items()}
        for _ in range(WARM_UP_ROUNDS + ROUNDS)
    ]
    return rounds[WARM_UP_ROUNDS:]


def _compared(work: str, rounds: Sequence[Mapping[str, float]]) -> list[Figure]:
    figures = []
    for key, rival in RIVALS.items():
        if work in rival.goals and key in rounds[0]:
            times = [costs["ours"] / costs[key] for costs in rounds]
            values = times if rival.by_time else [1 / time for time in times]
            unit = "processor time" if rival.by_time else "requests/s"
            name = f"{work}: {unit} on one worker"
            goal = rival.goals[work]
            figures.append(ratio(name, values, rival.name, goal, more=not rival.by_time))
    return figures


async def _contender(host: Host, pids: Sequence[int]) -> Contender:
    idle = await open_profiles(host, [f"idle-{n}" for n in range(CONNECTIONS)])
    running = await open_profiles(host, [f"test_long.{host.port}-{n}" for n in range(CONNECTIONS)])
    await start_runs(host, running)
    messages = {
        POLL: [profile.partial for profile in running],
        EMBED: [profile.page for profile in idle],
        OPENING: [opening(host, "opened")] * CONNECTIONS,
    }
    return Contender(host.port, pids, messages)


def _bare(server: Server, opening: bytes) -> Contender:
    session = opening.replace(b"/api/v1/sessions", SESSION.encode())
    asked = {POLL: message("GET", PARTIAL), EMBED: message("GET", PAGE, BROWSER), OPENING: session}
    messages = {work: [each] * CONNECTIONS for work, each in asked.items()}
    return Contender(server.port, [server.process.pid], messages)


async def _check_size(contenders: Mapping[str, Contender], work: str) -> None:
    """Raises AssertionError if the twin's page is much longer or shorter than the widget's."""
    ours, theirs = [await contenders[name].size(work) for name in ("ours", "express")]
    assert abs(theirs / ours - 1) < MAX_SIZE_DIFFERENCE, (work, ours, theirs)


def _is_right(answer: Answer) -> bool:
    return answer.status in {200, 201}
