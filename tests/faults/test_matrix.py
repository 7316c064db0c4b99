"""Each fault of the Partner API on each of its calls, as a recruiter lives through it.

The faults, and what is expected of them, are in `matrix.py`.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults import usual_answers
from tests.faults.conftest import REPORT_TTL, Stage
from tests.faults.matrix import FAULTS, SHORT_CALL_SECONDS, Fault, Outcome, Situation
from tests.faults.recruiter import Page
from widget.button import LABELS, State
from widget.calls import JITTER
from widget.limits import LIMITS, Limits

RUN, CLOSE, VIEW = LABELS[State.IDLE], LABELS[State.OPEN], LABELS[State.CLOSED]
WHEN = re.compile(r" The report service asks you to try again in (\d+) seconds\.")
TRIES = 3
ENOUGH_SECONDS = 10.0  # for a short call to end, on however busy a machine
SWEEP_SECONDS = 2
LATENESS_SECONDS = 1.0 + SWEEP_SECONDS  # of the page and of the sweeper
SITUATIONS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "POST": ("POST", usual_answers.QUEUED, usual_answers.LOCATION),
    "GET": ("GET", usual_answers.PROCESSING, {}),
    "View": ("GET", usual_answers.COMPLETED, {}),
    "DELETE": ("DELETE", usual_answers.CANCELED, {}),
}


@pytest.fixture
def limits(fault: Fault) -> Limits:
    """A slow fault lasts until the call is given up."""
    if not fault.slow:
        return LIMITS
    return Limits(call_seconds=SHORT_CALL_SECONDS, patience_seconds=ENOUGH_SECONDS)


each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@each_fault
def test_post(stage: Stage, fault: Fault) -> None:
    recruiter = stage.recruiter()
    with struck(stage, fault, "POST"):
        recruiter.press(RUN)
        hold(recruiter.page, fault.post, fault.retry_after)
        if fault.post.state == "idle" and fault.retry_after:
            assert recruiter.press(RUN).state == "running"  # until the wait is over
            recruiter.press("Cancel")
        if fault.post.state == "idle":
            stage.let_pass(60)
        assert stage.count("POST") == 1
    if fault.post.state == "idle":
        recruiter.press(RUN)
        assert stage.count("POST") == 2
    ends_well(recruiter.watch_until("open"))


@pytest.mark.threat(name="hostile answers")
@each_fault
def test_get_while_running(stage: Stage, fault: Fault) -> None:
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    with struck(stage, fault, "GET"):
        while not stage.count("GET"):
            recruiter.watch()
        hold(recruiter.page, fault.get)
        while fault.get.tried_again and stage.count("GET") < TRIES - bool(fault.get.at_last):
            hold(recruiter.watch(), fault.get)
        if fault.get.at_last:
            hold(recruiter.watch(), Outcome("", "idle", (fault.get.at_last,)))
        hold_waits(stage, "GET", fault)
    was_ended = recruiter.page.state == "idle"
    if was_ended:
        recruiter.press(RUN)
    ends_well(recruiter.watch_until("open"))
    assert stage.count("POST") == (2 if was_ended else 1)
    assert stage.count("DELETE") == 0


@each_fault
def test_get_on_view(stage: Stage, fault: Fault) -> None:
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    recruiter.watch_until("open")
    recruiter.press(CLOSE)
    stage.let_pass(REPORT_TTL + 1)
    asked = stage.count("GET")
    with struck(stage, fault, "View"):
        recruiter.press(VIEW)
        hold(recruiter.page, fault.view, fault.retry_after)
        if fault.view.state == "closed":
            hold(recruiter.press(VIEW), fault.view, fault.retry_after)
        assert stage.count("GET") == asked + 1
    if fault.view.state == "open" and not fault.view.says:
        return
    if fault.view.state == "open":
        recruiter.press(CLOSE)
    stage.let_pass(fault.retry_after or LATENESS_SECONDS)
    recruiter.press(RUN if fault.view.state == "idle" else VIEW)
    ends_well(recruiter.watch_until("open"))
    assert stage.count("POST") == (2 if fault.view.state == "idle" else 1)


@each_fault
def test_delete(stage: Stage, fault: Fault) -> None:
    recruiter = stage.recruiter()
    recruiter.press(RUN)
    with struck(stage, fault, "DELETE"):
        recruiter.press("Cancel")
        hold(recruiter.page, fault.delete)
        while fault.delete.tried_again and stage.count("DELETE") < TRIES:
            stage.let_pass(SWEEP_SECONDS)
        if fault.delete.tried_again:
            hold(recruiter.watch(), fault.delete)
        hold_waits(stage, "DELETE", fault)
    assert recruiter.watch_until("idle").says == [
        "The run was canceled. You can run it again at any time."
    ]
    sent = stage.count("DELETE")
    stage.let_pass(60)
    assert stage.count("DELETE") == sent
    assert stage.count("POST") == 1


@contextmanager
def struck(stage: Stage, fault: Fault, call: str) -> Iterator[None]:
    """The fault strikes this call, while all others are answered well; then it passes."""
    method, resource, location = SITUATIONS[call]
    if fault.play is None:
        stage.portal.call(stage.partner.close)
    else:
        situation = Situation(resource, location, stage.elsewhere.origin)
        stage.partner.plays[method] = fault.play(situation)
    yield
    assert stage.elsewhere.connections == 0
    if fault.play is None:
        stage.portal.call(stage.partner.open)
    stage.partner.plays = usual_answers.plays()


def hold(page: Page, outcome: Outcome, retry_after: float | None = None) -> None:
    """Fails unless the page shows this outcome and, where a click is up to them, says when."""
    told = [int(seconds) for text in page.says for seconds in WHEN.findall(text)]
    assert (page.state, [WHEN.sub("", text) for text in page.says]) == (
        outcome.state,
        list(outcome.says),
    )
    if retry_after and not outcome.tried_again and page.state in {"idle", "closed"}:
        (seconds,) = told
        assert retry_after - 1 <= seconds <= retry_after
    else:
        assert told == []


def hold_waits(stage: Stage, method: str, fault: Fault) -> None:
    """Fails unless it was tried again when it should have been, and a little later at random."""
    times = stage.wire.times(method)
    waits = [after - before for before, after in itertools.pairwise(times)]
    for wait, least in zip(waits, fault.waits, strict=False):
        assert fault.earliest(least) <= wait <= least * (1 + JITTER) + LATENESS_SECONDS, waits


def ends_well(page: Page) -> None:
    assert page.state == "open"
    assert page.says == []
    assert "Ten years of bridges." in page.text
