"""A recruiter's way through profiles that frameworks draw, with the code of docs/frameworks.md."""

import re

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

from tests.browser.recruiter import CLOSE, RUN, VIEW
from tests.hosts.ats import JONAS, LENA, MARA, Ats

COMPONENTS = [
    f"/components/{framework}{variant}"
    for framework in ("react", "vue", "svelte", "angular")
    for variant in ("", "-request")
]
SERVERS = [f"/{library}/candidates/{MARA}/report" for library in ("turbo", "htmx", "htmx2")]

LOADER = "**/embed.js"
FRAMEWORK = re.compile("/(build|packages)/")


class Profile:
    """What a recruiter does in it. The links are `MARA`'s, `JONAS`'s and those of their tabs."""

    def __init__(self, page: Page, place: str = "main, #app") -> None:
        self._page = page
        self._place = page.locator(place)

    @property
    def element(self) -> Locator:
        return self._place.locator("candidate-intelligence").first

    @property
    def frame(self) -> FrameLocator:
        return self.element.frame_locator("iframe")

    def goes_to(self, text: str) -> None:
        self._page.locator("nav").get_by_text(text, exact=True).click()

    def presses(self, name: str) -> None:
        self.frame.get_by_role("button", name=name, exact=True).click()

    def sees(self, *states: str) -> None:
        state = re.compile(f"^({'|'.join(states)})$")
        expect(self.frame.locator("#candidate-intelligence")).to_have_attribute("data-state", state)

    def sees_theme(self, theme: str) -> None:
        expect(self.frame.locator("html")).to_have_css("color-scheme", theme)


def switch_theme(page: Page) -> None:
    page.get_by_role("button", name="Theme").click()


def open_with(page: Page, address: str, late: str | re.Pattern[str]) -> None:
    """Opens a page in which either the loader or the framework comes after the other."""
    held: list[Route] = []
    page.route(late, lambda route: held.append(route))
    page.goto(address, wait_until="commit")
    if late == LOADER:
        for theme in ("dark", "light"):  # only a framework that has started switches it
            while page.evaluate("document.documentElement.className || 'light'") != theme:
                switch_theme(page)
    else:
        page.evaluate("customElements.whenDefined('candidate-intelligence').then(() => {})")
    for route in held:
        route.continue_()
    page.unroute(late)


@pytest.mark.parametrize("path", [*COMPONENTS, *SERVERS])
@pytest.mark.parametrize("late", [LOADER, FRAMEWORK], ids=["late loader", "late framework"])
def test_a_recruiter_s_way_through_a_profile(
    page: Page, ats: Ats, path: str, late: str | re.Pattern[str]
) -> None:
    ats.may_refuse = late == FRAMEWORK and path.endswith("-request")
    profile = Profile(page)
    open_with(page, ats.origin + path, late)
    profile.presses(RUN)
    profile.sees("open")
    expect(page.locator("output")).to_have_text("open")
    profile.presses(CLOSE)
    profile.presses(VIEW)
    profile.sees("open")
    assert set(ats.sessions) == {MARA}

    # The theme
    profile.sees_theme("light")
    switch_theme(page)
    profile.sees_theme("dark")

    # A tab of the profile
    profile.goes_to("CV")
    expect(page.get_by_text("Ten years")).to_be_visible()
    expect(profile.element).to_be_hidden()
    switch_theme(page)
    profile.goes_to("Report")
    expect(page.get_by_text("Ten years")).to_be_hidden()
    profile.sees("open")
    profile.sees_theme("light")
    assert set(ats.sessions) == {MARA}

    # Another candidate
    profile.goes_to("Jonas")
    profile.sees("idle")
    assert ats.sessions[-1] == JONAS
    page.go_back()
    profile.sees("open", "closed")
    assert ats.sessions[-1] == MARA

    # A dialog
    profile.goes_to("Glance at Lena")
    glance = Profile(page, "dialog")
    glance.presses(RUN)
    glance.sees("open")
    assert ats.sessions[-1] == LENA
    room = page.locator("dialog").evaluate("dialog => dialog.clientWidth - 32")
    assert glance.element.evaluate("element => element.clientWidth") == room
