"""How many runs two workers can serve at once, each polled when its page says so.

Runs start one after another, spread over ten seconds, and each is watched for two polls. The same
calls to the sandbox alone show how much of a delay is due to the machine.
"""

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from benchmarks.client import BROWSER, HTMX, Answer, Connection, message
from benchmarks.figures import Figure, percentile
from benchmarks.profiles import Profile, open_profiles
from benchmarks.servers import a_sandbox, a_widget
from tests.processes import KEY, Sandbox, Widget
from tests.reliability.simulated_tab import POLL

WORKERS = 2
SPEED = 1  # of the sandbox: the API's real times, with a window of ten seconds
LEVELS = (6_000, 5_000, 4_000, 3_000)  # tried in this order, until one holds
GOAL_RUNS = 6_000
WINDOW_SECONDS = 10.0
WATCHED_SECONDS = 12.0  # no poll is scheduled after this time, so there are two
CONNECTIONS = 128
MAX_SECONDS = 0.5
STATE = re.compile(r'data-state="(\w+)"')


@dataclass
class Crowd:
    """Sends requests through CONNECTIONS connections.

    `seconds`: how long each took. `lost`: how many were not answered as they should be.
    """

    port: int
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    _free: asyncio.Queue[Connection] = field(default_factory=asyncio.Queue)

    async def connect(self) -> None:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await Connection.to(self.port))

    def close(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()

    async def ask(self, request: bytes, is_right: Callable[[Answer], bool]) -> Answer:
        """Sends a request, and returns its answer. Counts it as lost if the answer is not right.

        Its time includes the wait for a free connection, because a browser would wait as well.
        """
        began = time.perf_counter()
        connection = await self._free.get()
        answer = await connection.ask(request)
        self._free.put_nowait(connection)
        self.seconds.append(time.perf_counter() - began)
        self.lost += not is_right(answer)
        return answer


async def figures() -> Sequence[Figure]:
    tried = []
    for runs in LEVELS:
        late, lost, early = await _at_once(runs)
        tried.append(f"{runs:,}")
        if late <= MAX_SECONDS and not lost and not early:
            break
    with a_sandbox(SPEED) as sandbox:
        alone = await _on_the_sandbox(sandbox, runs)
    return [
        Figure(
            name=f"runs at once on {WORKERS} workers, with this load's senders on the same cores",
            reference=f"the sandbox alone: p99 {alone * 1000:.0f} ms",
            measured=f"{runs:,}, p99 {late * 1000:.0f} ms, {lost} lost, {early} early",
            spread=f"tried: {', '.join(tried)}",
            goal=f"{GOAL_RUNS:,}, p99 500 ms, 0 lost, 0 early",
            holds=runs >= GOAL_RUNS and late <= MAX_SECONDS and not lost and not early,
        )
    ]


async def _at_once(runs: int) -> tuple[float, int, int]:
    """The 99th percentile of the seconds for a request, the lost requests, and the early polls."""
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(SPEED) as sandbox,
        a_widget(sandbox, f"sqlite:///{folder}/widget.db", WORKERS) as widget,
    ):
        late, lost = await _on_the_widget(widget, runs)
        return late, lost, len(sandbox.violations("early_poll"))


async def _on_the_widget(widget: Widget, runs: int) -> tuple[float, int]:
    """The 99th percentile of the seconds for a request, and how many requests were lost."""
    profiles = await open_profiles(widget, [f"test_long.{number}" for number in range(runs)])
    crowd = Crowd(widget.port)
    await crowd.connect()
    await _spread([_watch(crowd, profile) for profile in profiles])
    crowd.close()
    return percentile(crowd.seconds, 99), crowd.lost


async def _watch(crowd: Crowd, profile: Profile) -> None:
    until = time.monotonic() + WATCHED_SECONDS
    answer = await crowd.ask(profile.run, _is_running)
    while _is_running(answer) and time.monotonic() < until:
        address, wait = _next_poll(answer)
        await asyncio.sleep(wait)
        answer = await crowd.ask(message("GET", address, HTMX | BROWSER), _is_running)


def _is_running(answer: Answer) -> bool:
    return answer.status == 200 and state_of(answer) == "running"


def state_of(answer: Answer) -> str:
    found = STATE.search(answer.text)
    return found[1] if found else ""


async def ask_again(connection: Connection, answer: Answer) -> Answer:
    """Waits as long as the page in `answer` says, and sends the poll that it names."""
    address, wait = _next_poll(answer)
    await asyncio.sleep(wait)
    return await connection.ask(message("GET", address, HTMX | BROWSER))


def _next_poll(answer: Answer) -> tuple[str, float]:
    found = POLL.search(answer.text)
    assert found, answer
    return unescape(found["address"]), int(found["milliseconds"]) / 1000


async def _on_the_sandbox(sandbox: Sandbox, runs: int) -> float:
    """The 99th percentile of the seconds for a call, with the same calls, but no widget between."""
    crowd = Crowd(urlsplit(sandbox.origin).port or 80)
    await crowd.connect()
    await _spread([_follow(crowd, number) for number in range(runs)])
    crowd.close()
    return percentile(crowd.seconds, 99)


async def _follow(crowd: Crowd, number: int) -> None:
    headers = {"X-API-Key": KEY}
    body = {
        "language": "en",
        "client": {"id": "client-7"},
        "candidate": {"id": f"test_long.{number}", "first_name": "Mara", "last_name": "Lindqvist"},
    }
    until = time.monotonic() + WATCHED_SECONDS
    post = message("POST", "/api/v1/analyses", headers, body)
    answer = await crowd.ask(post, lambda found: found.status == 202)
    get = message("GET", f"/api/v1/analyses/{json.loads(answer.body)['id']}", headers)
    while time.monotonic() < until:
        await asyncio.sleep(WINDOW_SECONDS + 0.05)
        await crowd.ask(get, lambda found: found.status == 200)


async def _spread(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Starts the works one after another, evenly over a window, and waits for all of them."""

    async def begin(number: int, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.sleep(number / len(works) * WINDOW_SECONDS)
        await work

    await asyncio.gather(*(begin(number, work) for number, work in enumerate(works)))
