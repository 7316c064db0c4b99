"""What is shown of a run, by the contract's table."""

import pytest

from tests.widget.drawing import NOW, a_run, draw, draw_report
from tests.widget.markup import Markup
from widget.button import State
from widget.model import Phase, Reason, Run
from widget.panel import EXPIRED, panel_of

LEASE = 90
QUICK = {"level": "Orange", "reason": "Two employers differ.", "identityConfidence": "Medium"}
SIGNALS = [{"statement": "Built a bridge.", "reliability": "High"}, {"statement": "Speaks."}]
RUNNING = a_run(
    {"stage": "enrichment", "quick_signal": QUICK, "signals": SIGNALS}, Phase.RUNNING, failures=0
)


def words(markup: Markup) -> list[str]:
    return [line.strip() for line in markup.text.splitlines() if line.strip()]


def test_without_a_run_there_is_a_button_and_nothing_else() -> None:
    markup = draw(None)
    assert markup.one("main").attributes["data-state"] == "idle"
    assert words(markup) == ["Candidate Intelligence", "Run candidate intelligence report"]


def test_a_run_shows_its_stage_its_time_the_quick_signal_and_the_signals_so_far() -> None:
    panel = panel_of(RUNNING, watching=True, now=NOW, lease=LEASE)
    assert panel.state is State.RUNNING
    assert panel.progress is not None
    assert (panel.progress.step, panel.progress.elapsed, panel.progress.ask_in) == (1, 75, 7)
    assert not panel.progress.reconnecting
    markup = draw(RUNNING)
    assert markup.one("main").attributes["data-state"] == "running"
    button = markup.one("button", id="ci-button")
    assert button.text == "Running intelligence report..."
    assert "disabled" in button.attributes
    assert button.attributes["aria-busy"] == "true"
    assert markup.one("button", **{"class": "button button--quiet"}).text == "Cancel"
    assert markup.one("li", **{"aria-current": "step"}).text == "Sources"
    assert markup.one("span", id="ci-elapsed").text == "1:15"
    for text in ("Two employers differ.", "Built a bridge.", "Speaks."):
        assert text in markup.text


@pytest.mark.parametrize(
    ("stage", "step"),
    [(None, "Identity"), ("identity", "Identity"), ("report", "Report"), ("done", "Report")],
)
def test_a_run_begins_with_its_first_step_and_ends_with_its_last(stage: str, step: str) -> None:
    markup = draw(a_run({"stage": stage}, Phase.RUNNING))
    assert markup.one("li", **{"aria-current": "step"}).text == step


def test_a_run_that_takes_longer_than_usual_says_so_and_no_sooner() -> None:
    said = "longer than usual"
    assert said not in draw(a_run({}, Phase.RUNNING, started_at=NOW - 74)).text
    assert said in draw(a_run({}, Phase.RUNNING, started_at=NOW - 75)).text


def test_a_run_shows_the_same_to_who_does_not_watch() -> None:
    assert panel_of(RUNNING, False, NOW, LEASE) == panel_of(RUNNING, True, NOW, LEASE)


def test_a_run_whose_api_does_not_answer_says_so() -> None:
    failing = a_run({}, Phase.RUNNING, failures=2)
    assert draw(failing).one("p", id="ci-stage").text == "No answer yet. Trying again…"


def test_a_run_that_is_being_canceled_says_so_and_cannot_be_canceled_again() -> None:
    markup = draw(a_run({}, Phase.CANCELING))
    assert markup.one("main").attributes["data-state"] == "running"
    assert markup.one("p", id="ci-stage").text == "Canceling…"
    assert "disabled" in markup.one("button", **{"class": "button button--quiet"}).attributes


def test_a_run_is_asked_for_again_and_anything_else_is_not() -> None:
    assert "hx-trigger" in draw(RUNNING).one("main").attributes
    for markup in (draw(None), draw_report(report={}), draw(a_run(None, Phase.FAILED))):
        assert "hx-trigger" not in markup.one("main").attributes


def test_an_open_report_shows_everything_and_how_to_close_it() -> None:
    markup = draw_report(
        report={
            "candidateName": "Mara Lindqvist",
            "recommendation": {
                "decision": "Advance",
                "confidence": "High",
                "reason": "Fits.",
                "evidence": ["Bridges."],
            },
            "summary": "Solid.",
        },
        quick_signal=QUICK,
        signals=SIGNALS,
        metadata={"language": "en", "generated_at": "2026-11-24T12:00:00Z"},
    )
    assert markup.one("main").attributes["data-state"] == "open"
    button = markup.one("button", id="ci-button")
    assert button.text == "✕ Close report"
    assert button.attributes["aria-expanded"] == "true"
    assert button.attributes["aria-controls"] == "ci-report"
    assert markup.one("h1", id="ci-report-title").text == "Report on Mara Lindqvist"
    for text in (
        "Advance",
        "High confidence",
        "Fits.",
        "Bridges.",
        "Solid.",
        "High 1",
        "Other 1",
    ):
        assert text in markup.text
    assert {time.attributes["datetime"] for time in markup.all("time")} == {"2026-11-24T12:00:00Z"}
    assert "English" in markup.text


def test_wherever_a_report_is_shown_it_says_that_it_does_not_make_the_decision() -> None:
    for report in ({}, None, {"summary": "Solid."}, ["odd"]):
        assert "supports your decision" in draw_report(report=report).text


def test_a_closed_report_shows_a_button_and_nothing_else() -> None:
    markup = draw(a_run({"report": {"summary": "Solid."}}), watching=False)
    assert markup.one("main").attributes["data-state"] == "closed"
    assert words(markup) == ["Candidate Intelligence", "View Intelligence report"]


def test_a_report_that_cannot_be_fetched_stays_closed_and_says_why() -> None:
    markup = draw(a_run(None, reason=Reason.UNAVAILABLE))
    assert markup.one("main").attributes["data-state"] == "closed"
    assert "Your report is safe" in markup.one("div", role="status").text


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.ERASED])
@pytest.mark.parametrize("phase", [Phase.FAILED, Phase.CANCELED])
def test_a_run_without_a_report_says_in_plain_words_what_happened(
    phase: Phase, reason: Reason
) -> None:
    run = a_run({"error": "E-17"}, phase, reason=reason)
    markup = draw(run)
    assert markup.one("main").attributes["data-state"] == "idle"
    notice = markup.one("div", role="status").text
    assert len(notice.split()) > 5
    assert "_" not in notice
    assert ("E-17" in notice) is (reason is Reason.ANALYSIS_FAILED)
    assert markup.one("button").text == "Run candidate intelligence report"


def test_each_reason_has_words_of_its_own() -> None:
    reasons = [reason for reason in Reason if reason is not Reason.ERASED]
    notices = {
        draw(a_run(None, Phase.FAILED, reason=reason)).one("div", role="status").text
        for reason in reasons
    }
    assert len(notices) == len(reasons)


def test_nobody_is_left_waiting_for_a_post_whose_process_is_gone() -> None:
    orphaned: Run = a_run(None, Phase.STARTING, analysis_id=None, busy_until=NOW)
    markup = draw(orphaned)
    assert markup.one("main").attributes["data-state"] == "idle"
    assert "billed only once" in markup.text


def test_an_expired_session_has_no_button() -> None:
    assert EXPIRED.state is State.EXPIRED
    assert EXPIRED.label == ""
