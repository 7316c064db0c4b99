"""The life of a run: started once, polled no earlier than allowed, canceled when it should be.

Any number of processes work on the same store. Whoever wins a claim there makes the call to the
Partner API, and everybody else is answered from what the store already knows.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from widget import metrics
from widget.calls import Calls
from widget.database import DatabaseUnavailable
from widget.events import Ids
from widget.limits import LIMITS, Limits
from widget.model import EmbedSession, Phase, Reason, Run
from widget.outcomes import DEFAULT_RETRY_SECONDS
from widget.partner_api import PartnerAPI
from widget.settings import Settings
from widget.store import Store

MAX_WAIT_SECONDS = 60.0  # for which a click is kept until it may be carried out
LOOK_AGAIN_SECONDS = 0.2
RENEWAL_SECONDS = 24 * 3600.0  # how much sooner than said a run may be forgotten, at the most
RENEWAL_SHARE = 0.1  # and of what is said

log = structlog.get_logger()


class Runs:
    """`clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        partner: PartnerAPI,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        limits: Limits = LIMITS,
    ) -> None:
        self._store = store
        self._calls = Calls(store, partner, settings, clock, limits)
        self._settings = settings
        self._clock = clock
        self._limits = limits
        self._tasks: set[asyncio.Task[None]] = set()

    async def current(self, session: EmbedSession) -> Run | None:
        """The run of the session's pair, as the store knows it."""
        return await self._store.run(session.pair)

    async def start(self, session: EmbedSession) -> float | None:
        """Starts a run for the session's pair, unless one is under way or its report exists.

        Where the API has asked for a wait, the run starts when it is over. Where the wait is long
        or the brake holds, nothing starts: the moment from which it may is returned, else None.

        Returns once the API has answered, or after a moment of patience; the call then goes on by
        itself, whatever becomes of the browser that asked for it.
        """
        now = self._clock()
        last = await self._store.run(session.pair)
        if last is not None and not _may_follow(last, now):
            return None  # without a claim, so that a crowd that clicks does not queue for the lock
        starts_at = now if last is None or not last.ended else max(now, last.poll_after)
        if starts_at - now > MAX_WAIT_SECONDS:
            return starts_at
        claim_seconds = self._limits.call_seconds + self._limits.claim_margin_seconds
        run = Run(
            pair=session.pair,
            id=secrets.token_urlsafe(12),
            phase=Phase.STARTING,
            started_at=now,
            expires_at=now + self._settings.run_ttl,
            poll_after=starts_at if starts_at > now else 0.0,
            busy_until=starts_at + claim_seconds,
            interval=DEFAULT_RETRY_SECONDS,
            give_up_at=starts_at + self._settings.run_timeout,
        )
        if not await self._store.claim_start(run, session.id, now):
            return await self._store.closed_until(session.pair, now)
        metrics.runs_started.inc()
        work = self._calls.post(run, session.id)
        if run.poll_after:
            self._spawn(work)
        else:
            await self._patiently(work)
        return None

    async def refresh(self, run: Run) -> Run | None:
        """The run as it may be shown now, None if the API no longer knows it.

        Asks the API where that is due and nobody else is asking: a run under way when its wait is
        over, a completed one when the report that is kept has become too old.
        """
        if run.phase is Phase.RUNNING:
            return await self._poll(run)
        if run.phase is Phase.COMPLETED and not self._is_fresh(run):
            return await self._fetch(run)
        return run

    async def keep(self, run: Run) -> None:
        """A run has been used, and is remembered for longer. Few uses have to be written down."""
        ttl = self._settings.run_ttl
        expires_at = self._clock() + ttl
        if expires_at - run.expires_at >= min(RENEWAL_SECONDS, RENEWAL_SHARE * ttl):
            await self._store.renew_run(run, expires_at)

    async def cancel(self, run: Run, session: EmbedSession | None = None) -> None:
        """Cancels a run that is under way. Returns as soon as `start` does."""
        marked = await self._calls.mark_canceling(
            run, Reason.CANCELED, session.id if session else None
        )
        if marked is not None:
            await self._patiently(self._calls.delete(marked))

    async def erase(self, client_id: str, candidate_id: str) -> None:
        """Forgets everything about a candidate of a client. A run under way is canceled.

        Where its DELETE does not arrive at once, the analysis' id is kept until it has.
        """
        marked = await self._calls.erase(Ids(client_id, candidate_id))
        if marked is not None:
            await self._patiently(self._calls.delete(marked))

    def repeat_cancellation(self, run: Run) -> None:
        """Sends the DELETE of a run that is marked for cancellation, in the background."""
        self._spawn(self._calls.delete(run))

    async def open_report(self, session: EmbedSession, run: Run) -> None:
        """The report has been opened in a session, once more than the session knows of."""
        await self._store.open_report(session, run, self._clock())

    async def finish(self, seconds: float) -> None:
        """Waits for calls that are under way, that long at the most. No start waits any longer."""
        self._calls.stop_waiting()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def _poll(self, run: Run) -> Run | None:
        now = self._clock()
        if _is_due(run, now) and await self._calls.claim(run):
            metrics.polls.labels("partner_api").inc()
            await self._patiently(self._calls.get(run))
        elif run.poll_after > now >= run.give_up_at:
            await self._patiently(self._calls.give_up(run))
        else:
            metrics.polls.labels("store").inc()
            return run
        return await self._store.run(run.pair)

    async def _fetch(self, run: Run) -> Run | None:
        if await self._calls.claim(run):
            await self._calls.fetch(run)
            return await self._store.run(run.pair)
        return await self._fetched_by_another(run)

    async def _fetched_by_another(self, run: Run) -> Run | None:
        """Who views a report that another is fetching waits for that one's answer."""
        current = await self._store.run(run.pair)
        while current is not None and current.ended and current.busy_until > self._clock():
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            current = await self._store.run(run.pair)
        return current

    def _is_fresh(self, run: Run) -> bool:
        expires_at = run.resource_at + self._settings.report_ttl
        return run.has_report and expires_at > self._clock()

    async def _patiently(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wait({self._spawn(work)}, timeout=self._limits.patience_seconds)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(log_failure)
        return task


def _may_follow(last: Run, now: float) -> bool:
    """Whether another run may be started after this one."""
    return last.phase in {Phase.FAILED, Phase.CANCELED} or last.orphaned(now)


def _is_due(run: Run, now: float) -> bool:
    """Whether a claim may succeed: nobody brings the next call of a run under way forward."""
    return run.poll_after <= now and run.busy_until <= now


def log_failure(task: asyncio.Task[None]) -> None:
    """For `add_done_callback`."""
    if not task.cancelled() and (error := task.exception()):
        cause = str(error) if isinstance(error, DatabaseUnavailable) else None
        log.error("task_failed", cause=cause, exc_info=error)
