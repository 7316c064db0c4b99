"""The life of a run: started once, polled no earlier than allowed, canceled when it should be.

Any number of processes work on the same store. Whoever wins a claim there makes the call to the
Partner API, and everybody else is answered from what the store already knows.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars

from widget import metrics
from widget.button import end_of_cancellation, wait_after_failure
from widget.database import DatabaseUnavailable
from widget.model import EmbedSession, Phase, Reason, Run
from widget.partner_api import (
    CALL_SECONDS,
    Answer,
    AnswerLost,
    Gone,
    PartnerAPI,
    PartnerError,
    Refused,
    Status,
    Unauthorized,
)
from widget.settings import Settings
from widget.store import Store

DEFAULT_RETRY_SECONDS = 10.0
CLAIM_MARGIN_SECONDS = 5.0  # between the latest end of a call and the lapse of its claim
PATIENCE_SECONDS = 1.5  # how long a click waits for the API before it is answered
VIEW_RETRY_SECONDS = 1.0
STORE_RETRY_SECONDS = 0.5
JITTER = 0.1

log = structlog.get_logger()

PHASES = {
    Status.QUEUED: Phase.RUNNING,
    Status.PROCESSING: Phase.RUNNING,
    Status.COMPLETED: Phase.COMPLETED,
    Status.FAILED: Phase.FAILED,
    Status.CANCELED: Phase.CANCELED,
}
REASONS = {
    Status.FAILED: Reason.ANALYSIS_FAILED,
    Status.CANCELED: Reason.CANCELED_UPSTREAM,
}


class Runs:
    """The only caller of the Partner API. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        partner: PartnerAPI,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._partner = partner
        self._settings = settings
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewable_since = clock()

    async def start(self, session: EmbedSession) -> None:
        """Starts a run for the session's pair, unless one is under way or its report exists.

        Returns once the API has answered, or after a moment of patience; the call then goes on by
        itself, whatever becomes of the browser that asked for it.
        """
        now = self._clock()
        run = Run(
            pair=session.pair,
            id=secrets.token_urlsafe(12),
            phase=Phase.STARTING,
            started_at=now,
            busy_until=now + CALL_SECONDS + CLAIM_MARGIN_SECONDS,
            interval=DEFAULT_RETRY_SECONDS,
            give_up_at=now + self._settings.run_timeout,
        )
        if await self._store.claim_start(run, now):
            metrics.runs_started.inc()
            await self._patiently(self._post(run, session.id))

    async def refresh(self, run: Run) -> Run | None:
        """The run as it may be shown now, None if the API no longer knows it.

        Asks the API where that is due and nobody else is asking: a run under way when its wait is
        over, a completed one when the report that is kept has become too old.
        """
        if run.phase is Phase.RUNNING:
            asked = await self._poll(run)
        elif run.phase is Phase.COMPLETED and not self._is_fresh(run):
            asked = await self._fetch(run)
        else:
            return run
        return await self._store.run(run.pair) if asked else run

    async def cancel(self, run: Run, reason: Reason = Reason.CANCELED) -> None:
        """Cancels a run that is under way. Returns as `start` does."""
        if await self._mark_canceling(run, reason):
            metrics.cancellations.labels(reason).inc()
            marked = await self._store.run(run.pair)
            if marked is not None and marked.analysis_id is not None:
                await self._patiently(self._delete(marked))

    async def erase(self, pair: str) -> None:
        """Forgets everything about a pair. A run under way is canceled.

        Where its DELETE does not arrive at once, the analysis' id is kept until it has.
        """
        await self._store.erase_sessions(pair)
        run = await self._store.run(pair)
        if run is not None and not run.ended:
            await self.cancel(run, Reason.ERASED)
        await self._store.erase_run(pair)

    async def sweep(self) -> None:
        """Cancels what nobody watches any more, tries failed DELETEs again, forgets the old."""
        try:
            await self._sweep(self._clock())
        except DatabaseUnavailable:
            self._renewable_since = self._clock()
            raise

    async def _sweep(self, now: float) -> None:
        if self._settings.cancel_on_leave:
            abandoned = await self._store.cancel_abandoned(
                now,
                self._settings.leave_grace,
                give_up_at=now + self._settings.run_timeout,
                unseen_before=self._unseen_before(now),
            )
            metrics.cancellations.labels(Reason.LEFT).inc(abandoned)
        for run in await self._store.due_cancellations(now):
            self._spawn(self._delete(run))
        await self._store.purge(now, self._settings.report_ttl)
        if self._settings.metrics_port:
            metrics.runs_under_way.set(await self._store.count_under_way(now))
        metrics.sweeps.inc()

    def _unseen_before(self, now: float) -> float:
        """After a start, or an outage of the store, viewers get a lease's time to come back."""
        is_over = now >= self._renewable_since + self._settings.lease
        return 0.0 if is_over else self._renewable_since

    async def finish(self, seconds: float) -> None:
        """Waits for calls that are under way, that long at the most."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    # The calls

    async def _post(self, run: Run, session_id: str) -> None:
        bind_contextvars(run=run.id)
        request = await self._store.request_of(session_id)
        if request is None:
            await self._store.forget_run(run)
            return
        try:
            answer = await self._partner.create(request)
        except PartnerError as error:
            await self._insist(run, partial(self._fail_to_start, run, error))
        else:
            await self._insist(run, partial(self._accept, run, answer))

    async def _insist(self, run: Run, work: Callable[[], Awaitable[None]]) -> None:
        """What a POST has brought is worth waiting for the store, as long as the claim holds."""
        while True:
            try:
                return await work()
            except DatabaseUnavailable:
                if self._clock() >= run.busy_until:
                    raise
                await asyncio.sleep(STORE_RETRY_SECONDS)

    async def _poll(self, run: Run) -> bool:
        now = self._clock()
        bind_contextvars(run=run.id)
        if _is_due(run, now) and await self._claim(run, now):
            metrics.polls.labels("partner_api").inc()
            await self._patiently(self._get(run))
        elif run.poll_after > now >= run.give_up_at:
            await self._give_up(run)
        else:
            metrics.polls.labels("store").inc()
            return False
        return True

    async def _get(self, run: Run) -> None:
        try:
            answer = await self._partner.get(_analysis_id(run))
        except Gone:
            await self._store.forget_run(run)
            metrics.runs_ended.labels(metrics.GONE).inc()
        except PartnerError as error:
            await self._try_later(run, error, _reason(error))
        else:
            await self._record(run, answer)
            if PHASES[answer.status] is Phase.RUNNING and self._clock() >= run.give_up_at:
                await self._give_up(run)

    async def _fetch(self, run: Run) -> bool:
        if not await self._claim(run, self._clock()):
            return False
        try:
            answer = await self._partner.get(_analysis_id(run))
        except Gone:
            await self._store.forget_run(run)
        except PartnerError as error:
            await self._could_not_fetch(run, _reason(error), error.retry_after)
        else:
            if PHASES[answer.status] is Phase.RUNNING:
                await self._could_not_fetch(run, Reason.LOST, answer.retry_after)
            else:
                await self._record(run, answer)
        return True

    async def _delete(self, run: Run) -> None:
        if not await self._claim(run, self._clock()):
            return
        try:
            answer = await self._partner.cancel(_analysis_id(run))
        except Gone:
            await self._end(run, end_of_cancellation(run.reason), run.reason)
        except PartnerError as error:
            await self._try_later(run, error, run.reason)
        else:
            await self._record_cancellation(run, answer)

    # What follows from their answers

    async def _accept(self, run: Run, answer: Answer) -> None:
        if await self._record(run, answer):
            return
        canceling = await self._canceled_meanwhile(run)
        if canceling is None:
            return
        if PHASES[answer.status] is Phase.RUNNING:
            await self._store.change(canceling, analysis_id=answer.id, busy_until=0.0)
            await self._delete(replace(canceling, analysis_id=answer.id))
        else:
            await self._record_cancellation(canceling, answer)

    async def _fail_to_start(self, run: Run, error: PartnerError) -> None:
        retry_at = self._clock() + error.retry_after if error.retry_after else 0.0
        if await self._end(run, Phase.FAILED, _reason(error), retry_at):
            return
        canceling = await self._canceled_meanwhile(run)
        if canceling is None:
            return
        if isinstance(error, AnswerLost) and canceling.reason is not Reason.ERASED:
            await self._end(canceling, Phase.FAILED, Reason.LOST, retry_at)
        else:
            await self._end(canceling, Phase.CANCELED, canceling.reason, retry_at)

    async def _canceled_meanwhile(self, run: Run) -> Run | None:
        """The run as it is now, if it was canceled while its POST was under way."""
        current = await self._store.run(run.pair)
        if current is None or current.id != run.id or current.phase is not Phase.CANCELING:
            return None
        return current

    async def _record(self, run: Run, answer: Answer) -> bool:
        """Keeps an answer, unless the run has left its phase meanwhile."""
        now = self._clock()
        phase = PHASES[answer.status]
        interval = answer.retry_after or DEFAULT_RETRY_SECONDS
        recorded = await self._store.change(
            run,
            phase=phase,
            reason=REASONS.get(answer.status),
            analysis_id=answer.id,
            resource=answer.resource,
            resource_at=now,
            poll_after=now + interval if phase is Phase.RUNNING else 0.0,
            busy_until=0.0,
            interval=interval,
            failures=0,
        )
        if recorded:
            metrics.count_end(run, phase, REASONS.get(answer.status), now)
        if recorded and phase is Phase.COMPLETED:
            await self._store.forget_cv(run.pair)
        return recorded

    async def _record_cancellation(self, run: Run, answer: Answer) -> None:
        if run.reason is not Reason.ERASED and answer.status in {Status.COMPLETED, Status.FAILED}:
            await self._record(run, answer)
        else:
            await self._end(run, end_of_cancellation(run.reason), run.reason)

    async def _could_not_fetch(self, run: Run, reason: Reason, retry_after: float | None) -> None:
        """The report stays complete, and the next View asks again."""
        poll_after = self._clock() + (retry_after or VIEW_RETRY_SECONDS)
        await self._store.change(run, reason=reason, poll_after=poll_after, busy_until=0.0)

    async def _try_later(self, run: Run, error: PartnerError, reason: Reason | None) -> None:
        now = self._clock()
        if now >= run.give_up_at:
            await self._stop_trying(run)
            return
        failures = run.failures + 1
        wait = error.retry_after or wait_after_failure(run.interval, failures)
        poll_after = now + wait * (1 + random.random() * JITTER)  # noqa: S311
        if run.phase is Phase.CANCELING:
            poll_after = min(poll_after, run.give_up_at)
        await self._store.change(
            run, reason=reason, failures=failures, busy_until=0.0, poll_after=poll_after
        )

    async def _stop_trying(self, run: Run) -> None:
        if run.phase is Phase.CANCELING:
            log.warning("cancellation_given_up", run=run.id)
            await self._end(run, end_of_cancellation(run.reason), run.reason)
        else:
            await self._give_up(run)

    async def _give_up(self, run: Run) -> None:
        log.warning("run_given_up", run=run.id)
        await self.cancel(run, Reason.TIMED_OUT)

    async def _end(
        self, run: Run, phase: Phase, reason: Reason | None, retry_at: float = 0.0
    ) -> bool:
        """`retry_at`: when the next run may be started."""
        if reason is Reason.ERASED:
            await self._store.forget_run(run)
        elif not await self._store.change(
            run, phase=phase, reason=reason, poll_after=retry_at, busy_until=0.0
        ):
            return False
        metrics.count_end(run, phase, reason, self._clock())
        return True

    async def _mark_canceling(self, run: Run, reason: Reason) -> bool:
        """From `STARTING` the POST stays claimed, from `RUNNING` a GET under way is disregarded."""
        now = self._clock()
        values = {
            "phase": Phase.CANCELING,
            "reason": reason,
            "poll_after": now,
            "failures": 0,
            "give_up_at": now + self._settings.run_timeout,
        }
        starting, running = (replace(run, phase=p) for p in (Phase.STARTING, Phase.RUNNING))
        return await self._store.change(starting, **values) or await self._store.change(
            running, **values, busy_until=0.0
        )

    def _is_fresh(self, run: Run) -> bool:
        expires_at = run.resource_at + self._settings.report_ttl
        return run.has_report and expires_at > self._clock()

    async def _claim(self, run: Run, now: float) -> bool:
        """A claim outlives the call by an interval, in case its owner dies with the answer."""
        bind_contextvars(run=run.id)
        return await self._store.claim_call(run, now, now + CALL_SECONDS + run.interval)

    async def _patiently(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wait({self._spawn(work)}, timeout=PATIENCE_SECONDS)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)
        return task


def _analysis_id(run: Run) -> str:
    if run.analysis_id is None:
        raise ValueError("the run has no analysis yet")
    return run.analysis_id


def _is_due(run: Run, now: float) -> bool:
    """Whether a claim may succeed: nobody brings the next call of a run under way forward."""
    return run.poll_after <= now and run.busy_until <= now


def _reason(error: PartnerError) -> Reason:
    match error:
        case Unauthorized():
            return Reason.CREDENTIALS
        case Refused():
            return Reason.REFUSED
        case AnswerLost():
            return Reason.LOST
        case _:
            return Reason.UNAVAILABLE


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("task_failed", error=type(error).__name__, exc_info=error)
