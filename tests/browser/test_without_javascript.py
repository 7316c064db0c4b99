"""The whole of the button, in a browser that runs no script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo_ats.servers import Demo, local
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.embed import Embed
from tests.browser.recruiter import CLOSE, RUN, RUNNING, VIEW, Recruiter, ledger_of


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


def test_a_run_refreshes_itself_and_opens_its_report_which_closes_and_opens_again(
    recruiter: Recruiter, demo: Demo
) -> None:
    candidate = recruiter.adds_a_candidate("Sunniva", "Aas")
    recruiter.sees("idle")
    recruiter.presses(RUN)
    recruiter.sees("running")
    expect(recruiter.sees_button(RUNNING)).to_be_disabled()
    recruiter.reads("Sources")
    expect(recruiter.frame.locator(".signal").first).to_be_visible()
    recruiter.sees("open")
    recruiter.reads("Report on Sunniva Aas")
    recruiter.presses(CLOSE)
    recruiter.sees("closed")
    expect(recruiter.frame.locator("#ci-report")).to_have_count(0)
    recruiter.presses(VIEW)
    recruiter.sees("open")
    calls = ledger_of(demo.sandbox, candidate)
    assert [call for call in calls if call[0] != "GET"] == [("POST", 202)]


def test_a_run_is_canceled(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.runs("test_long")
    recruiter.sees("running")
    recruiter.presses("Cancel")
    recruiter.sees("idle")
    recruiter.reads("canceled")
    recruiter.sees_button(RUN)
    assert ledger_of(demo.sandbox, "test_long")[-1] == ("DELETE", 200)


def test_a_run_that_fails_says_why_and_can_be_run_again(recruiter: Recruiter) -> None:
    recruiter.runs("test_failed")
    recruiter.sees("running")
    recruiter.sees("idle")
    recruiter.reads("The report could not be completed.")
    recruiter.reads("could not find enough public information")
    expect(recruiter.sees_button(RUN)).to_be_enabled()


def test_a_view_that_has_expired_says_how_to_get_back(recruiter: Recruiter, demo: Demo) -> None:
    candidate = recruiter.adds_a_candidate("Teo", "Marchetti")
    recruiter.presses(RUN)
    recruiter.sees("open")
    ledger = local.get(f"{demo.sandbox}/ledger").json()
    client = next(b["client_id"] for b in ledger["billed"] if b["candidate_id"] == candidate)
    local.delete(
        f"{demo.widget}/api/v1/candidates/{client}/{candidate}",
        headers={"Authorization": f"Bearer {demo.host_token}"},
    ).raise_for_status()
    recruiter.presses(CLOSE)
    recruiter.sees("expired")
    recruiter.reads("Reload the candidate’s profile")
    recruiter.page.reload()
    recruiter.sees("idle")


def test_what_needs_a_script_is_not_offered_and_what_does_not_works(
    embed: Embed, page: Page
) -> None:
    page.goto(embed.open())
    expect(page.get_by_role("button")).to_have_count(1)
    page.get_by_role("radio", name="High").check()
    expect(page.locator(".signal[data-reliability=high]").first).to_be_visible()
    expect(page.locator(".signal:not([data-reliability=high]):visible")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Risks")).click()
    expect(page.get_by_role("heading", name="Risks")).to_be_in_viewport()
