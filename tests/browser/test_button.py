"""Each transition of the button, through the demo ATS and its three origins."""

import pytest
from playwright.sync_api import BrowserContext, expect

from demo_ats.servers import Demo, local
from tests.browser.recruiter import CLOSE, RUN, RUNNING, VIEW, Recruiter, ledger_of


def billed(demo: Demo, candidate_id: str) -> list[str]:
    ledger = local.get(f"{demo.sandbox}/ledger").json()
    return [b["client_id"] for b in ledger["billed"] if b["candidate_id"] == candidate_id]


def test_the_report_opens_by_itself_and_can_be_closed_and_viewed(
    recruiter: Recruiter, demo: Demo
) -> None:
    recruiter.opens("test_green")
    recruiter.sees("idle")
    assert ledger_of(demo.sandbox, "test_green") == []
    recruiter.presses(RUN)
    recruiter.sees("running")
    button = recruiter.sees_button(RUNNING)
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("aria-busy", "true")
    recruiter.sees_button("Cancel")
    recruiter.reads("Quick signal")
    recruiter.sees("open")
    recruiter.reads("This report supports your decision")
    recruiter.presses(CLOSE)
    recruiter.sees("closed")
    expect(recruiter.frame.locator("#ci-report")).to_have_count(0)
    recruiter.presses(VIEW)
    recruiter.sees("open")
    recruiter.sees_button(CLOSE)
    calls = ledger_of(demo.sandbox, "test_green")
    assert calls[0] == ("POST", 202)
    assert set(calls[1:]) == {("GET", 200)}
    assert len(billed(demo, "test_green")) == 1


def test_stages_and_signals_show_while_the_run_goes_on(recruiter: Recruiter) -> None:
    recruiter.opens("test_long")
    recruiter.presses(RUN)
    recruiter.reads("Searching public sources")
    expect(recruiter.frame.locator(".signal").first).to_be_visible()
    elapsed = recruiter.frame.locator("#ci-elapsed")
    before = elapsed.inner_text()
    expect(elapsed).not_to_have_text(before)
    expect(recruiter.frame.locator("[aria-current=step]")).to_have_text("Sources")
    recruiter.presses("Cancel")
    recruiter.sees("idle")


def test_cancel_leads_back_to_the_start_and_says_so(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_orange")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.presses("Cancel")
    recruiter.sees("idle")
    recruiter.reads("canceled")
    recruiter.sees_button(RUN)
    assert ledger_of(demo.sandbox, "test_orange")[-1] == ("DELETE", 200)
    assert billed(demo, "test_orange") == []


def test_after_a_cancel_the_report_can_be_run_again(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("cand_1042")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.presses("Cancel")
    recruiter.sees("idle")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert len(billed(demo, "cand_1042")) == 1


def test_a_report_that_is_there_already_opens_at_once(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_existing")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert ledger_of(demo.sandbox, "test_existing") == [("POST", 202)]
    assert billed(demo, "test_existing") == []


def test_a_run_that_fails_says_why_and_can_be_run_again(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_failed")
    for _ in range(2):
        recruiter.presses(RUN)
        recruiter.sees("running")
        recruiter.sees("idle")
        recruiter.reads("The report could not be completed.")
        recruiter.sees_button(RUN)
    posts = [call for call in ledger_of(demo.sandbox, "test_failed") if call[0] == "POST"]
    assert len(posts) == 2
    assert billed(demo, "test_failed") == []


def test_a_run_that_the_other_side_cancels_says_so(recruiter: Recruiter) -> None:
    recruiter.opens("test_canceled")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.sees("idle")
    recruiter.reads("canceled this run")


def test_a_reload_while_running_changes_nothing(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_red")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.page.reload()
    recruiter.sees("running")
    recruiter.sees("open")
    calls = ledger_of(demo.sandbox, "test_red")
    assert [call for call in calls if call[0] != "GET"] == [("POST", 202)]


def test_a_reload_with_a_report_offers_to_view_it(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("cand_1047")
    recruiter.presses(RUN)
    recruiter.sees("open")
    asked = len(ledger_of(demo.sandbox, "cand_1047"))
    recruiter.page.reload()
    recruiter.sees("closed")
    recruiter.presses(VIEW)
    recruiter.sees("open")
    assert len(ledger_of(demo.sandbox, "cand_1047")) == asked


def test_two_tabs_share_one_run_and_both_open_its_report(
    recruiter: Recruiter, context: BrowserContext, demo: Demo
) -> None:
    colleague = Recruiter(context.new_page(), demo.ats)
    recruiter.opens("cand_1051")
    colleague.opens("cand_1051")
    recruiter.presses(RUN)
    colleague.presses(RUN)
    colleague.sees("running")
    recruiter.sees("open")
    colleague.sees("open")
    posts = [call for call in ledger_of(demo.sandbox, "cand_1051") if call[0] == "POST"]
    assert len(posts) == 1


@pytest.mark.threat(name="report of another company")
def test_another_client_company_runs_and_pays_for_a_report_of_its_own(
    recruiter: Recruiter, demo: Demo
) -> None:
    recruiter.opens("cand_1055")
    recruiter.presses(RUN)
    recruiter.sees("open")
    recruiter.acts_for_the_other_company()
    recruiter.sees("idle")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert len(set(billed(demo, "cand_1055"))) == 2


def test_a_candidate_of_ones_own_gets_a_report_made_of_what_was_entered(
    recruiter: Recruiter,
) -> None:
    recruiter.adds_a_candidate("Wilhelmina", "Okonkwo-Sanz")
    recruiter.presses(RUN)
    recruiter.sees("open")
    recruiter.reads("Wilhelmina Okonkwo-Sanz works as")


def test_faults_of_the_api_that_pass_do_not_end_the_run(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_errors")
    recruiter.presses(RUN)
    recruiter.reads("Trying again")
    recruiter.sees("open")
    statuses = {status for _, status in ledger_of(demo.sandbox, "test_errors")}
    assert {500, 502} <= statuses


def test_a_rate_limit_is_kept_and_the_run_goes_on(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("test_limited")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert ("GET", 429) in ledger_of(demo.sandbox, "test_limited")


def test_a_slow_api_shows_a_running_button_meanwhile(recruiter: Recruiter) -> None:
    recruiter.opens("test_slow")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.sees("open")
