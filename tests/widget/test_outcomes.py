"""What follows from an answer of the Partner API, or from the lack of one."""

from widget.model import Phase, Reason
from widget.outcomes import end_of_cancellation, wait_after_failure


def test_after_failures_the_wait_doubles_up_to_a_minute() -> None:
    assert [wait_after_failure(10, failures) for failures in range(1, 6)] == [10, 20, 40, 60, 60]
    assert wait_after_failure(90, 1) == wait_after_failure(90, 5) == 90
    assert wait_after_failure(1, 100_000) == 60


def test_a_run_that_timed_out_has_failed_and_any_other_was_canceled() -> None:
    assert end_of_cancellation(Reason.TIMED_OUT) is Phase.FAILED
    for reason in [None, *Reason]:
        if reason is not Reason.TIMED_OUT:
            assert end_of_cancellation(reason) is Phase.CANCELED
