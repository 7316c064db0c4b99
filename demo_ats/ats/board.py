"""The board: every candidate of a company by stage, and who has a report."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from demo_ats.ats.access import Access
from demo_ats.ats.candidate_intelligence import CandidateIntelligence, WidgetUnavailable
from demo_ats.ats.events import Events
from demo_ats.ats.pipeline import Pipeline
from demo_ats.ats.rendering import Rendering

PATIENCE_SECONDS = 1.5  # then the board is shown without statuses

log = logging.getLogger("demo_ats")


class Board:
    def __init__(
        self,
        access: Access,
        pipeline: Pipeline,
        intelligence: CandidateIntelligence,
        events: Events,
        rendering: Rendering,
    ) -> None:
        self._access = access
        self._pipeline = pipeline
        self._intelligence = intelligence
        self._events = events
        self._rendering = rendering

    async def show(self, request: Request) -> Response:
        """GET /"""
        tenant = self._access.user(request).company.id
        return self._rendering.page(
            request,
            "board.html",
            stages=self._pipeline.stages(tenant),
            statuses=await self._statuses(tenant),
        )

    async def changes(self, request: Request) -> Response:
        """GET /board/changes: server-sent events, each with what a card has to show"""
        tenant = self._access.user(request).company.id
        return StreamingResponse(self._changes(tenant), media_type="text/event-stream")

    async def _changes(self, tenant: str) -> AsyncIterator[str]:
        """Yields all statuses first, for a board that was offline, then each one that changes.

        A candidate's status is not taken from the event, but requested from the widget when an
        event arrives. So events may come late, twice or in any order.
        """
        with self._events.of(tenant) as changed:
            yield await self._messages(tenant)
            while (candidate_id := await changed.get()) is not None:
                yield await self._messages(tenant, candidate_id)

    async def _messages(self, tenant: str, *candidate_ids: str) -> str:
        statuses = await self._statuses(tenant, *candidate_ids) or {}
        return "".join(self._message(*each) for each in statuses.items())

    def _message(self, candidate_id: str, status: str) -> str:
        html = self._rendering.fragment("_status.html", status=status)
        return f"data: {json.dumps({'candidate_id': candidate_id, 'html': html})}\n\n"

    async def _statuses(self, tenant: str, *candidate_ids: str) -> Mapping[str, str] | None:
        """The statuses of these candidates, or of all; None if the widget does not answer."""
        asked = candidate_ids or [each.id for each in self._pipeline.of(tenant)]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._intelligence.statuses(tenant, asked)
        except (WidgetUnavailable, TimeoutError) as error:
            log.warning("No Candidate Intelligence statuses: %r", error)
            return None
