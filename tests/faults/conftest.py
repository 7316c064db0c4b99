"""One recruiter, one process of the widget, and a Partner API with faults, all on one loop.

The connection to the Partner API is real. Time is not: it passes when a test says so, and the
sweeper goes round at the end of each such time, and every ten seconds of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from demo_ats.servers import NO_AUTHORITY, free_port
from tests.faults import usual_answers
from tests.faults.partner import Partner
from tests.faults.recruiter import Recruiter
from tests.widget.client import open_session
from tests.widget.widget_process import Clock, some_settings
from widget import app as widget_app
from widget.limits import LIMITS, Limits
from widget.runs import Runs
from widget.settings import Settings
from widget.store import Store
from widget.sweeper import Sweeper

REPORT_TTL = 60
ELSEWHERE = "127.0.0.2"  # no other test asks there, for a server of its own that is gone
SWEEP_SECONDS = 10  # one in the application; a sweep costs as much as a page


class Wire(httpx2.AsyncHTTPTransport):
    """The way to the Partner API, which notes when a call goes out, whether it arrives or not."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(verify=NO_AUTHORITY)
        self.sent: list[tuple[str, float]] = []
        self._clock = clock

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append((request.method, self._clock()))
        return await super().handle_async_request(request)

    def times(self, method: str) -> list[float]:
        return [at for sent, at in self.sent if sent == method]


class OneHop(httpx2.BaseTransport):
    """Sends requests to an application that runs in the thread of `portal`.

    It changes threads once per request. Starlette's own transport does for each part of an answer.
    """

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        self._transport = httpx2.ASGITransport(app)
        self._portal = portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._transport.handle_async_request(request)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        body = b"".join([part async for part in answer.stream])
        return httpx2.Response(
            answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(body)
        )


class SweepsOnDemand(Sweeper):
    """Leaves it to the stage when to sweep."""

    def __init__(self, store: Store, runs: Runs, settings: Settings, clock: Clock) -> None:
        super().__init__(store, runs, settings, clock)
        self.runs = runs

    async def go_on(self) -> None:
        pass


@dataclass
class Stage:
    """`elsewhere` is another host, which has no business with the key."""

    http: httpx2.Client
    portal: BlockingPortal
    clock: Clock
    wire: Wire
    partner: Partner
    elsewhere: Partner
    sweepers: list["SweepsOnDemand"] = field(default_factory=list)

    def count(self, method: str) -> int:
        return len(self.wire.times(method))

    def recruiter(self, candidate_id: str = "candidate-1") -> Recruiter:
        candidate = {"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"}
        recruiter = Recruiter(self.http, open_session(self.http, candidate), self.let_pass)
        recruiter.open_the_profile()
        return recruiter

    def let_pass(self, seconds: float) -> None:
        self.portal.call(self._let_pass, seconds)

    async def _let_pass(self, seconds: float) -> None:
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now = min(self.clock.now + SWEEP_SECONDS, until)
            for sweeper in self.sweepers:
                await sweeper.sweep()
                await sweeper.runs.finish(10)


@pytest.fixture
def limits() -> Limits:
    return LIMITS


@pytest.fixture
def stage(tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    clock = Clock()
    partner, elsewhere = (
        Partner(usual_answers.plays(), free_port()),
        Partner({}, free_port(), ELSEWHERE),
    )
    sweepers: list[SweepsOnDemand] = []

    def make_sweeper(*parts: Any) -> SweepsOnDemand:
        sweepers.append(SweepsOnDemand(*parts))
        return sweepers[-1]

    monkeypatch.setattr(widget_app, "Sweeper", make_sweeper)
    wire = Wire(clock)
    app = widget_app.create_app(settings_for(tmp_path, partner), wire, clock, limits)
    with TestClient(app) as running:
        assert running.portal is not None
        http = httpx2.Client(
            transport=OneHop(app, running.portal),
            base_url="http://127.0.0.1:8001",
            follow_redirects=True,
        )
        stage = Stage(http, running.portal, clock, wire, partner, elsewhere, sweepers)
        for host in (partner, elsewhere):
            stage.portal.call(host.open)
        yield stage
        for host in (partner, elsewhere):
            stage.portal.call(host.close)


def settings_for(folder: Path, partner: Partner) -> Settings:
    database_url = f"sqlite:///{folder / 'widget.db'}"
    return some_settings(database_url, partner_api_url=partner.origin, report_ttl=REPORT_TTL)
