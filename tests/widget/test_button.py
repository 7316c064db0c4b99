"""The button's state machine, against the contract's table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.widget_process import COMPLETED, NOW, ORPHANED, RUNNING, a_run
from widget.button import LABELS, State, ask_again_in, reason_of, state_of
from widget.model import ENDED, Phase, Reason, Run

runs = st.builds(
    Run,
    pair=st.just("pair"),
    id=st.just("run"),
    phase=st.sampled_from(Phase),
    started_at=st.just(NOW),
    reason=st.none() | st.sampled_from(Reason),
    analysis_id=st.none() | st.just("analysis_1"),
    resource=st.sampled_from([None, {"report": None}, {"report": {"summary": "Solid."}}]),
    poll_after=st.floats(NOW - 100, NOW + 100),
    busy_until=st.floats(NOW - 100, NOW + 100),
    interval=st.floats(1, 60),
)


def test_the_labels_are_those_of_the_contract() -> None:
    assert LABELS == {
        State.IDLE: "Run candidate intelligence report",
        State.RUNNING: "Running intelligence report...",
        State.OPEN: "✕ Close report",
        State.CLOSED: "View Intelligence report",
    }


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (None, None),
        (RUNNING, None),
        (a_run(Phase.CANCELING, reason=Reason.LEFT), None),
        (a_run(Phase.FAILED, reason=Reason.REFUSED), Reason.REFUSED),
        (a_run(Phase.CANCELED, reason=Reason.CANCELED), Reason.CANCELED),
        (ORPHANED, Reason.LOST),
        (COMPLETED, None),
        (a_run(Phase.COMPLETED, resource={"status": "completed"}), Reason.NO_REPORT),
        (a_run(Phase.COMPLETED, resource=None, reason=Reason.UNAVAILABLE), Reason.UNAVAILABLE),
    ],
)
def test_where_there_is_no_report_the_reason_is_given(
    run: Run | None, reason: Reason | None
) -> None:
    assert reason_of(run, watching=True, now=NOW) is reason


def test_a_report_that_is_closed_gives_no_reason() -> None:
    stale = a_run(Phase.COMPLETED, resource=None, reason=Reason.UNAVAILABLE)
    assert reason_of(stale, watching=False, now=NOW) is None


@given(runs, st.booleans())
def test_no_state_is_shown_that_the_run_does_not_have(run: Run, watching: bool) -> None:
    state = state_of(run, watching, NOW)
    reason = reason_of(run, watching, NOW)
    if state is State.OPEN:
        assert watching
        assert run.resource is not None
        assert reason is (None if run.has_report else Reason.NO_REPORT)
    if state is State.RUNNING:
        assert run.phase not in ENDED
        assert reason in {None, Reason.CREDENTIALS}
    if run.phase is Phase.COMPLETED:
        assert state in {State.OPEN, State.CLOSED}


@given(runs, st.integers(1, 1000))
def test_the_browser_asks_again_before_its_lease_lapses(run: Run, lease: int) -> None:
    wait = ask_again_in(run, NOW, lease)
    assert 0 <= wait <= max(lease / 3, 1)
    if run.phase is Phase.RUNNING and run.busy_until <= NOW:
        assert wait == min(max(run.poll_after - NOW, 0), lease / 3)
