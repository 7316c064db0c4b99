"""The life of a run: start, poll, cancel, erase.

Any number of processes share the store. A process that needs a call to the Partner API claims it
there first. If the claim fails, another process is making the call, and this one answers from the
store.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from widget import metrics
from widget.calls import Calls
from widget.events import Ids
from widget.limits import LIMITS, Limits
from widget.model import EmbedSession, Phase, Reason, Run
from widget.outcomes import DEFAULT_RETRY_SECONDS
from widget.partner_api import PartnerAPI
from widget.settings import Settings
from widget.store import Store
from widget.tasks import Tasks

MAX_WAIT_SECONDS = 60.0  # a click on Run is kept for a wait of up to this length
LOOK_AGAIN_SECONDS = 0.2
# To save writes, `expires_at` is only renewed once it is this far behind.
RENEWAL_SECONDS = 24 * 3600.0
RENEWAL_SHARE = 0.1  # of WIDGET_RUN_TTL, if that is less


class Runs:
    """Starts, polls, cancels and erases runs. `clock` gives seconds since the epoch."""

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
        self._tasks = Tasks()

    async def current(self, session: EmbedSession) -> Run | None:
        """The run of the session's pair, as the store knows it."""
        return await self._store.run(session.pair)

    async def start(self, session: EmbedSession) -> float | None:
        """Starts a run for the session's pair, unless one is under way or its report exists.

        If the API has asked for a wait, the run starts when the wait is over. If the wait is longer
        than MAX_WAIT_SECONDS, or the brake forbids a start, nothing starts. Returns the moment from
        which a run may start then, else None.

        Returns when the API has answered, or after `patience_seconds`. The call then continues in
        the background, even if the browser disconnects.
        """
        now = self._clock()
        last = await self._store.run(session.pair)
        if last is not None and not _may_follow(last, now):
            return None  # a claim would fail, but would wait for the write lock first
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
        lease_until = now + self._settings.lease
        if not await self._store.claim_start(run, session.id, now, lease_until):
            return await self._store.closed_until(session.pair, now)
        metrics.runs_started.inc()
        work = self._calls.post(run, session.id)
        if run.poll_after:
            self._tasks.start(work)
        else:
            await self._patiently(work)
        return None

    async def refresh(self, run: Run) -> Run | None:
        """The run as it may be shown now, or None if the API no longer knows it.

        Calls the API if a call is due and no other process is making it: for a run under way when
        `Retry-After` has passed, for a completed one when the stored report is too old.
        """
        if run.phase is Phase.RUNNING:
            return await self._poll(run)
        if run.phase is Phase.COMPLETED and not self._is_fresh(run):
            return await self._fetch(run)
        return run

    async def keep(self, run: Run) -> None:
        """The run has been used: it is kept for another WIDGET_RUN_TTL."""
        ttl = self._settings.run_ttl
        expires_at = self._clock() + ttl
        if expires_at - run.expires_at >= min(RENEWAL_SECONDS, RENEWAL_SHARE * ttl):
            await self._store.renew_run(run, expires_at)

    async def cancel(self, run: Run, session: EmbedSession | None = None) -> None:
        """Cancels a run that is under way. Returns when `start` would."""
        marked = await self._calls.mark_canceling(
            run, Reason.CANCELED, session.id if session else None
        )
        if marked is not None:
            await self._patiently(self._calls.delete(marked))

    async def erase(self, client_id: str, candidate_id: str) -> None:
        """Forgets everything about a candidate of a client. A run under way is canceled.

        If its DELETE fails, the analysis id is kept until a later DELETE has arrived.
        """
        marked = await self._calls.erase(Ids(client_id, candidate_id))
        if marked is not None:
            await self._patiently(self._calls.delete(marked))

    def repeat_cancellation(self, run: Run) -> None:
        """Sends the DELETE of a run that is marked for cancellation, in the background."""
        self._tasks.start(self._calls.delete(run))

    async def open_report(self, session: EmbedSession, run: Run) -> None:
        """The report has been opened in a session, for the first time or once more."""
        await self._store.open_report(session, run, self._clock())

    async def finish(self, seconds: float) -> None:
        """Waits for calls under way, for `seconds` at most. Runs that wait to start end."""
        self._calls.stop_waiting()
        await self._tasks.finish(seconds)

    async def _poll(self, run: Run) -> Run | None:
        now = self._clock()
        if _is_due(run, now) and await self._calls.claim(run):
            metrics.polls.labels("partner_api").inc()
            await self._patiently(self._calls.get(run))
        elif run.poll_after > now >= run.give_up_at:  # no GET may be sent any more in time
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
        """The run once the other request that is fetching its report has its answer."""
        current = await self._store.run(run.pair)
        while current is not None and current.ended and current.busy_until > self._clock():
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            current = await self._store.run(run.pair)
        return current

    def _is_fresh(self, run: Run) -> bool:
        expires_at = run.resource_at + self._settings.report_ttl
        return run.has_report and expires_at > self._clock()

    async def _patiently(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` in the background, and waits for it for `patience_seconds`."""
        await asyncio.wait({self._tasks.start(work)}, timeout=self._limits.patience_seconds)


def _may_follow(last: Run, now: float) -> bool:
    """Whether another run may be started after this one."""
    return last.phase in {Phase.FAILED, Phase.CANCELED} or last.orphaned(now)


def _is_due(run: Run, now: float) -> bool:
    """Whether a claim may succeed. Checked first because a claim that fails is a write as well."""
    return run.poll_after <= now and run.busy_until <= now
