"""The button: its state and its label, and when the browser asks again. Pure functions of a run.

They follow the section "The button" in `docs/architecture.md`.
"""

from collections.abc import Collection
from enum import StrEnum

from widget.model import Permission, Phase, Reason, Run

ASK_WHILE_STARTING_SECONDS = 1.0  # also while canceling
ASK_WHILE_BUSY_SECONDS = 0.5  # while a call is under way, whose answer comes soon
POLLS_PER_LEASE = 3  # at least, so that a lease does not end because one poll fails


class State(StrEnum):
    """The widget's `data-state`."""

    IDLE = "idle"
    RUNNING = "running"
    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


def gettext_noop(label: str) -> str:
    """Marks a text for `make catalogues`, and returns it as it is. The templates translate it."""
    return label


LABELS = {
    State.IDLE: gettext_noop("Run candidate intelligence report"),
    State.RUNNING: gettext_noop("Running intelligence report..."),
    State.OPEN: gettext_noop("✕ Close report"),
    State.CLOSED: gettext_noop("View Intelligence report"),
}


# The permission that the button needs. In RUNNING it needs none, because it is disabled.
NEEDED = {State.IDLE: Permission.RUN, State.OPEN: Permission.VIEW, State.CLOSED: Permission.VIEW}
# Shown in place of the button to those who may not have it.
SENTENCES = {
    State.IDLE: gettext_noop("There is no report on this candidate yet."),
    State.CLOSED: gettext_noop("The report on this candidate is ready."),
}


def label_of(state: State, permissions: Collection[Permission]) -> str:
    """The button's label, or an empty text if there is no button."""
    is_allowed = state not in NEEDED or NEEDED[state] in permissions
    return LABELS.get(state, "") if is_allowed else ""


def state_of(run: Run | None, watching: bool, now: float) -> State:
    """What a viewer sees of a run.

    `watching`: whether this viewer follows the run or has opened its report, and may see reports.
    `now`: seconds since the epoch, here and below.
    """
    if run is None or run.orphaned(now):
        return State.IDLE
    if run.phase is Phase.COMPLETED:
        return State.OPEN if watching and run.resource is not None else State.CLOSED
    return State.IDLE if run.ended else State.RUNNING


def reason_of(run: Run | None, watching: bool, now: float) -> Reason | None:
    """Why there is no report, or None if the viewer expects none. Arguments as of `state_of`."""
    if run is None:
        return None
    if run.orphaned(now):
        return Reason.LOST
    if run.phase is Phase.COMPLETED:
        return _reason_without_report(run) if watching else None
    if run.phase is Phase.RUNNING and run.reason is Reason.CREDENTIALS:
        return run.reason  # the run goes on, but needs an operator to correct the key
    return run.reason if run.ended else None


def _reason_without_report(run: Run) -> Reason | None:
    """Why a completed run has no report to show. None if it has one, or if no call has failed."""
    if run.resource is None:
        return run.reason
    return None if run.has_report else Reason.NO_REPORT


def may_try_in(run: Run, now: float) -> float:
    """Seconds until a click may start a run again. The API may have asked for a wait."""
    return max(run.poll_after - now, 0.0) if run.ended else 0.0


def ask_again_in(run: Run, now: float, lease: float) -> float:
    """Seconds until the browser should poll again. Polls renew its lease of `lease` seconds."""
    if run.phase is Phase.STARTING:
        return max(ASK_WHILE_STARTING_SECONDS, min(run.poll_after - now, lease / POLLS_PER_LEASE))
    if run.phase is not Phase.RUNNING:
        return ASK_WHILE_STARTING_SECONDS
    if run.busy_until > now:
        return ASK_WHILE_BUSY_SECONDS
    return min(max(run.poll_after - now, 0.0), lease / POLLS_PER_LEASE)
