"""WCAG 2.2 AA: what axe-core can tell, and what it cannot."""

from itertools import cycle
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.embed import STATES, Embed, an_outage, finished, found
from tests.browser.recruiter import CLOSE, RUN, VIEW, Recruiter
from tests.widget.partner import reply
from widget.languages import LANGUAGES

WIDTHS = (280, 320, 640, 1200)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MIN_TARGET = 24  # CSS pixels, WCAG 2.5.8
# Beside the rules that are on by default, which hold no target to its size.
RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
BESIDE_CONTRAST = RULES | {"rules": RULES["rules"] | {"color-contrast": {"enabled": False}}}
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}

# What a screen reader is told: each part of a live region that comes or changes, on its own.
LISTEN = """() => {
  window.told = []
  const tell = (node) => {
    const copy = node.cloneNode(true)
    copy.querySelectorAll?.("[aria-live=off]").forEach((part) => part.remove())
    const text = copy.textContent.replace(/\\s+/g, " ").trim()
    if (text) window.told.push(text)
  }
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      const within = type === "characterData" ? target.parentElement : target
      if (!within.closest("[role=status], output") || within.closest("[aria-live=off]")) continue
      for (const node of type === "characterData" ? [target] : addedNodes) tell(node)
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
}"""

# The frame is transparent, which axe takes for white: here the ATS's page shines through.
STAND_ON_A_PAGE = "document.documentElement.style.backgroundColor = 'var(--surface)'"


def look_with_axe(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    page.evaluate(STAND_ON_A_PAGE)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate("async (rules) => (await axe.run(rules)).violations", rules)
    return [
        f"{violation['id']}: {node['html']}"
        for violation in violations
        for node in violation["nodes"]
    ]


def focused(page: Page) -> Locator:
    return page.locator("*:focus")


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_any_state_width_and_theme(
    state: str, embed: Embed, page: Page
) -> None:
    page.goto(getattr(embed, state)())
    for width, theme in zip(WIDTHS, cycle(THEMES), strict=False):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme)
        assert look_with_axe(page) == [], (width, theme)


def test_axe_finds_nothing_in_limited_sessions_beside_the_intro_and_under_another_name(
    embed: Embed, page: Page
) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    addresses = [
        embed.profile(appearance={"intro": True}),
        embed.profile(permissions=["view"]),
        embed.running(permissions=["run"]),
    ]
    report = {"candidateName": "Jonas Weber", "summary": "Solid."}
    embed.partner.on("POST", finished(report=report))
    addresses += [embed.start(embed.profile(**one)) for one in ({"permissions": ["run"]}, {})]
    for address in addresses:
        page.goto(address)
        for theme, rules in zip(THEMES, (RULES, CONTRAST), strict=True):
            page.emulate_media(color_scheme=theme)
            assert look_with_axe(page, rules) == [], (address, theme)
    expect(page.locator("#ci-other-name")).to_be_visible()


def test_axe_finds_nothing_where_the_widget_is_not_available(embed: Embed, page: Page) -> None:
    address = embed.profile()
    with an_outage():
        page.goto(address)
        expect(page.get_by_text("not available right now")).to_be_visible()
        assert look_with_axe(page) == []


def test_axe_finds_what_is_wrong(embed: Embed, page: Page) -> None:
    page.goto(embed.open())
    page.locator("[data-copy=ci-report]").evaluate(
        "e => { e.textContent = ''; e.style.width = '9px' }"
    )
    assert any(found.startswith("button-name") for found in look_with_axe(page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_each_language_nothing_is_cut_off_and_axe_finds_nothing(
    language: str, embed: Embed, page: Page
) -> None:
    """In a narrow column as with text twice as large."""
    for state in STATES:
        page.goto(getattr(embed, state)(language=language))
        for width, text in ((280, "100%"), (320, "100%"), (640, "200%")):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("size => document.documentElement.style.fontSize = size", text)
            assert overflowing(page) == [], (state, width, text)
        page.evaluate("document.documentElement.style.fontSize = ''")
        if language != "en":
            assert look_with_axe(page, BESIDE_CONTRAST) == [], state


def overflowing(page: Page) -> list[str]:
    """What reaches beyond the right edge, or hides a part of itself."""
    found: list[str] = page.evaluate("""() => [...document.body.querySelectorAll("*")].filter(e => {
        if (e.closest(".visually-hidden, svg, .steps")) return false
        const clipped = getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth
        return clipped || e.getBoundingClientRect().right > innerWidth + 1
    }).map(e => e.outerHTML.slice(0, 120))""")
    return found


def test_every_target_is_large_enough(embed: Embed, page: Page) -> None:
    for width in (280, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        for state in ("running", "open"):
            page.goto(getattr(embed, state)())
            targets = page.locator("button, .jump, .filter__choice, .ticks__tick")
            boxes = targets.evaluate_all(
                "all => all.map(e => e.getBoundingClientRect()).map(b => [b.width, b.height])"
            )
            assert boxes != []
            assert min(min(box) for box in boxes) >= MIN_TARGET, (width, state)


def test_levels_and_bars_stay_visible_in_forced_colors(browser: Browser, embed: Embed) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(embed.running())
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")

    def style(selector: str, name: str) -> str:
        return str(page.locator(selector).first.evaluate(f"e => getComputedStyle(e).{name}"))

    canvas = page.evaluate("""() => {
        const probe = document.body.appendChild(document.createElement("i"))
        probe.style.backgroundColor = "Canvas"
        return getComputedStyle(probe).backgroundColor
    }""")
    assert style(".quick-signal .level", "fill") != canvas
    assert style(".quick-signal .bars", "fill") != canvas
    assert style(".reliability__bar [data-level=high]", "fill") != canvas
    assert style(".quick-signal", "borderTopStyle") == "solid"
    assert style(".steps__step[data-done]", "borderTopStyle") == "solid"
    assert style(".steps__step:last-child", "borderTopStyle") == "dotted"
    context.close()


def test_with_reduced_motion_nothing_moves(embed: Embed, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    page.goto(embed.running())
    moving = "() => document.getAnimations().length"
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0


def test_a_run_can_be_followed_with_the_keyboard_alone(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply(retry_after="1")).on("GET", reply(retry_after="1", **found(2)))
    page.goto(embed.profile())
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text(RUN)
    page.keyboard.press("Enter")
    expect(focused(page)).to_have_id("ci-actions")
    expect(page.locator(".signal")).to_have_count(2)
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Cancel")
    page.keyboard.press("Shift+Tab")
    page.locator("#ci-actions").focus()

    embed.partner.on("GET", finished())
    expect(focused(page)).to_have_id("ci-report-title")
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Summary")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(focused(page)).to_have_text(CLOSE)
    page.keyboard.press("Enter")
    expect(focused(page)).to_have_text(VIEW)
    page.keyboard.press("Enter")
    expect(focused(page)).to_have_id("ci-report-title")


def test_after_a_cancel_focus_is_on_the_button(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply("queued")).on("DELETE", reply("canceled"))
    page.goto(embed.profile())
    page.get_by_role("button", name=RUN).press("Enter")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(focused(page)).to_have_text(RUN)


def test_after_a_failure_focus_is_beside_the_button(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply(retry_after="1")).on("GET", reply("failed"))
    page.goto(embed.profile())
    page.get_by_role("button", name=RUN).press("Enter")
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "idle")
    expect(page.get_by_text("could not be completed")).to_be_visible()
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text(RUN)


def test_an_expired_session_leaves_focus_on_the_sentence_that_says_so(
    embed: Embed, page: Page
) -> None:
    address = embed.profile()
    page.goto(address)
    embed.expire(address)
    page.get_by_role("button", name=RUN).press("Enter")
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "expired")
    expect(focused(page)).to_have_id("ci-status")


def test_a_reader_of_the_signals_is_left_there_when_the_report_opens(
    embed: Embed, page: Page
) -> None:
    embed.partner.on("POST", reply(retry_after="1", **found(4)))
    embed.partner.on("GET", reply(retry_after="1", **found(4)))
    page.goto(embed.profile())
    page.get_by_role("button", name=RUN).click()
    page.locator(".signal a").nth(1).focus()
    embed.partner.on("GET", finished())
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "open")
    expect(focused(page)).to_have_attribute("href", found(4)["signals"][1]["sourceUrl"])


def test_who_writes_a_note_in_the_ats_goes_on_writing_when_the_report_opens(
    recruiter: Recruiter,
) -> None:
    recruiter.adds_a_candidate("Noor", "Bakker")
    recruiter.presses(RUN)
    recruiter.sees("running")
    note = recruiter.page.get_by_placeholder("Write a note for your team")
    note.press_sequentially("Call ")
    recruiter.sees("open")
    expect(note).to_be_focused()
    recruiter.page.keyboard.type("back")
    expect(note).to_have_value("Call back")


def test_stages_and_new_signals_are_told_once_and_politely(embed: Embed, page: Page) -> None:
    steps = [
        reply(retry_after="1", stage="identity"),
        reply(retry_after="1", stage="identity"),
        reply(retry_after="1", **found(1)),
        reply(retry_after="1", **found(1)),
        reply(retry_after="1", **found(3)),
        finished(),
    ]
    embed.partner.on("POST", reply("queued", retry_after="1")).on("GET", *steps)
    page.goto(embed.profile())
    expect(page.locator("#ci-status")).to_have_attribute("role", "status")
    page.evaluate(LISTEN)
    page.get_by_role("button", name=RUN).click()
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "open")
    told: list[str] = page.evaluate("window.told")
    assert told == [
        "Step 1 of 3: Confirming the identity First results usually appear after 10 to 20 seconds, "
        "the report within a minute.",
        "Step 2 of 3: Searching public sources",
        "The report opens here by itself, usually within a minute of the start.",
        "Quick signal on identity: Orange",
        "1 signal so far",
        "3 signals so far",
        "The report is ready.",
    ]
