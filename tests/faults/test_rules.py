"""Rules about faults that are not a matter of one kind of fault."""

import pytest
from structlog.testing import capture_logs

from tests.faults import usual_answers
from tests.faults.conftest import Stage
from tests.faults.matrix import UNCONFIRMED, WITHOUT_REPORT
from tests.faults.partner import after, answer, hang_up
from tests.faults.test_matrix import CLOSE, RUN, VIEW, ends_well
from tests.widget.partner import KEY
from widget.limits import Limits

RUN_TIMEOUT = 600


def test_recruiters_who_fail_together_do_not_try_again_together(stage: Stage) -> None:
    stage.partner.plays["GET"] = answer(500)
    recruiters = [stage.recruiter(f"candidate-{n}") for n in range(5)]
    for recruiter in recruiters:
        recruiter.press(RUN)
    stage.let_pass(11)
    pages = [
        stage.http.get(f"{it.address}/run", headers={"HX-Request": "true"}) for it in recruiters
    ]
    for recruiter, page in zip(recruiters, pages, strict=True):
        recruiter.see(page)
    waits = {recruiter.page.ask_in for recruiter in recruiters}
    assert len(waits) > 1
    assert all(wait is not None and wait >= 10 for wait in waits)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_an_error_in_the_log_and_no_detail_on_the_page(
    stage: Stage, status: int
) -> None:
    stage.partner.plays["POST"] = answer(status, {"error": f"bad key {KEY}"})
    recruiter = stage.recruiter()
    with capture_logs() as lines:
        page = recruiter.press(RUN)
    errors = [line for line in lines if line["log_level"] == "error"]
    assert [line["outcome"] for line in errors] == ["Unauthorized"]
    assert KEY not in str(lines)
    assert KEY not in page.text
    assert str(status) not in page.text


def test_a_complete_answer_without_a_report_says_so_and_the_next_view_asks_again(
    stage: Stage,
) -> None:
    stage.partner.plays["GET"] = answer(200, {**usual_answers.COMPLETED, "report": None})
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    recruiter.watch_until("open")
    assert recruiter.page.says == list(WITHOUT_REPORT.says)
    stage.partner.plays = usual_answers.plays()
    recruiter.press(CLOSE)
    ends_well(recruiter.press(VIEW))


def test_an_answer_about_another_analysis_is_not_shown(stage: Stage) -> None:
    stage.partner.plays["GET"] = answer(200, {**usual_answers.COMPLETED, "id": "analysis_2"})
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    recruiter.watch()
    assert recruiter.page.state == "running"
    stage.partner.plays = usual_answers.plays()
    ends_well(recruiter.watch_until("open"))


@pytest.mark.parametrize("retry_after", ["86400", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_cancellation_does_not_wait_longer_than_a_run_may_take(
    stage: Stage, retry_after: str
) -> None:
    stage.partner.plays["DELETE"] = answer(503, Retry_After=retry_after)
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    recruiter.press("Cancel")
    stage.let_pass(RUN_TIMEOUT - 10)
    assert stage.count("DELETE") == 1
    assert recruiter.watch().state == "running"
    stage.let_pass(20)
    assert recruiter.watch_until("idle").state == "idle"


@pytest.mark.parametrize("retry_after", ["86400", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_run_that_may_not_be_asked_about_any_more_is_given_up(
    stage: Stage, retry_after: str
) -> None:
    stage.partner.plays["GET"] = answer(429, Retry_After=retry_after)
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    page = recruiter.watch_until("idle")
    assert page.says == ["The report took too long, so the run was stopped. You can run it again."]
    assert stage.count("GET") == 1
    assert stage.count("DELETE") == 1


@pytest.mark.parametrize("limits", [Limits(patience_seconds=0.05)])
def test_a_run_that_is_canceled_while_its_post_is_lost_is_not_said_to_be_canceled(
    stage: Stage,
) -> None:
    stage.partner.plays["POST"] = after(0.3, hang_up)
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    recruiter.press("Cancel")
    page = recruiter.watch_until("idle")
    assert page.says == list(UNCONFIRMED.says)
    assert stage.count("DELETE") == 0
