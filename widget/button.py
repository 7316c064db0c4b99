"""The button's state machine: from what is known of a run to what is shown, and what comes next.

Pure functions; the table that they follow is "The button" in `docs/architecture.md`.
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
    """For `make catalogues`: it is translated where it is drawn."""
    return label


LABELS = {
    State.IDLE: gettext_noop("Run candidate intelligence report"),
    State.RUNNING: gettext_noop("Running intelligence report..."),
    State.OPEN: gettext_noop("✕ Close report"),
    State.CLOSED: gettext_noop("View Intelligence report"),
}


# What the button does, where it does something, and what stands in its place for who may not do it.
NEEDED = {State.IDLE: Permission.RUN, State.OPEN: Permission.VIEW, State.CLOSED: Permission.VIEW}
SENTENCES = {
    State.IDLE: gettext_noop("There is no report on this candidate yet."),
    State.CLOSED: gettext_noop("The report on this candidate is ready."),
}


def label_of(state: State, permissions: Collection[Permission]) -> str:
    """The button's label, empty where there is no button."""
    is_allowed = state not in NEEDED or NEEDED[state] in permissions
    return LABELS.get(state, "") if is_allowed else ""


def state_of(run: Run | None, watching: bool, now: float) -> State:
    """`watching`: whether this viewer follows the run, or has opened its report, and may see it."""
    if run is None or run.orphaned(now):
        return State.IDLE
    if run.phase is Phase.COMPLETED:
        return State.OPEN if watching and run.resource is not None else State.CLOSED
    return State.IDLE if run.ended else State.RUNNING


def reason_of(run: Run | None, watching: bool, now: float) -> Reason | None:
    """Why there is no report to be seen, where there should be one."""
    if run is None:
        return None
    if run.orphaned(now):
        return Reason.LOST
    if run.phase is Phase.COMPLETED:
        return _reason_without_report(run) if watching else None
    if run.phase is Phase.RUNNING and run.reason is Reason.CREDENTIALS:
        return run.reason  # it is tried again, but will not mend by itself
    return run.reason if run.ended else None


def _reason_without_report(run: Run) -> Reason | None:
    if run.resource is None:
        return run.reason
    return None if run.has_report else Reason.NO_REPORT


def may_try_in(run: Run, now: float) -> float:
    """Seconds until the API may be asked again by a click, after it has asked for a wait."""
    return max(run.poll_after - now, 0.0) if run.ended else 0.0


def ask_again_in(run: Run, now: float, lease: float) -> float:
    """Seconds until the browser should ask the widget again, so that its lease does not lapse."""
    if run.phase is Phase.STARTING:
        return max(ASK_WHILE_STARTING_SECONDS, min(run.poll_after - now, lease / POLLS_PER_LEASE))
    if run.phase is not Phase.RUNNING:
        return ASK_WHILE_STARTING_SECONDS
    if run.busy_until > now:
        return ASK_WHILE_BUSY_SECONDS
    return min(max(run.poll_after - now, 0.0), lease / POLLS_PER_LEASE)
