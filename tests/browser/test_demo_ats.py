"""The demo ATS around the frame: who has a report, who may only look, and pages for everybody."""

from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo_ats.servers import Demo
from tests.browser.recruiter import RUN, VIEW, Recruiter
from tests.browser.test_accessibility import look_with_axe

PAGES = ("/", "/candidates/cand_1042", "/candidates/new", "/usage", "/integration")


def hiring_manager(browser: Browser, demo: Demo) -> Recruiter:
    context = browser.new_context()
    context.add_cookies([{"name": "user", "value": "user_milo", "url": demo.ats}])
    return Recruiter(context.new_page(), demo.ats)


def test_a_board_shows_what_happens_in_a_profile_and_a_hiring_manager_may_look(
    recruiter: Recruiter, context: BrowserContext, browser: Browser, demo: Demo
) -> None:
    first, last = recruiter.adds_a_candidate("Solveig", "Tarnquist"), hiring_manager(browser, demo)
    board = context.new_page()
    board.goto(demo.ats)
    card = board.locator(f"#report-{first}")
    expect(card).to_be_empty()
    last.opens(first)
    expect(last.widget).to_contain_text("There is no report")
    expect(last.frame.get_by_role("button")).to_have_count(0)

    recruiter.presses(RUN)
    recruiter.sees("open")
    board.bring_to_front()

    expect(card).to_have_text("Report")
    last.opens(first)
    last.presses(VIEW)
    last.sees("open")
    board.goto(f"{demo.ats}/candidates/{first}")
    expect(board.get_by_text("Intelligence report opened by Nadia Ferrante-Cole")).to_be_visible()
    last.page.context.close()


def test_a_call_opens_above_the_log_and_closes_where_it_was(
    recruiter: Recruiter, page: Page, demo: Demo
) -> None:
    added = recruiter.adds_a_candidate("Ilse", "Vanderhaeg")
    recruiter.presses(RUN)
    recruiter.sees("open")
    page.goto(f"{demo.ats}/integration")

    newest = page.locator("a[data-exchange][href*=calls]").first.get_attribute("id")
    call = page.locator(f"#{newest}")
    call.click()

    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text(f'"candidate_id": "{added}"')
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
