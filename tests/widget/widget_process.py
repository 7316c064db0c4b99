"""One process of the widget, the time in it, and a run in each of its phases."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from tests.widget.partner import KEY, Partner
from tests.widget.people import MARA, create_body
from widget.database import connect
from widget.limits import Limits
from widget.model import EmbedSession, Phase, Run
from widget.partner_api import PartnerAPI
from widget.runs import Runs
from widget.seal import Seal
from widget.sessions import Sessions
from widget.settings import Settings
from widget.store import Store
from widget.sweeper import Sweeper

SECRET = "a-secret-for-unit-tests-long-enough"
HOST_TOKEN = "a-host-token-for-unit-tests-only"
EVENTS = {  # for `settings`
    "events_url": "http://127.0.0.1:9/events",
    "events_secret": "whsec_bmV3LXNlY3JldC1mb3ItdGVzdHM=,whsec_b2xkLXNlY3JldC1mb3ItdGVzdHM=",
}
# A click waits for the API as long as it takes, on a busy machine too.
PATIENT = Limits(patience_seconds=30.0)


def some_settings(database_url: str, **overrides: Any) -> Settings:
    return Settings(**_usual(database_url) | overrides)


def some_environment(database_url: str, **overrides: str) -> dict[str, str]:
    """The same settings, for a process."""
    values = _usual(database_url) | overrides
    return {f"WIDGET_{name.upper()}": value for name, value in values.items()}


def _usual(database_url: str) -> dict[str, str]:
    return {
        "partner_api_url": "http://127.0.0.1:9",
        "partner_api_key": KEY,
        "secret_key": SECRET,
        "host_token": HOST_TOKEN,
        "allowed_origins": "http://localhost:8000",
        "database_url": database_url,
    }


@dataclass
class Clock:
    """Seconds since the epoch, which pass only when a test says so."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class WidgetProcess:
    """One process of the widget: its parts, the Partner API and the time."""

    settings: Settings
    clock: Clock
    partner: Partner
    store: Store
    sessions: Sessions
    runs: Runs
    sweeper: Sweeper
    api: PartnerAPI

    async def viewer(self, candidate: dict[str, str] = MARA) -> EmbedSession:
        _, session = await self.sessions.open(create_body(candidate), {})
        await self.sessions.renew(session)
        return session

    async def run_of(self, session: EmbedSession) -> Run | None:
        return await self.store.run(session.pair)

    async def known(self, session: EmbedSession) -> Run:
        run = await self.run_of(session)
        assert run is not None
        return run

    async def presses_run(self, candidate: dict[str, str] = MARA) -> EmbedSession:
        """A new viewer does, and waits for the answer."""
        session = await self.viewer(candidate)
        await self.runs.start(session)
        return session

    async def post_under_way(self, session: EmbedSession) -> asyncio.Task[float | None]:
        """Has a viewer press Run, whose POST then waits for `partner.released`."""
        self.partner.hold()
        self.partner.arrived.clear()
        click = asyncio.create_task(self.runs.start(session))
        await self.partner.arrived.wait()
        return click

    async def poll(self, session: EmbedSession, after: float = 0) -> Run:
        """Of a run that is still there afterwards."""
        run = await self.refresh(session, after)
        assert run is not None
        return run

    async def refresh(self, session: EmbedSession, after: float = 0) -> Run | None:
        self.clock.advance(after)
        return await self.runs.refresh(await self.known(session))

    async def sweep(self, after: float = 0) -> None:
        self.clock.advance(after)
        await self.sweeper.sweep()
        await self.settle()

    async def told(self) -> list[dict[str, Any]]:
        """The bodies of the events that wait to be delivered, in the order of their writing."""
        letters = await self.store.claim_events(self.clock(), self.clock(), 1000)
        bodies = [json.loads(letter.body) for letter in letters]
        return sorted(bodies, key=lambda body: str(body["timestamp"]))

    async def counted(self) -> dict[str, int]:
        """The usage of all clients and months together."""
        found = await self.store.usage("0000-00", "9999-99")
        return dict(sum((Counter(each.counts) for each in found), Counter()))

    async def settle(self) -> None:
        await self.runs.finish(5)


@asynccontextmanager
async def a_widget_process(
    settings: Settings, clock: Clock, partner: Partner
) -> AsyncIterator[WidgetProcess]:
    """It runs until the end of the block."""
    tells = settings.events_url is not None
    store = Store(connect(settings.database_url), Seal([SECRET]), tells=tells)
    api = PartnerAPI(settings.partner_api_url, KEY, httpx2.MockTransport(partner.answer))
    runs = Runs(store, api, settings, clock, PATIENT)
    sweeper = Sweeper(store, runs, settings, clock)
    sessions = Sessions(store, settings, clock)
    await store.open()
    process = WidgetProcess(settings, clock, partner, store, sessions, runs, sweeper, api)
    try:
        yield process
    finally:
        await process.settle()
        await api.close()
        await store.close()


NOW = 1_000.0
RUNNING = Run(
    pair="pair",
    id="run",
    phase=Phase.RUNNING,
    started_at=NOW,
    analysis_id="analysis_1",
    poll_after=NOW + 10,
    interval=10,
    give_up_at=NOW + 600,
)


def a_run(phase: Phase, **members: object) -> Run:
    return replace(RUNNING, phase=phase, **members)  # type: ignore[arg-type]


COMPLETED = a_run(Phase.COMPLETED, resource={"report": {"summary": "Solid."}})
ORPHANED = a_run(Phase.STARTING, analysis_id=None, busy_until=NOW)
STARTING = a_run(Phase.STARTING, analysis_id=None, busy_until=NOW + 1)
