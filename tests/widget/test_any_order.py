"""Any order of clicks, polls, leaves, faults and restarts, against the sandbox in virtual time.

Two processes of the widget share a store. Whatever happens, no poll is early, no POST is made for
a run that is known, nothing is billed twice, and what is shown fits together.
"""

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from demo_ats.sandbox.app import create_app
from tests.widget.partner import KEY
from tests.widget.people import IDA, create_body
from tests.widget.widget_process import SECRET, Clock, some_settings
from widget.button import LABELS, State
from widget.database import connect
from widget.limits import Limits
from widget.model import EmbedSession, Run
from widget.panel import Panel, panel_of
from widget.partner_api import PartnerAPI
from widget.runs import Runs
from widget.seal import Seal
from widget.sessions import Sessions
from widget.settings import Settings
from widget.store import Store
from widget.sweeper import Sweeper

EXAMPLES = int(os.environ.get("ANY_ORDER_EXAMPLES", "30"))
CANDIDATES = ("test_green", "test_failed", "test_limited")
LIMITS = Limits(patience_seconds=0.05)
LONGEST_RUN_SECONDS = 3600

T = TypeVar("T")
FAULTS = st.sampled_from(["refused", "lost", "stalled", "broken"])
RECRUITERS = st.sampled_from([0, 1])


class Wire(httpx2.AsyncBaseTransport):
    """The way to the sandbox, and what happens on it to the next calls."""

    def __init__(self, sandbox: httpx2.AsyncBaseTransport, clock: Clock, faults: list[str]) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self.faults = faults
        self.stalled: list[tuple[float, asyncio.Event]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "refused":
            raise httpx2.ConnectError("refused")
        answer = await self._sandbox.handle_async_request(request)
        match fault:
            case "lost":
                raise httpx2.ReadError("reset")
            case "stalled":
                await self._stall()
            case "broken":
                return httpx2.Response(502, text="<h1>Bad Gateway</h1>")
        return answer

    async def _stall(self) -> None:
        event = asyncio.Event()
        self.stalled.append((self._clock() + LIMITS.call_seconds, event))
        await event.wait()
        raise httpx2.ReadTimeout("silence")

    def time_out(self) -> None:
        """Ends the calls whose time is over."""
        for at, event in self.stalled:
            if at <= self._clock():
                event.set()
        self.stalled = [(at, event) for at, event in self.stalled if not event.is_set()]


class Process:
    def __init__(self, options: Settings, clock: Clock, wire: Wire) -> None:
        self.store = Store(connect(options.database_url), Seal([SECRET]))
        self.sessions = Sessions(self.store, options, clock)
        api = PartnerAPI(options.partner_api_url, KEY, wire)
        self.runs = Runs(self.store, api, options, clock, LIMITS)
        self.sweeper = Sweeper(self.store, self.runs, options, clock)


class AnyOrder(RuleBasedStateMachine):
    """Two recruiters with a process each look at one candidate, and one of them has clicked."""

    @initialize(candidate=st.sampled_from(CANDIDATES), faults=st.lists(FAULTS, max_size=1))
    def start(self, candidate: str, faults: list[str]) -> None:
        self.candidate = candidate
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.Runner()
        self.clock = Clock()
        self.sandbox = httpx2.ASGITransport(create_app([KEY], 1, self.clock, self.pass_time))
        self.wire = Wire(self.sandbox, self.clock, faults)
        self.options = some_settings(f"sqlite:///{Path(self.folder.name) / 'widget.db'}")
        self.processes = [self.new_process(), self.new_process()]
        self.sessions = [self.open(0), self.open(1)]
        self.is_certain = not faults
        self.clicks(0)

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    # What the recruiters do

    @rule(recruiter=RECRUITERS)
    def clicks(self, recruiter: int) -> None:
        if self.is_there(recruiter):
            self.is_certain = self.is_certain and not self.wire.faults
            self.do(self.processes[recruiter].runs.start(self.sessions[recruiter]))

    @rule(seconds=st.sampled_from([0.0, 10.1, 15.0]))
    def both_poll_after(self, seconds: float) -> None:
        self.waits(seconds)
        for recruiter in (0, 1):
            if self.is_there(recruiter):
                self.poll(recruiter)

    @rule(recruiter=RECRUITERS)
    def cancels(self, recruiter: int) -> None:
        run = self.run()
        if self.is_there(recruiter) and run is not None:
            self.do(self.processes[recruiter].runs.cancel(run))

    @rule(recruiter=RECRUITERS)
    def leaves(self, recruiter: int) -> None:
        session = self.sessions[recruiter]
        self.do(self.processes[recruiter].sessions.leave(session, session.visit))

    @rule(recruiter=RECRUITERS)
    def opens_the_profile_again(self, recruiter: int) -> None:
        self.leaves(recruiter)
        self.sessions[recruiter] = self.open(recruiter)

    # What happens to them

    @rule(fault=FAULTS)
    def the_next_call_meets_a_fault(self, fault: str) -> None:
        self.wire.faults.append(fault)

    @rule(seconds=st.sampled_from([1.0, 15.0, 120.0]))
    def waits(self, seconds: float) -> None:
        until = self.clock() + seconds
        while self.clock() < until:
            self.clock.now = min([until, *(at for at, _ in self.wire.stalled)])
            self.wire.time_out()
            self.settle()

    @rule(process=RECRUITERS)
    def sweeps(self, process: int) -> None:
        self.do(self.processes[process].sweeper.sweep())
        self.settle()

    @rule(process=RECRUITERS)
    def is_killed_and_started_again(self, process: int) -> None:
        self.is_certain = False
        self.do(self.kill())
        self.processes[process] = self.new_process()

    @rule()
    def has_the_candidate_erased(self) -> None:
        self.is_certain = False
        self.do(self.processes[0].runs.erase(IDA["id"], self.candidate))
        self.sessions = [self.open(0), self.open(1)]

    # What always holds

    @invariant()
    def nothing_is_polled_early_or_billed_twice(self) -> None:
        ledger = self.ledger()
        kinds = {call["violation"] for call in ledger["violations"]}
        assert kinds <= (set() if self.is_certain else {"second_post"})
        assert len(ledger["billed"]) <= 1

    @invariant()
    def button_and_panel_agree(self) -> None:
        for watching in (False, True):
            expect_agreement(panel_of(self.run(), watching, self.clock(), self.options.lease))

    def teardown(self) -> None:
        """Once the faults have passed, a run comes to an end for who watches it."""
        self.wire.faults.clear()
        self.opens_the_profile_again(0)
        deadline = self.clock() + LONGEST_RUN_SECONDS
        while self.state() is State.RUNNING:
            assert self.clock() < deadline
            self.waits(15.0)
            self.poll(0)
            self.sweeps(0)
        self.do(self.kill())
        for process in self.processes:
            self.do(process.store.close())
        self.loop.close()
        self.folder.cleanup()

    # How

    @property
    def pair(self) -> str:
        return self.processes[0].store.pair(IDA["id"], self.candidate)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def new_process(self) -> Process:
        process = Process(self.options, self.clock, self.wire)
        self.do(process.store.open())
        return process

    def open(self, recruiter: int) -> EmbedSession:
        body = create_body({"id": self.candidate, "first_name": "Mara", "last_name": "Lindqvist"})
        sessions = self.processes[recruiter].sessions
        _, session = self.do(sessions.open(body, {}))
        return self.do(sessions.begin_visit(session))

    def is_there(self, recruiter: int) -> bool:
        found = self.do(self.processes[recruiter].store.load(self.sessions[recruiter].id))
        return found is not None and found[0].expires_at > self.clock()

    def poll(self, recruiter: int) -> None:
        process, run = self.processes[recruiter], self.run()
        self.do(process.sessions.renew(self.sessions[recruiter]))
        if run is not None:
            self.do(process.runs.refresh(run))

    def run(self) -> Run | None:
        return self.do(self.processes[0].store.run(self.pair))

    def state(self) -> State:
        return panel_of(self.run(), True, self.clock(), self.options.lease).state

    def ledger(self) -> dict[str, Any]:
        async def ask() -> httpx2.Response:
            async with httpx2.AsyncClient(
                transport=self.sandbox, base_url="http://127.0.0.1:9"
            ) as http:
                return await http.get("/ledger")

        ledger: dict[str, Any] = self.do(ask()).json()
        return ledger

    def settle(self) -> None:
        """Lets every call go on as far as it can without time."""

        async def turns() -> None:
            for _ in range(50):
                await asyncio.sleep(0)

        self.do(turns())

    async def kill(self) -> None:
        """Ends all calls under way as a crash would: nobody hears of their answers."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.wire.stalled.clear()


def expect_agreement(panel: Panel) -> None:
    assert panel.label == LABELS[panel.state]
    assert (panel.progress is not None) == (panel.state is State.RUNNING)
    assert (panel.report is not None) == (panel.state is State.OPEN)
    if panel.state in {State.RUNNING, State.OPEN}:
        assert panel.reason is None


TestAnyOrder = pytest.mark.timeout(20 * EXAMPLES)(AnyOrder.TestCase)
TestAnyOrder.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.generate],  # shrinking a failure takes minutes: ask for it where there is one
    suppress_health_check=list(HealthCheck),
)
