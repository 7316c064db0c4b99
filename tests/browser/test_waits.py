"""What a recruiter reads where a click cannot be carried out at once, or another has canceled."""

import httpx2
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.embed import Embed
from tests.browser.recruiter import RUN, RUNNING
from tests.widget.partner import reply
from widget.brake import MAX_POSTS


def run_answered_with(embed: Embed, page: Page, answer: httpx2.Response) -> Locator:
    """Presses Run, and the API answers so. Returns the button."""
    embed.partner.on("POST", answer)
    page.goto(embed.start(embed.profile()))
    run = page.get_by_role("button", name=RUN)
    run.click()
    return run


def test_a_run_within_a_wait_shows_when_it_starts_and_can_be_canceled_until_then(
    embed: Embed, page: Page
) -> None:
    too_many = httpx2.Response(429, headers={"Retry-After": "50"})
    run = run_answered_with(embed, page, too_many)
    expect(page.get_by_role("button", name=RUNNING)).to_be_disabled()
    expect(page.locator("#ci-stage")).to_contain_text("Starts in")
    page.get_by_role("button", name="Cancel").click()
    expect(run).to_be_enabled()
    expect(page.locator("#ci-status")).to_contain_text("The run was canceled.")


def test_a_run_within_a_longer_wait_and_one_too_many_say_from_when_it_may_be_run(
    embed: Embed, page: Page
) -> None:
    too_many = httpx2.Response(429, headers={"Retry-After": "600"})
    run = run_answered_with(embed, page, too_many)
    expect(page.locator("#ci-status")).to_contain_text("can be run again from")
    embed.partner.on("POST", httpx2.Response(422))
    page.goto(embed.profile())
    for _ in range(MAX_POSTS):
        run.click()
        expect(page.locator("#ci-status")).to_contain_text("did not accept")
    run.click()
    expect(page.locator("#ci-status")).to_contain_text("Nothing was started.")


def test_who_shares_a_run_learns_that_somebody_else_has_canceled_it(
    embed: Embed, context: BrowserContext
) -> None:
    embed.partner.on("POST", reply(retry_after="1")).on("GET", reply(retry_after="1"))
    pages = [context.new_page() for _ in range(2)]
    address = embed.profile()
    pages[0].goto(address)
    pages[1].goto(embed.opened_again(address))
    pages[0].get_by_role("button", name=RUN).click()
    pages[1].reload()
    pages[0].get_by_role("button", name="Cancel").click()
    expect(pages[0].locator("#ci-status")).to_contain_text("You can run it again at any time.")
    expect(pages[0].get_by_text("by a colleague")).to_have_count(0)
    expect(pages[1].get_by_text("by a colleague")).to_be_visible()


def test_a_failure_names_the_details_that_were_sent_and_not_their_values(
    embed: Embed, page: Page
) -> None:
    page.goto(embed.failed())
    told = page.get_by_text("These details were sent:")
    expect(told).to_contain_text("first name, last name")
    expect(told).not_to_contain_text("Mara")
