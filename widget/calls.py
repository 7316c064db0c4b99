"""The calls to the Partner API on behalf of runs, and what their answers change in the store.

A call is made by the process that has claimed it in the store. A claim ends at a known moment, so
a process that dies during its call blocks nobody; and until that moment, no second call is sent.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars

from widget import metrics
from widget.answers import (
    Answer,
    AnswerLost,
    Gone,
    PartnerError,
    Status,
    Unavailable,
    Unreadable,
)
from widget.database import DatabaseUnavailable
from widget.events import GONE, Ids
from widget.limits import LIMITS, Limits
from widget.model import Phase, Reason, Run
from widget.outcomes import (
    DEFAULT_RETRY_SECONDS,
    PHASES,
    REASONS,
    end_of_cancellation,
    reason_of,
    wait_after_failure,
)
from widget.partner_api import PartnerAPI
from widget.settings import Settings
from widget.store import Store

VIEW_RETRY_SECONDS = 1.0  # after a GET on View that failed, until the next may be sent
STORE_RETRY_SECONDS = 0.5
JITTER = 0.1  # at most this part is added to a wait, so that runs do not retry all at once
MAX_UNREADABLE = 3  # unreadable answers in a row, after which a run ends as failed

log = structlog.get_logger()


class Calls:
    """Makes every call of a run: POST, GET and DELETE. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        partner: PartnerAPI,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        limits: Limits = LIMITS,
    ) -> None:
        self._store = store
        self._partner = partner
        self._settings = settings
        self._clock = clock
        self._limits = limits
        self._stopping = asyncio.Event()

    async def post(self, run: Run, session_id: str) -> None:
        """Starts the analysis of a run whose start has been claimed."""
        bind_contextvars(run=run.id)
        if run.poll_after and not await self._wait_to_start(run):
            return
        try:
            request = await self._request_of(session_id)
            if request is None:
                await self._store.forget_run(run)
                return
            answer = await self._partner.create(request)
        except PartnerError as error:
            await self._while_claimed(run, partial(self._fail_to_start, run, error))
        else:
            await self._while_claimed(run, partial(self._accept, run, answer))

    def stop_waiting(self) -> None:
        """The process ends: runs that still wait to be started end as failed."""
        self._stopping.set()

    async def _wait_to_start(self, run: Run) -> bool:
        """Waits until the API may be called, or the process ends.

        Returns whether the run is to be started: it has not been canceled meanwhile.
        """
        try:
            async with asyncio.timeout(run.poll_after - self._clock()):
                await self._stopping.wait()
        except TimeoutError:
            return await self._store.change(run, self._clock(), poll_after=0.0)
        await self._end(run, Phase.FAILED, Reason.UNAVAILABLE, run.poll_after)
        return False

    async def claim(self, run: Run) -> bool:
        """Claims the next call of a run. Returns whether the caller may make it.

        The claim lasts one interval longer than the call may take. If this process dies during the
        call, the next one is made no earlier than that.
        """
        bind_contextvars(run=run.id)
        now = self._clock()
        busy_until = now + self._limits.call_seconds + run.interval
        return await self._store.claim_call(run, now, busy_until)

    async def get(self, run: Run) -> None:
        """Asks for the state of a run. The caller has claimed the call."""
        try:
            answer = await self._partner.get(_analysis_id(run))
        except Gone:
            await self._store.forget_gone_run(run, self._clock())
            metrics.runs_ended.labels(GONE).inc()
        except PartnerError as error:
            await self._try_later(run, error, reason_of(error))
        else:
            await self._record(run, answer)
            if PHASES[answer.status] is Phase.RUNNING and self._clock() >= run.give_up_at:
                await self.give_up(run)

    async def fetch(self, run: Run) -> None:
        """Asks for the report of a completed run. The caller has claimed the call."""
        try:
            answer = await self._partner.get(_analysis_id(run))
        except Gone:
            await self._store.forget_run(run)
        except PartnerError as error:
            await self._could_not_fetch(run, reason_of(error), error.retry_after)
        else:
            if PHASES[answer.status] is Phase.RUNNING:
                await self._could_not_fetch(run, Reason.LOST, answer.retry_after)
            else:
                await self._record(run, answer)

    async def delete(self, run: Run) -> None:
        """Cancels the analysis of a run that is marked for it, unless another process does."""
        if not await self.claim(run):
            return
        try:
            answer = await self._partner.cancel(_analysis_id(run))
        except Gone:
            await self._end(run, end_of_cancellation(run.reason), run.reason)
        except PartnerError as error:
            await self._try_later(run, error, run.reason)
        else:
            await self._record_cancellation(run, answer)

    async def mark_canceling(
        self, run: Run, reason: Reason, session_id: str | None = None
    ) -> Run | None:
        """Marks a run for cancellation. Returns it if its DELETE can be sent now, else None."""
        now = self._clock()
        give_up_at = now + self._settings.run_timeout
        if not await self._store.mark_canceling(run, reason, now, give_up_at, session_id):
            return None
        metrics.cancellations.labels(reason).inc()
        marked = await self._store.run(run.pair)
        return marked if marked is not None and marked.analysis_id is not None else None

    async def erase(self, ids: Ids) -> Run | None:
        """Forgets a candidate. Returns the run whose DELETE can be sent now, or None."""
        now = self._clock()
        erased = await self._store.erase(ids, now, now + self._settings.run_timeout)
        if erased is None:
            return None
        metrics.cancellations.labels(Reason.ERASED).inc()
        return erased if erased.analysis_id is not None else None

    async def give_up(self, run: Run) -> None:
        """Cancels a run that has taken longer than WIDGET_RUN_TIMEOUT."""
        log.warning("run_given_up", run=run.id)
        marked = await self.mark_canceling(run, Reason.TIMED_OUT)
        if marked is not None:
            await self.delete(marked)

    # Around a POST

    async def _request_of(self, session_id: str) -> dict[str, Any] | None:
        """Raises Unavailable if the store does not answer, because then nothing has been sent."""
        try:
            return await self._store.request_of(session_id)
        except DatabaseUnavailable:
            raise Unavailable("the store does not answer") from None

    async def _while_claimed(self, run: Run, work: Callable[[], Awaitable[None]]) -> None:
        """Repeats `work` until the store answers, at most until the claim of the run ends.

        `work` stores what a POST has brought. Without it, the analysis would be lost.
        """
        while True:
            try:
                return await work()
            except DatabaseUnavailable:
                if self._clock() >= run.busy_until:
                    raise
                await asyncio.sleep(STORE_RETRY_SECONDS)

    async def _accept(self, run: Run, answer: Answer) -> None:
        if await self._record(run, answer):
            if PHASES[answer.status] is Phase.COMPLETED:
                await self._fetch_what_is_missing(run)
            return
        canceling = await self._canceled_meanwhile(run)
        if canceling is None:
            return
        if PHASES[answer.status] is Phase.RUNNING:
            await self._store.change(
                canceling, self._clock(), analysis_id=answer.id, busy_until=0.0
            )
            await self.delete(replace(canceling, analysis_id=answer.id))
        else:
            await self._record_cancellation(canceling, answer)

    async def _fetch_what_is_missing(self, run: Run) -> None:
        """Asks for the report if the POST was answered with `completed`, but without a report."""
        current = await self._store.run(run.pair)
        if current is None or current.phase is not Phase.COMPLETED or current.has_report:
            return
        if await self.claim(current):
            await self.fetch(current)

    async def _fail_to_start(self, run: Run, error: PartnerError) -> None:
        retry_at = self._clock() + error.retry_after if error.retry_after else 0.0
        lost = isinstance(error, AnswerLost)
        if await self._end(run, Phase.FAILED, Reason.LOST if lost else reason_of(error), retry_at):
            return
        canceling = await self._canceled_meanwhile(run)
        if canceling is None:
            return
        if lost and canceling.reason is not Reason.ERASED:
            await self._end(canceling, Phase.FAILED, Reason.LOST, retry_at)
        else:
            await self._end(canceling, Phase.CANCELED, canceling.reason, retry_at)

    async def _canceled_meanwhile(self, run: Run) -> Run | None:
        """The run as it is now if it was canceled while its POST was under way, else None."""
        current = await self._store.run(run.pair)
        if current is None or current.id != run.id or current.phase is not Phase.CANCELING:
            return None
        return current

    # What follows from an answer

    async def _record(self, run: Run, answer: Answer) -> bool:
        """Stores an answer, unless the run has left its phase meanwhile. Returns whether it did."""
        now = self._clock()
        phase = PHASES[answer.status]
        interval = answer.retry_after or DEFAULT_RETRY_SECONDS
        waits = {Phase.RUNNING: interval, Phase.COMPLETED: answer.retry_after or 0.0}
        recorded = await self._store.change(
            run,
            now,
            phase=phase,
            reason=REASONS.get(answer.status),
            analysis_id=answer.id,
            resource=answer.resource,
            left_out=answer.left_out,
            resource_at=now,
            poll_after=now + waits.get(phase, 0.0),
            busy_until=0.0,
            interval=interval,
            failures=0,
            unreadable=0,
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
        """The run stays completed, without its report. The next View asks again."""
        now = self._clock()
        poll_after = now + (retry_after or VIEW_RETRY_SECONDS)
        await self._store.change(run, now, reason=reason, poll_after=poll_after, busy_until=0.0)

    async def _try_later(self, run: Run, error: PartnerError, reason: Reason | None) -> None:
        now = self._clock()
        if now >= run.give_up_at:
            await self._stop_trying(run)
            return
        unreadable = run.unreadable + 1 if isinstance(error, Unreadable) else 0
        if unreadable == MAX_UNREADABLE and run.phase is Phase.RUNNING:
            await self._end(run, Phase.FAILED, Reason.UNREADABLE)
            return
        failures = run.failures + 1
        wait = error.retry_after or wait_after_failure(run.interval, failures)
        poll_after = now + wait * (1 + random.random() * JITTER)  # noqa: S311
        if run.phase is Phase.CANCELING:
            poll_after = min(poll_after, run.give_up_at)
        await self._store.change(
            run,
            now,
            reason=reason,
            failures=failures,
            unreadable=unreadable,
            busy_until=0.0,
            poll_after=poll_after,
        )

    async def _stop_trying(self, run: Run) -> None:
        if run.phase is Phase.CANCELING:
            log.warning("cancellation_given_up", run=run.id)
            await self._end(run, end_of_cancellation(run.reason), run.reason)
        else:
            await self.give_up(run)

    async def _end(
        self, run: Run, phase: Phase, reason: Reason | None, retry_at: float = 0.0
    ) -> bool:
        """Returns whether the run had not left its phase. `retry_at`: when the next may start."""
        now = self._clock()
        if reason is Reason.ERASED:
            await self._store.forget_run(run)
        elif not await self._store.change(
            run, now, phase=phase, reason=reason, poll_after=retry_at, busy_until=0.0
        ):
            return False
        metrics.count_end(run, phase, reason, now)
        return True


def _analysis_id(run: Run) -> str:
    assert run.analysis_id is not None  # noqa: S101 - nobody polls or deletes before it is known
    return run.analysis_id
