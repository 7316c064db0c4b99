"""Recruiters at work without a browser, and a balancer that asks whether the widget is ready."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from demo_ats.servers import NO_AUTHORITY
from tests.processes import Widget
from tests.reliability.simulated_tab import SimulatedTab

RUN_SECONDS = 90  # a run that has not ended in a report by then is lost
PAUSE_SECONDS = 1.0
PROBE_SECONDS = 0.1
READS = ("/healthz", "/embed.js")
ONE = httpx2.Limits(max_connections=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of the widget; times as of `time.monotonic`."""

    method: str
    path: str
    status: int  # 0: none
    started: float
    ended: float

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 500


@dataclass
class Crowd:
    widget: Widget
    answers: list[Answer] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)  # when each came
    clicks: list[float] = field(default_factory=list)  # beyond the first of a run
    lost: list[str] = field(default_factory=list)
    lies: list[tuple[float, float]] = field(default_factory=list)  # of /readyz, from when to when
    _came: int = 0

    @asynccontextmanager
    async def at_work(self, recruiters: int) -> AsyncIterator[None]:
        """So many more of them, until each has the report that is under way at the end."""
        over = asyncio.Event()
        tasks = [asyncio.create_task(self._recruit(over)) for _ in range(recruiters)]
        try:
            yield
        finally:
            over.set()
            await asyncio.gather(*tasks)

    @asynccontextmanager
    async def observed(self) -> AsyncIterator[None]:
        works = (self._ask_whether_ready(), self._ask_whether_ready(), self._read())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _recruit(self, over: asyncio.Event) -> None:
        async with self._browser() as http:
            while not over.is_set():
                self._came += 1
                await self._run(http, f"test_green.{self._came}")

    async def _run(self, http: httpx2.AsyncClient, candidate: str) -> None:
        deadline = time.monotonic() + RUN_SECONDS
        tab = await self._opened(http, candidate)
        clicks = 0
        try:
            while tab.state != "open":
                if clicks:
                    self.clicks.append(time.monotonic())
                    await asyncio.sleep(PAUSE_SECONDS)
                clicks += 1
                await tab.click()
                await tab.watch("open", "idle", "", seconds=deadline - time.monotonic())
        except AssertionError:
            self.lost.append(candidate)
        else:
            self.reports.append(time.monotonic())

    async def _opened(self, http: httpx2.AsyncClient, candidate: str) -> SimulatedTab:
        while True:
            try:
                tab = await SimulatedTab.open(http, self.widget.host_token, candidate)
            except (AssertionError, httpx2.TransportError):
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                await tab.look()
                return tab

    async def _ask_whether_ready(self) -> None:
        """Over one connection, and so in one worker, with something written between two answers."""
        headers = {"Authorization": f"Bearer {self.widget.host_token}"}
        body = {
            "language": "en",
            "client": {"id": "client-1"},
            "candidate": {"id": "nobody", "last_name": "Nobody"},
        }
        since = 0.0
        async with self._browser() as http:
            while True:
                started = time.monotonic()
                before = await _status(http.get("/readyz"))
                writing = http.post("/api/v1/sessions", json=body, headers=headers)
                written = await _status(writing)
                after = await _status(http.get("/readyz"))
                if (before == 200) == (after == 200) != (written == 201):
                    since = since or started
                    self.lies.append((since, time.monotonic()))
                else:
                    since = 0.0
                await asyncio.sleep(PROBE_SECONDS)

    async def _read(self) -> None:
        async with self._browser() as http:
            while True:
                for address in READS:
                    await _status(http.get(address))
                await asyncio.sleep(PROBE_SECONDS)

    def _browser(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.widget.origin,
            timeout=60,
            transport=_Recorded(self.answers),
        )


class _Recorded(httpx2.AsyncBaseTransport):
    """Notes each answer. One connection, as a browser's tab on HTTP/2 has."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers
        self._network = httpx2.AsyncHTTPTransport(NO_AUTHORITY, limits=ONE)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        started = time.monotonic()
        status = 0
        try:
            response = await self._network.handle_async_request(request)
            status = response.status_code
        finally:
            path = request.url.path
            self._answers.append(Answer(request.method, path, status, started, time.monotonic()))
        return response

    async def aclose(self) -> None:
        await self._network.aclose()


async def _status(answer: Awaitable[httpx2.Response]) -> int:
    try:
        return (await answer).status_code
    except httpx2.TransportError:
        return 0
