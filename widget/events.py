"""Events for the ATS, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from widget.model import ENDED, Phase, Reason, Run

GONE = "gone"  # the reason if the Partner API no longer knows the analysis


class EventType(StrEnum):
    STARTED = "report.started"
    COMPLETED = "report.completed"
    FAILED = "report.failed"
    CANCELED = "report.canceled"
    VIEWED = "report.viewed"
    ERASED = "candidate.erased"


ENDS = {
    Phase.COMPLETED: EventType.COMPLETED,
    Phase.FAILED: EventType.FAILED,
    Phase.CANCELED: EventType.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Ids:
    """The candidate that an event is about, by the ATS's own identifiers."""

    client_id: str
    candidate_id: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event for the ATS. `reason`: why there is no report."""

    type: EventType
    analysis_id: str | None = None
    viewer_id: str | None = None
    reason: str | None = None

    def body(self, ids: Ids, now: float) -> dict[str, Any]:
        """As it is delivered. `now`: when it happened, in seconds since the epoch."""
        return {
            "type": self.type,
            "timestamp": rfc3339(now),
            "data": {
                "client_id": ids.client_id,
                "candidate_id": ids.candidate_id,
                "analysis_id": self.analysis_id,
                "viewer_id": self.viewer_id,
                "reason": self.reason,
            },
        }


def events_of(
    run: Run, *, phase: Phase, analysis_id: str | None, reason: str | None
) -> Sequence[Event]:
    """The events that follow when `run` changes to this phase, analysis id and reason."""
    if run.reason is Reason.ERASED:
        return ()
    happened = []
    if run.analysis_id is None and analysis_id is not None:
        happened.append(Event(EventType.STARTED, analysis_id))
    if not run.ended and phase in ENDED:
        why = None if phase is Phase.COMPLETED else reason
        happened.append(Event(ENDS[phase], analysis_id, reason=why))
    return happened


def rfc3339(moment: float) -> str:
    """Seconds since the epoch as text in UTC, to the millisecond."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
