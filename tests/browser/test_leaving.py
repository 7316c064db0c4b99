"""Who leaves a profile cancels its run, unless somebody stays or comes back in time."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Error, Playwright

from demo_ats.servers import Demo, free_ports, running
from tests.browser.conftest import TIMEOUT_MS, launch
from tests.browser.recruiter import Recruiter, ledger_of

SPEED = 4.0  # slow enough for a grace and a lease to pass while a run goes on
LEASE_SECONDS = 6
THROTTLED_TIMERS = """
const asSoonAsAsked = window.setTimeout
window.setTimeout = (work, ms, ...more) => asSoonAsAsked(work, Math.ceil(ms / 4000) * 4000, ...more)
"""  # in proportion to the lease what a minute is to the usual one


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    settings = {"WIDGET_LEAVE_GRACE": "2", "WIDGET_LEASE": str(LEASE_SECONDS)}
    with running(free_ports(), SPEED, settings) as demo:
        yield demo


def starts_a_run(recruiter: Recruiter, candidate: str) -> None:
    recruiter.runs(candidate)
    recruiter.sees("running")


def expect_canceled(recruiter: Recruiter, demo: Demo, candidate: str) -> None:
    recruiter.waits_until(lambda: ("DELETE", 200) in ledger_of(demo.sandbox, candidate))


def expect_report(recruiter: Recruiter, demo: Demo, candidate: str) -> None:
    recruiter.sees("open")
    assert ("DELETE", 200) not in ledger_of(demo.sandbox, candidate)


def another(context: BrowserContext, demo: Demo) -> Recruiter:
    return Recruiter(context.new_page(), demo.ats)


def test_closing_the_tab_cancels_the_run(
    recruiter: Recruiter, context: BrowserContext, demo: Demo
) -> None:
    leaving = another(context, demo)
    starts_a_run(leaving, "test_long")
    leaving.page.close(run_before_unload=True)
    expect_canceled(recruiter, demo, "test_long")


def test_leaving_the_profile_cancels_the_run(recruiter: Recruiter, demo: Demo) -> None:
    starts_a_run(recruiter, "test_long")
    with recruiter.page.expect_navigation():
        recruiter.page.get_by_role("link", name="Pipeline").first.click()
    expect_canceled(recruiter, demo, "test_long")


def test_an_ats_that_takes_the_frame_off_the_page_cancels_the_run(
    recruiter: Recruiter, demo: Demo
) -> None:
    starts_a_run(recruiter, "test_long")
    recruiter.page.evaluate(
        "document.querySelectorAll('candidate-intelligence, iframe').forEach(e => e.remove())"
    )
    expect_canceled(recruiter, demo, "test_long")


def test_a_browser_that_dies_is_gone_once_its_lease_has_lapsed(
    recruiter: Recruiter, playwright: Playwright, demo: Demo
) -> None:
    dying = launch(playwright, "chromium")
    context = dying.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    starts_a_run(another(context, demo), "test_long")
    with suppress(Error):
        dying.new_browser_cdp_session().send("Browser.crash")
    expect_canceled(recruiter, demo, "test_long")


def test_a_colleague_who_stays_keeps_the_run_going(
    recruiter: Recruiter, context: BrowserContext, demo: Demo
) -> None:
    leaving = another(context, demo)
    starts_a_run(leaving, "test_green")
    recruiter.opens("test_green")
    recruiter.sees("running")
    leaving.page.close(run_before_unload=True)
    expect_report(recruiter, demo, "test_green")


def test_coming_back_within_the_grace_changes_nothing(recruiter: Recruiter, demo: Demo) -> None:
    starts_a_run(recruiter, "test_orange")
    recruiter.page.goto(demo.ats)
    recruiter.opens("test_orange")
    recruiter.sees("running")
    expect_report(recruiter, demo, "test_orange")


def test_the_throttled_timers_of_a_hidden_tab_keep_the_run_going(
    recruiter: Recruiter, demo: Demo
) -> None:
    recruiter.page.context.add_init_script(THROTTLED_TIMERS)
    starts_a_run(recruiter, "test_limited")
    expect_report(recruiter, demo, "test_limited")
