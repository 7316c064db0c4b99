"""What the widget shows of a run, as values for the templates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Any

from widget.button import (
    SENTENCES,
    State,
    ask_again_in,
    label_of,
    may_try_in,
    reason_of,
    state_of,
)
from widget.links import Link
from widget.model import Permission, Phase, Reason, Run
from widget.names import differ
from widget.report import (
    FILTERED_FROM,
    QuickSignal,
    Report,
    Signal,
    count_reliabilities,
    read_error,
    read_hosted,
    read_quick_signal,
    read_report,
    read_signals,
    read_step,
)
from widget.values import neutral

MAX_NAME_LENGTH = 1_000  # characters of a report's name that are compared with the profile's
USUAL_SECONDS = 75  # a run that takes longer is late: the API says 30 to 60


@dataclass(frozen=True, slots=True)
class Progress:
    """A run under way. `step` counts from 0. `elapsed`, `wait` and `ask_in` are in seconds.

    `wait`: until the run starts, if the API has asked for a wait. `ask_in`: until the next poll.
    `cancelable`: whether this viewer may cancel it. `opens`: whether they may see its report.
    """

    step: int
    elapsed: int
    wait: int
    ask_in: float
    canceling: bool
    reconnecting: bool
    cancelable: bool
    opens: bool

    @property
    def is_late(self) -> bool:
        return self.elapsed >= USUAL_SECONDS


@dataclass(frozen=True, slots=True)
class Panel:
    """What is shown. Each field is empty if it does not apply.

    `label` is the button's. Without a button, `sentence` is shown in its place.

    `reason`: why there is no report. `error`: the API's own message about it. `wait`: seconds until
    a run may be started again. `starts_at`: that moment, if somebody has pressed Run too early.
    `sent`: the names of the candidate's details that the API was sent. `canceled_elsewhere`:
    whether another viewer has canceled the run.

    `profile_name`: the name in the profile, if the report is about another name. `left_out`: how
    many values the abridgement dropped. `hosted`: where else the report can be read.
    """

    state: State
    label: str
    sentence: str = ""
    reason: Reason | None = None
    error: str = ""
    wait: int = 0
    starts_at: datetime | None = None
    sent: Sequence[str] = ()
    canceled_elsewhere: bool = False
    progress: Progress | None = None
    report: Report | None = None
    profile_name: str = ""
    quick_signal: QuickSignal | None = None
    signals: Sequence[Signal] = ()
    reliabilities: Sequence[tuple[str, int]] = ()
    left_out: int = 0
    hosted: Link | None = None

    @property
    def filterable(self) -> bool:
        return self.report is not None and len(self.signals) >= FILTERED_FROM


EXPIRED = Panel(State.EXPIRED, "")


def panel_of(
    run: Run | None,
    watching: bool,
    now: float,
    lease: float,
    permissions: Collection[Permission] = tuple(Permission),
) -> Panel:
    """`watching`: whether this viewer follows the run, or has opened its report.

    `lease` is in seconds, `now` in seconds since the epoch.
    """
    may_view = Permission.VIEW in permissions
    state = state_of(run, watching and may_view, now)
    label = label_of(state, permissions)
    reason = reason_of(run, watching and may_view, now) if label else None
    parts: dict[str, Any] = {"reason": reason}
    resource = {} if run is None else run.resource or {}
    if run is not None and state is State.RUNNING:
        parts["progress"] = _progress(run, now, lease, permissions)
    if state is State.OPEN:
        parts["report"] = read_report(resource)
    if state in {State.RUNNING, State.OPEN} and may_view:
        signals = read_signals(resource)
        parts |= {
            "quick_signal": read_quick_signal(resource),
            "signals": signals,
            "reliabilities": count_reliabilities(signals),
            "left_out": 0 if run is None else run.left_out,
        }
    if run is not None and reason:
        parts["wait"] = ceil(may_try_in(run, now))
    if may_view and (state is State.OPEN or reason is Reason.UNREADABLE):
        parts["hosted"] = read_hosted(resource)
    if reason is Reason.ANALYSIS_FAILED:
        parts["error"] = read_error(resource)
    return Panel(state, label, "" if label else SENTENCES.get(state, ""), **parts)


def about_whom(panel: Panel, profile_name: str) -> Panel:
    """The panel, with `profile_name` filled in if the report is about another name."""
    name = panel.report.candidate_name[:MAX_NAME_LENGTH] if panel.report else ""
    if not differ(name, profile_name):
        return panel
    return replace(panel, profile_name=neutral(profile_name))


def _progress(run: Run, now: float, lease: float, permissions: Collection[Permission]) -> Progress:
    return Progress(
        step=read_step(run.resource or {}),
        elapsed=max(0, int(now - run.started_at)),
        wait=ceil(max(run.poll_after - now, 0.0)) if run.phase is Phase.STARTING else 0,
        ask_in=ask_again_in(run, now, lease),
        canceling=run.phase is Phase.CANCELING,
        reconnecting=run.failures > 0,
        cancelable=Permission.RUN in permissions,
        opens=Permission.VIEW in permissions,
    )
