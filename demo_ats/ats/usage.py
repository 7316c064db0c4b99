"""A company's usage of Candidate Intelligence by month."""

import logging
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from demo_ats.ats.access import Access
from demo_ats.ats.candidate_intelligence import CandidateIntelligence, WidgetUnavailable
from demo_ats.ats.pipeline import now
from demo_ats.ats.rendering import Rendering

log = logging.getLogger("demo_ats")


@dataclass(frozen=True)
class Month:
    """`reused`: how many of the completed runs found an existing report, and cost nothing."""

    first_day: datetime
    started: int
    completed: int
    reused: int
    failed: int
    canceled: int

    @property
    def new(self) -> int:
        return self.completed - self.reused


class Usage:
    def __init__(
        self, access: Access, intelligence: CandidateIntelligence, rendering: Rendering
    ) -> None:
        self._access = access
        self._intelligence = intelligence
        self._page = rendering.page

    async def show(self, request: Request) -> Response:
        """GET /usage"""
        tenant = self._access.user(request).company.id
        return self._page(request, "usage.html", months=await self._months(tenant))

    async def _months(self, tenant: str) -> list[Month] | None:
        """The company's last 13 months, newest first, or None if the widget does not answer.

        The widget answers with the usage of all companies. Users may see only their own company's.
        """
        this_month = now()
        # The first of the month, because a year before 29 February there is no such day.
        a_year_ago = this_month.replace(year=this_month.year - 1, day=1)
        try:
            told = await self._intelligence.usage(f"{a_year_ago:%Y-%m}", f"{this_month:%Y-%m}")
        except WidgetUnavailable as error:
            log.warning("No Candidate Intelligence usage: %s", error)
            return None
        own = [row for row in told if row["client_id"] == tenant]
        return [
            Month(
                first_day=datetime.fromisoformat(f"{row['month']}-01"),
                started=row["started"],
                completed=row["completed"],
                reused=row["reused"],
                failed=row["failed"],
                canceled=row["canceled"],
            )
            for row in sorted(own, key=lambda row: str(row["month"]), reverse=True)
        ]
