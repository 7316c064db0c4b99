"""The button's state machine: from a run to what is shown of it. Pure functions.

They follow the table "The button" in `docs/architecture.md`.
"""

from collections.abc import Collection
from enum import StrEnum

from widget.model import Permission, Phase, Reason, Run

ASK_WHILE_STARTING_SECONDS = 1.0
ASK_WHILE_BUSY_SECONDS = 0.5
POLLS_PER_LEASE = 3


class State(StrEnum):
    """The widget's `data-state`."""

    IDLE = "idle"
    RUNNING = "running"
    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


def gettext_noop(label: str) -> str:
    """Marks a text for `make catalogues`. The templates translate it."""
    return label


LABELS = {
    State.IDLE: gettext_noop("Run candidate intelligence report"),
    State.RUNNING: gettext_noop("Running intelligence report..."),
    State.OPEN: gettext_noop("✕ Close report"),
    State.CLOSED: gettext_noop("View Intelligence report"),
}


# The permission that the button needs in each state, and the sentence shown without it.
NEEDED = {State.IDLE: Permission.RUN, State.OPEN: Permission.VIEW, State.CLOSED: Permission.VIEW}
SENTENCES = {
    State.IDLE: gettext_noop("There is no report on this candidate yet."),
    State.CLOSED: gettext_noop("The report on this candidate is ready."),
}


def label_of(state: State, permissions: Collection[Permission]) -> str:
    """The button's label, or an empty text if there is no button."""
    is_allowed = state not in NEEDED or NEEDED[state] in permissions
    return LABELS.get(state, "") if is_allowed else ""


def state_of(run: Run | None, watching: bool, now: float) -> State:
    """`watching`: whether this viewer may see the report, and follows the run or has opened it."""
    if run is None or run.orphaned(now):
        return State.IDLE
    if run.phase is Phase.COMPLETED:
        return State.OPEN if watching and run.resource is not None else State.CLOSED
    return State.IDLE if run.ended else State.RUNNING


def reason_of(run: Run | None, watching: bool, now: float) -> Reason | None:
    """Why there is no report, if the viewer would expect one."""
    if run is None:
        return None
    if run.orphaned(now):
        return Reason.LOST
    if run.phase is Phase.COMPLETED:
        return _reason_without_report(run) if watching else None
    if run.phase is Phase.RUNNING and run.reason is Reason.CREDENTIALS:
        return run.reason  # polls go on, but only an operator can mend it
    return run.reason if run.ended else None


def _reason_without_report(run: Run) -> Reason | None:
    if run.resource is None:
        return run.reason
    return None if run.has_report else Reason.NO_REPORT


def may_try_in(run: Run, now: float) -> float:
    """Seconds until a click may start a run again, after the API has asked for a wait."""
    return max(run.poll_after - now, 0.0) if run.ended else 0.0


def ask_again_in(run: Run, now: float, lease: float) -> float:
    """Seconds until the browser should poll again. Short enough that its lease does not lapse."""
    if run.phase is Phase.STARTING:
        return max(ASK_WHILE_STARTING_SECONDS, min(run.poll_after - now, lease / POLLS_PER_LEASE))
    if run.phase is not Phase.RUNNING:
        return ASK_WHILE_STARTING_SECONDS
    if run.busy_until > now:
        return ASK_WHILE_BUSY_SECONDS
    return min(max(run.poll_after - now, 0.0), lease / POLLS_PER_LEASE)
