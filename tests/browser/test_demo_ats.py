"""The demo ATS around the frame."""

from playwright.sync_api import Page, expect

from demo_ats.servers import Demo
from tests.browser.recruiter import RUN, Recruiter
from tests.browser.test_accessibility import look_with_axe

PAGES = ("/", "/candidates/cand_1042", "/candidates/new", "/usage", "/integration")


def test_a_call_opens_above_the_log_and_closes_where_it_was(
    recruiter: Recruiter, page: Page, demo: Demo
) -> None:
    recruiter.opens("test_existing")
    recruiter.presses(RUN)
    recruiter.sees("open")
    page.goto(f"{demo.ats}/integration")

    call = page.locator("a[data-exchange][href*=calls]").first
    call.click()

    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text('"candidate_id": "test_existing"')
    expect(sheet).to_contain_text("ats_…")
    assert look_with_axe(page) == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(call).to_be_focused()


def test_axe_finds_nothing_on_any_page(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 640, "height": 800})
    page.emulate_media(color_scheme="dark")
    for path in PAGES:
        page.goto(demo.ats + path)
        assert look_with_axe(page) == [], path
    page.set_viewport_size({"width": 1200, "height": 800})
    page.emulate_media(color_scheme="light")
    for name in ("Switch user", "Choose a language"):
        page.get_by_role("button", name=name).click()
        assert look_with_axe(page) == [], name
