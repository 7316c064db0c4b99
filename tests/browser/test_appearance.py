"""Each option of a session's `appearance`, as it is on the screen; and whatever the accent, it can
be read."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.embed import Embed
from tests.browser.recruiter import RUN
from tests.browser.test_accessibility import CONTRAST, THEMES, look_with_axe

BUTTON = "#ci-button"
UGLY = ("#ffff00", "#000000", "#ffffff", "#ff0000", "#777777")


def style(page: Page, selector: str, name: str) -> str:
    value: str = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )
    return value


def shown(page: Page, address: str, selector: str, name: str) -> str:
    page.goto(address)
    return style(page, selector, name)


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_the_theme_is_the_sessions_or_the_readers(
    embed: Embed, page: Page, theme: str, system: Any
) -> None:
    page.emulate_media(color_scheme=system)
    page.goto(embed.idle(appearance={"theme": theme}))
    is_dark = "dark" in (theme if theme != "auto" else system)
    assert style(page, "body", "color") == ("rgb(231, 236, 242)" if is_dark else "rgb(23, 33, 43)")


@pytest.mark.parametrize(
    ("theme", "system"), [("light", "dark"), ("dark", "light"), ("auto", "dark")]
)
def test_the_theme_is_right_from_the_first_frame(
    embed: Embed, browser: Browser, theme: str, system: Any
) -> None:
    """Before the style sheet has come, the ground is the theme's already."""
    context = browser.new_context(color_scheme=system)
    page = context.new_page()
    page.route("**/*.css*", lambda _: None)  # never answered
    page.goto(embed.idle(appearance={"theme": theme}), wait_until="commit")
    page.wait_for_selector("meta[name=color-scheme]", state="attached")
    text = page.evaluate("""() => {
        const probe = document.documentElement.appendChild(document.createElement("i"))
        probe.style.color = "CanvasText"
        return getComputedStyle(probe).color
    }""")
    assert text == ("rgb(0, 0, 0)" if theme == "light" else "rgb(255, 255, 255)")
    context.close()


def test_the_accent_fills_the_button_and_colours_links_and_lines(embed: Embed, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(embed.idle(appearance={"accent": "#B3005E"}))
    expect(page.locator(BUTTON)).to_have_css("background-color", "rgb(179, 0, 94)")
    assert style(page, BUTTON, "color") == "rgb(255, 255, 255)"
    page.goto(embed.open(appearance={"accent": "#B3005E"}))
    assert style(page, ".jumps a", "color") == "rgb(179, 0, 94)"
    assert len({url for url in requests if "/accents/" in url}) == 1


def test_without_an_accent_no_style_sheet_is_asked_for(embed: Embed, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(embed.idle())
    assert [url for url in requests if "/accents/" in url] == []
    assert style(page, BUTTON, "background-color") == "rgb(42, 84, 214)"


@pytest.mark.parametrize(
    ("font", "family"), [("system", "system-ui"), ("serif", "ui-serif"), ("mono", "ui-monospace")]
)
def test_the_font_is_the_sessions_also_on_the_button(
    embed: Embed, page: Page, font: str, family: str
) -> None:
    page.goto(embed.idle(appearance={"font": font}))
    assert style(page, "body", "font-family").startswith(family)
    assert style(page, BUTTON, "font-family").startswith(family)


def test_each_font_has_letters_of_its_own(embed: Embed, page: Page) -> None:
    widths = set()
    for font in ("system", "serif", "mono"):
        page.goto(embed.idle(appearance={"font": font}))
        widths.add(page.locator(BUTTON).evaluate("button => button.offsetWidth"))
    assert len(widths) == 3


def test_compact_shows_more_and_targets_stay_large_enough(embed: Embed, page: Page) -> None:
    heights = []
    for density in ("comfortable", "compact"):
        page.goto(embed.open(appearance={"density": density}))
        heights.append(page.evaluate("document.documentElement.scrollHeight"))
        assert page.locator(BUTTON).evaluate("button => button.offsetHeight") >= 24
        assert look_with_axe(page) == []
    assert heights[1] < heights[0] * 0.93


@pytest.mark.parametrize(("radius", "size"), [("none", "0px"), ("small", "8px"), ("large", "16px")])
def test_corners_are_as_round_as_the_session_says(
    embed: Embed, page: Page, radius: str, size: str
) -> None:
    page.goto(embed.open(appearance={"radius": radius}))
    for part in (BUTTON, ".recommendation"):
        assert style(page, part, "border-start-start-radius") == size


def test_the_appearance_stays_while_a_run_goes_on(embed: Embed, page: Page) -> None:
    embed.waiting()  # so that the partner answers Run with a queued analysis
    page.goto(embed.profile(appearance={"theme": "dark", "accent": "#ffcc00", "font": "serif"}))
    page.get_by_role("button", name=RUN).click()
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "running")
    assert style(page, "html", "color-scheme") == "dark"
    assert style(page, "body", "font-family").startswith("ui-serif")
    assert style(page, "html", "--fill") == "#ffcc00"


@pytest.mark.parametrize("accent", UGLY)
def test_any_accent_can_be_read_in_both_themes(embed: Embed, page: Page, accent: str) -> None:
    for state in ("running", "open", "closed", "idle"):
        page.goto(getattr(embed, state)(appearance={"accent": accent}))
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            assert look_with_axe(page, CONTRAST) == [], (state, theme)
    page.locator(BUTTON).hover()
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert look_with_axe(page, CONTRAST) == [], theme


def test_axe_would_find_an_accent_that_cannot_be_read(embed: Embed, page: Page) -> None:
    page.goto(embed.open())
    page.evaluate("document.documentElement.style.setProperty('--accent-ink', '#ffff00')")
    assert look_with_axe(page, CONTRAST) != []
