"""The statuses of many candidates' runs, for a list in the ATS.

What a report says is left out on purpose, so that no list sorts people by a verdict: the compliance
notice of each report warns of that.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from widget.model import Reason, Run
from widget.session_request import Identifier

MAX_CANDIDATES = 200


class Status(StrEnum):
    NONE = "none"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class StatusesRequest(BaseModel):
    """The candidates of one client that are asked about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Identifier
    candidate_ids: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_CANDIDATES)]


class CandidateStatus(BaseModel):
    """`since` is null if there is no run."""

    status: Status
    since: datetime | None


class StatusesResponse(BaseModel):
    """Statuses by candidate id. An id that was sent as a number is a text here."""

    statuses: dict[str, CandidateStatus]


def status_of(run: Run | None, now: float) -> CandidateStatus:
    """The status that the button shows. A run whose process has died counts as failed."""
    if run is None or run.reason is Reason.ERASED:
        return CandidateStatus(status=Status.NONE, since=None)
    if run.orphaned(now):
        return _status(Status.FAILED, run.busy_until)
    if run.ended_at is None:
        return _status(Status.RUNNING, run.started_at)
    return _status(Status(run.phase), run.ended_at)


def _status(status: Status, since: float) -> CandidateStatus:
    return CandidateStatus(status=status, since=datetime.fromtimestamp(int(since), UTC))
