"""What an answer of the Partner API, or the lack of one, means for a run. Pure functions."""

from widget.answers import (
    AnswerLost,
    PartnerError,
    Refused,
    Status,
    Unauthorized,
    Unreadable,
)
from widget.model import Phase, Reason

DEFAULT_RETRY_SECONDS = 10.0  # between two GETs, if the API has sent no `Retry-After`
MAX_BACKOFF_SECONDS = 60.0

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


def reason_of(error: PartnerError) -> Reason:
    """Why there is no report (yet), after a call that failed."""
    match error:
        case Unauthorized():
            return Reason.CREDENTIALS
        case Refused():
            return Reason.REFUSED
        case Unreadable():
            return Reason.UNREADABLE
        case AnswerLost():
            return Reason.LOST
        case _:
            return Reason.UNAVAILABLE


def wait_after_failure(interval: float, failures: int) -> float:
    """Seconds to wait after that many failures in a row, if the API has not said how long.

    `interval` is the last one that the API announced. The wait doubles from there, up to a minute,
    and is never less than `interval`.
    """
    doubled = interval * 2.0 ** min(failures - 1, 10)
    return max(interval, min(doubled, MAX_BACKOFF_SECONDS))


def end_of_cancellation(reason: Reason | None) -> Phase:
    """Where a run ends once its DELETE has arrived. `reason`: why it was canceled."""
    return Phase.FAILED if reason is Reason.TIMED_OUT else Phase.CANCELED
