"""An analysis as a function of time: its answers depend on the seconds since its POST."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from demo_ats.sandbox import reports
from demo_ats.sandbox.ledger import Subject
from demo_ats.sandbox.scenarios import Scenario

# When each stage ends, as a part of the time from the POST to the end. `enrichment` and `report`
# last so long that polls ten seconds apart see both, even in an analysis of 25 seconds.
QUEUED_PART = 0.06
STAGES = (("identity", 0.25), ("enrichment", 0.65), ("report", 1.0))
FIRST_SIGNAL_PART = 0.3


@dataclass
class Analysis:
    """`seconds`: from the POST to the end. `started_at`: when the POST came.

    `canceled_after`: the seconds from the POST to the DELETE. `wait_until`: a GET before this time
    is too early. `asked`: how many POSTs and GETs have asked for it, without those too early. Times
    are those of the sandbox's clock, except for `created_at`.
    """

    key: str
    request: Mapping[str, Any]
    scenario: Scenario
    seconds: float
    started_at: float
    created_at: datetime
    id: str = field(default_factory=lambda: f"an_{secrets.token_hex(10)}")
    canceled_after: float | None = None
    wait_until: float = 0.0
    asked: int = 0

    @property
    def client_id(self) -> str:
        return str(self.request["client"]["id"])

    @property
    def candidate_id(self) -> str:
        return str(self.request["candidate"]["id"])

    @property
    def subject(self) -> Subject:
        """What identifies a report: the API key, the client company and the candidate."""
        return self.key, self.client_id, self.candidate_id

    def status(self, now: float) -> str:
        if self.canceled_after is not None:
            return "canceled"
        part = self._part(now)
        if part >= 1:
            return self.scenario.end
        return "queued" if part < QUEUED_PART else "processing"

    def is_over(self, now: float) -> bool:
        return self.status(now) not in {"queued", "processing"}

    def cancel(self, now: float) -> None:
        if not self.is_over(now):
            self.canceled_after = now - self.started_at

    def accepted(self, now: float) -> dict[str, Any]:
        """The body of the answer to a POST."""
        return {
            "id": self.id,
            "status": self.status(now),
            "candidate_id": self.candidate_id,
            "created_at": _iso(self.created_at),
        }

    def resource(self, now: float, origin: str) -> dict[str, Any]:
        status = self.status(now)
        is_complete = status == "completed"
        return self.accepted(now) | {
            "stage": "done" if is_complete else self._stage(now),
            "updated_at": _iso(self.created_at + timedelta(seconds=self._elapsed(now))),
            "quick_signal": self._quick_signal(now),
            "signals": self._signals(now),
            "report": self._report if is_complete else None,
            "metadata": self._metadata(origin) if is_complete else None,
            "error": reports.error(self.request, self.scenario) if status == "failed" else None,
        }

    def _elapsed(self, now: float) -> float:
        if self.scenario.existing:
            return self.seconds
        elapsed = self.canceled_after if self.canceled_after is not None else now - self.started_at
        return min(elapsed, self.seconds)

    def _part(self, now: float) -> float:
        return self._elapsed(now) / self.seconds

    def _stage(self, now: float) -> str:
        part = self._part(now)
        return next((name for name, end in STAGES if part < end), "report")

    def _quick_signal(self, now: float) -> dict[str, Any] | None:
        if self._part(now) < STAGES[0][1]:
            return None
        return self._quick

    def _signals(self, now: float) -> list[dict[str, Any]]:
        """The signals so far. They appear one by one during enrichment."""
        end_of_enrichment = STAGES[1][1]
        part = (self._part(now) - FIRST_SIGNAL_PART) / (end_of_enrichment - FIRST_SIGNAL_PART)
        return self._found[: max(0, min(len(self._found), int(part * len(self._found))))]

    @cached_property
    def _quick(self) -> dict[str, Any]:
        return reports.quick_signal(self.request, self.scenario)

    @cached_property
    def _report(self) -> dict[str, Any]:
        return reports.report(self.request, self.scenario)

    @cached_property
    def _found(self) -> list[dict[str, Any]]:
        return reports.signals(self.request, self.scenario)

    def _metadata(self, origin: str) -> dict[str, Any]:
        finished = self.created_at + timedelta(
            seconds=self._elapsed(self.started_at + self.seconds)
        )
        return {
            "report_id": self.id,
            "candidate_id": self.candidate_id,
            "language": self.request["language"],
            "generated_at": _iso(finished),
            "pdf_download_url": reports.hosted_url(self.id, self.scenario, origin),
        }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
