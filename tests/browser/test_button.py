"""Each transition of the button, through the demo ATS and its three origins."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from demo_ats.servers import Demo, local
from tests.browser.embed import Embed
from tests.browser.recruiter import CLOSE, RUN, RUNNING, VIEW, Recruiter, ledger_of


def billed(demo: Demo, candidate_id: str) -> list[str]:
    ledger = local.get(f"{demo.sandbox}/ledger").json()
    return [b["client_id"] for b in ledger["billed"] if b["candidate_id"] == candidate_id]


def test_the_report_opens_by_itself_and_can_be_closed_and_viewed_also_after_a_reload(
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
    recruiter.page.reload()
    recruiter.sees("closed")
    recruiter.presses(VIEW)
    recruiter.sees("open")
    assert ledger_of(demo.sandbox, "test_green") == calls
    assert len(billed(demo, "test_green")) == 1


def test_stage_time_and_signals_show_while_the_run_goes_on(embed: Embed, page: Page) -> None:
    page.goto(embed.running())
    expect(page.locator("[aria-current=step]")).to_have_text("Sources")
    expect(page.get_by_text("Searching public sources").last).to_be_visible()
    expect(page.locator(".signal").first).to_be_visible()
    elapsed = page.locator("#ci-elapsed")
    expect(elapsed).not_to_have_text(elapsed.inner_text())


def test_cancel_leads_back_to_the_start_and_says_so_and_the_report_can_be_run_again(
    recruiter: Recruiter, demo: Demo
) -> None:
    recruiter.runs("test_orange")
    recruiter.sees("running")
    recruiter.presses("Cancel")
    recruiter.sees("idle")
    recruiter.reads("canceled")
    assert ledger_of(demo.sandbox, "test_orange")[-1] == ("DELETE", 200)
    assert billed(demo, "test_orange") == []
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert len(billed(demo, "test_orange")) == 1


def test_a_report_that_is_there_already_opens_at_once(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.runs("test_existing")
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
    recruiter.runs("test_canceled")
    recruiter.sees("running")
    recruiter.sees("idle")
    recruiter.reads("canceled this run")


def test_a_reload_while_running_changes_nothing(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.runs("test_red")
    recruiter.sees("running")
    recruiter.page.reload()
    recruiter.sees("running")
    recruiter.sees("open")
    calls = ledger_of(demo.sandbox, "test_red")
    assert [call for call in calls if call[0] != "GET"] == [("POST", 202)]


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
    recruiter.runs("cand_1055")
    recruiter.sees("open")
    recruiter.acts_for_the_other_company()
    recruiter.sees("idle")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert len(set(billed(demo, "cand_1055"))) == 2


def test_faults_of_the_api_that_pass_do_not_end_the_run(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.runs("test_errors")
    recruiter.reads("Trying again")
    recruiter.sees("open")
    statuses = {status for _, status in ledger_of(demo.sandbox, "test_errors")}
    assert {500, 502} <= statuses
