"""The sweeper: each process goes over the store once a second.

It cancels the runs that nobody watches, repeats DELETEs that have failed, and deletes what has
expired. Several processes that sweep the same store do no harm: each change is one statement.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from widget import metrics
from widget.database import DatabaseUnavailable
from widget.model import Reason
from widget.runs import Runs
from widget.settings import Settings
from widget.store import Store

SWEEP_SECONDS = 1.0
REMINDER_SECONDS = 60.0  # between two log lines about the same outage

log = structlog.get_logger()


class Sweeper:
    """`clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._runs = runs
        self._settings = settings
        self._clock = clock
        self._renewable_since = clock()

    async def go_on(self) -> None:
        """Sweeps until it is canceled.

        No error ends it, because nothing else deletes in time what may not be kept.
        """
        silent_until = 0.0
        while True:
            try:
                await self.sweep()
                silent_until = 0.0
            except DatabaseUnavailable as error:
                if time.monotonic() >= silent_until:
                    log.error("store_unavailable", cause=str(error))
                    silent_until = time.monotonic() + REMINDER_SECONDS
            except Exception:
                log.error("sweep_failed", exc_info=True)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Raises DatabaseUnavailable."""
        try:
            await self._sweep(self._clock())
        except DatabaseUnavailable:
            self._renewable_since = self._clock()
            raise

    async def _sweep(self, now: float) -> None:
        if self._settings.cancel_on_leave:
            left = await self._store.cancel_left(
                now,
                self._settings.leave_grace,
                give_up_at=now + self._settings.run_timeout,
                renewable_since=self._renewable_since_if_recent(now),
            )
            metrics.cancellations.labels(Reason.LEFT).inc(left)
        for run in await self._store.due_cancellations(now):
            self._runs.repeat_cancellation(run)
        await self._store.purge(now, self._settings.report_ttl)
        if dropped := await self._store.drop_events(now):
            log.error("events_dropped", events=dropped)
            metrics.event_deliveries.labels("dropped").inc(dropped)
        if self._settings.metrics_port:
            metrics.runs_under_way.set(await self._store.count_under_way(now))
            metrics.events_waiting.set(await self._store.count_events())
        metrics.sweeps.inc()

    def _renewable_since_if_recent(self, now: float) -> float:
        """After a start, or an outage of the store, viewers get one lease's time to renew theirs.

        After that time, leases that ended before count as well: the moment is 0.
        """
        is_recent = now < self._renewable_since + self._settings.lease
        return self._renewable_since if is_recent else 0.0
