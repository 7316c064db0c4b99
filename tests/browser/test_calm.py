"""Nothing jumps, blinks or is lost while a run goes on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.embed import Embed, finished, found
from tests.browser.recruiter import RUN, VIEW
from tests.widget.partner import reply

WIDTHS = (280, 320, 640, 1200)
STATE = "#candidate-intelligence[data-state='{}']"

# Shifts that no input has caused, each with what moved.
WATCH_SHIFTS = """
window.shifts = []
const element = (node) => node?.nodeType === Node.TEXT_NODE ? node.parentElement : node
const moved = ({ node, previousRect, currentRect }) =>
  `${element(node)?.outerHTML.slice(0, 120)} from ${previousRect.y} to ${currentRect.y}`
// The button's label begins elsewhere when it becomes another. Its spinner turns: that is a
// pseudo-element, for which a shift names no node, so its place says whose it is.
const isInButton = ({ node, currentRect: { top, bottom } }) => {
  const button = document.querySelector("#ci-button")
  const box = button.getBoundingClientRect()
  return node ? element(node) === button : top >= box.top && bottom <= box.bottom
}
new PerformanceObserver((list) => {
  for (const { hadRecentInput, sources } of list.getEntries())
    if (!hadRecentInput) window.shifts.push(...sources.filter((s) => !isInButton(s)).map(moved))
}).observe({ type: "layout-shift", buffered: true })
"""


def waits_until(page: Page, condition: str) -> None:
    """`wait_for_function` evaluates it anew each time, which the page's policy does not allow."""
    page.evaluate(f"""() => new Promise((done) => {{
        const look = () => ({condition}) ? done() : setTimeout(look, 20)
        look()
    }})""")


@pytest.fixture
def pages(browser: Browser) -> Iterator[list[Page]]:
    """One for each width."""
    contexts = [browser.new_context(viewport={"width": w, "height": 700}) for w in WIDTHS]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.add_init_script(WATCH_SHIFTS)
    yield pages
    for context in contexts:
        context.close()


def test_nothing_moves_from_the_run_to_its_report(embed: Embed, pages: list[Page]) -> None:
    embed.partner.on("POST", reply("queued", retry_after="1")).on(
        "GET",
        reply(retry_after="1", stage="identity"),
        reply(code=503, retry_after="1"),
        reply(retry_after="1", **found(0)),
        reply(retry_after="1", **found(1)),
        reply(retry_after="1", **found(4)),
        reply(retry_after="1", **found(6)),
        finished(),
    )
    address = embed.profile()
    for page in pages:
        page.goto(address)
    pages[0].get_by_role("button", name=RUN).click()
    for page in pages[1:]:
        page.goto(f"{address}/run")
    for width, page in zip(WIDTHS, pages, strict=True):
        page.wait_for_selector(STATE.format("open"))
        assert page.evaluate("window.shifts") == [], width


def test_a_shift_would_be_seen(embed: Embed, pages: list[Page]) -> None:
    page = pages[0]
    page.goto(embed.running())
    waits_until(page, "performance.getEntriesByName('first-contentful-paint').length")
    page.evaluate("document.querySelector('#ci-status').prepend(document.createElement('hr'))")
    waits_until(page, "window.shifts.length")


def test_scroll_selection_and_focus_survive_each_poll(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply(retry_after="1", **found(3)))
    embed.partner.on("GET", *(reply(retry_after="1", **found(number)) for number in (4, 5, 6)))
    page.set_viewport_size({"width": 320, "height": 300})
    page.goto(embed.start(embed.profile()))
    page.locator(".signal a").nth(1).focus()
    page.evaluate("""() => {
        scrollTo(0, 250)
        const statement = document.querySelector("#ci-signal-2 .signal__statement")
        getSelection().selectAllChildren(statement)
    }""")
    seen = """() => [scrollY, String(getSelection()), document.activeElement.href,
                     document.querySelector("#ci-signal-2").getBoundingClientRect().top]"""
    before = page.evaluate(seen)
    assert before[0] == 250
    assert before[1] == found(3)["signals"][1]["statement"]
    expect(page.locator(".signal")).to_have_count(6)
    assert page.evaluate(seen) == before


def test_what_is_folded_open_stays_open(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply(retry_after="1", **found(3)))
    embed.partner.on("GET", reply(retry_after="1", **found(4)))
    page.goto(embed.start(embed.profile()))
    page.evaluate("document.querySelector('#ci-signal-1').setAttribute('open', '')")
    expect(page.locator(".signal")).to_have_count(4)
    expect(page.locator("#ci-signal-1")).to_have_attribute("open", "")


def test_only_new_signals_slide_in(embed: Embed, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    embed.partner.on("POST", reply(retry_after="1", **found(3)))
    embed.partner.on("GET", reply(retry_after="1", **found(5)))
    page.goto(embed.start(embed.profile()))
    waits_until(page, "document.getAnimations().every(a => a.animationName !== 'arrive')")
    page.evaluate("""() => {
        window.slid = []
        document.addEventListener("animationstart", ({ animationName, target }) => {
            if (animationName === "arrive") window.slid.push(target.id)
        })
    }""")
    expect(page.locator(".signal")).to_have_count(5)
    waits_until(page, "window.slid.length > 1")
    assert page.evaluate("window.slid") == ["ci-signal-4", "ci-signal-5"]


@pytest.mark.parametrize("state", ["idle", "open"])
def test_no_colour_fades_in_when_the_page_comes(embed: Embed, page: Page, state: str) -> None:
    """Where the style sheet is a little late, a browser fades into it from its own colours."""
    page.emulate_media(reduced_motion="no-preference")
    page.goto(getattr(embed, state)())
    fading = """() => [...document.querySelectorAll("*")]
        .filter((element) => getComputedStyle(element).transitionDuration !== "0s")
        .map((element) => element.outerHTML.slice(0, 120))"""
    assert page.evaluate(fading) == []
    page.locator("#ci-button").hover()
    assert len(page.evaluate(fading)) == 1


SPINNER = "getComputedStyle(document.querySelector('#ci-button'), '::before').animationName"


def test_a_press_shows_at_once_that_something_goes_on(embed: Embed, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    embed.partner.on("POST", finished())
    page.goto(embed.closed())
    assert page.evaluate(SPINNER) == "none"
    held: list[Route] = []
    page.route("**/report", lambda route: held.append(route))
    page.get_by_role("button", name=VIEW).click()
    waits_until(page, f"{SPINNER} === 'turn'")
    expect(page.locator("#ci-report")).to_have_count(0)
    held[0].continue_()
    page.wait_for_selector(STATE.format("open"))


def test_a_press_breaks_no_label_that_had_room(embed: Embed, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    held: list[Route] = []
    page.route("**/run", lambda route: held.append(route))
    height = "document.querySelector('#ci-button').clientHeight"
    for language, width in (("en", 312), ("de", 385), ("fr", 400)):
        page.set_viewport_size({"width": width, "height": 300})
        page.goto(embed.idle(language=language))
        before = page.evaluate(height)
        page.locator("#ci-button").click()
        waits_until(page, f"{SPINNER} === 'turn'")
        assert page.evaluate(height) == before, language


def test_the_first_frame_of_a_run_has_a_place_for_all_that_comes(embed: Embed, page: Page) -> None:
    page.goto(embed.waiting())
    expect(page.get_by_text("Confirming the identity")).to_be_visible()
    expect(page.get_by_text("Appears once the candidate has been identified.")).to_be_visible()
