"""Tells the widget to erase the candidates that the ATS has deleted."""

import asyncio
import logging
from itertools import chain, repeat

from demo_ats.ats.candidate_intelligence import CandidateIntelligence, WidgetUnavailable

RETRY_SECONDS = (1.0, 5.0, 30.0, 300.0)  # the last one is repeated

log = logging.getLogger("demo_ats")


class Erasures:
    """A queue in memory, of erasures that are repeated until the widget has accepted them.

    A real ATS needs a table instead. It adds the row in the transaction that deletes the candidate,
    so that no restart loses an erasure.
    """

    def __init__(self, intelligence: CandidateIntelligence) -> None:
        self._intelligence = intelligence
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, client_id: str, candidate_id: str) -> None:
        task = asyncio.create_task(self._erase(client_id, candidate_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _erase(self, client_id: str, candidate_id: str) -> None:
        for seconds in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
            try:
                return await self._intelligence.erase(client_id, candidate_id)
            except WidgetUnavailable as error:
                log.warning("An erasure did not get through, and is tried again: %s", error)
                await asyncio.sleep(seconds)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
