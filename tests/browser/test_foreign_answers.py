"""What a proxy or a portal says in the widget's place is never shown, and ends nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.embed import Embed, an_outage, finished, found
from tests.browser.recruiter import CLOSE, RUN, RUNNING, VIEW
from tests.widget.partner import reply

NGINX = """<html>
<head><title>{0}</title></head>
<body>
<center><h1>{0}</h1></center>
<hr><center>nginx</center>
</body>
</html>
"""
PORTAL = """<!doctype html><html><head><title>Welcome</title></head>
<body><main><form action="/login" method="post"><button>Connect</button></form></main></body></html>
"""
FOREIGN = {
    "502": (502, NGINX.format("502 Bad Gateway")),
    "503": (503, NGINX.format("503 Service Temporarily Unavailable")),
    "504": (504, NGINX.format("504 Gateway Time-out")),
    "429": (429, NGINX.format("429 Too Many Requests")),
    "403": (403, NGINX.format("403 Forbidden")),
    "413": (413, NGINX.format("413 Request Entity Too Large")),
    "404": (404, "404 page not found\n"),
    "410": (410, NGINX.format("410 Gone")),
    "a portal": (200, PORTAL),
    "nothing": (200, ""),
}
UNANSWERED = "That didn’t go through."
TRYING_AGAIN = "No answer yet. Trying again…"
CANCELING = "Canceling…"


@dataclass
class Proxy:
    """Between a page and the widget. While it is `down`, it answers by itself."""

    page: Page
    down: bool = False
    status: int = 502
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    answered: int = 0

    def __post_init__(self) -> None:
        self.page.route(re.compile("/embed/"), self._answer)

    def goes_down(self, kind: str) -> None:
        self.status, self.body = FOREIGN[kind]
        self.answered = 0
        self.down = True

    def _answer(self, route: Route) -> None:
        if not self.down:
            return route.fallback()
        self.answered += 1
        headers = {"Content-Type": "text/html; charset=utf-8", **self.headers}
        return route.fulfill(status=self.status, body=self.body, headers=headers)


@pytest.fixture
def proxy(page: Page) -> Proxy:
    page.clock.install()
    page.set_viewport_size({"width": 480, "height": 320})
    return Proxy(page)


def passes_time_until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        page.clock.run_for(500)
        page.wait_for_function("true")
    raise AssertionError("it did not happen in time")


def sees(page: Page, state: str, label: str) -> None:
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", state)
    expect(page.locator("#ci-button")).to_have_text(label)


def watches_a_run(page: Page, embed: Embed) -> None:
    embed.partner.on("POST", reply(retry_after="1", **found(6)))
    embed.partner.on("GET", reply(retry_after="1", **found(6)))
    page.goto(embed.start(embed.profile()))
    sees(page, "running", RUNNING)


def test_a_foreign_answer_to_a_poll_leaves_the_run_on_the_screen_and_polling_goes_on(
    page: Page, embed: Embed, proxy: Proxy
) -> None:
    watches_a_run(page, embed)
    page.evaluate("scrollTo(0, 150)")
    stage = page.locator("#ci-stage")
    for kind in FOREIGN:
        proxy.goes_down(kind)
        passes_time_until(page, lambda: proxy.answered >= 3)
        expect(stage).to_have_text(TRYING_AGAIN)
        sees(page, "running", RUNNING)
        expect(page.locator(".signal")).to_have_count(6)
        expect(page).to_have_title("Candidate Intelligence")
        assert page.evaluate("scrollY") == 150, kind
        proxy.down = False
        passes_time_until(page, lambda: stage.text_content() != TRYING_AGAIN)
    embed.partner.on("GET", finished())
    widget = page.locator("#candidate-intelligence")
    passes_time_until(page, lambda: widget.get_attribute("data-state") == "open")
    sees(page, "open", CLOSE)


@pytest.mark.parametrize(("before", "label"), [("idle", RUN), ("closed", VIEW)])
def test_a_press_that_a_foreign_answer_meets_did_not_get_through_and_works_the_next_time(
    page: Page, embed: Embed, proxy: Proxy, before: str, label: str
) -> None:
    page.goto(getattr(embed, before)())
    embed.partner.on("POST", finished())
    sees(page, before, label)
    for kind in ("502", "502", "429", "a portal", "nothing"):
        proxy.goes_down(kind)
        page.get_by_role("button", name=label, exact=True).click()
        passes_time_until(page, lambda: proxy.answered == 1)
        expect(page.locator("#ci-status")).to_contain_text(UNANSWERED)
        sees(page, before, label)
    proxy.down = False
    page.get_by_role("button", name=label, exact=True).click()
    sees(page, "open", CLOSE)
    expect(page.get_by_text(UNANSWERED)).to_have_count(0)


@pytest.mark.parametrize("kind", ["502", "a portal"])
def test_a_report_can_be_put_away_without_an_answer_and_viewed_with_the_next_one(
    page: Page, embed: Embed, proxy: Proxy, kind: str
) -> None:
    page.goto(embed.open())
    close = page.get_by_role("button", name=CLOSE, exact=True)
    view = page.get_by_role("button", name=VIEW, exact=True)
    close.click()
    sees(page, "closed", VIEW)
    as_served = page.locator("#candidate-intelligence").inner_text()
    view.click()
    sees(page, "open", CLOSE)
    proxy.goes_down(kind)
    close.click()
    sees(page, "closed", VIEW)
    expect(view).to_have_attribute("aria-expanded", "false")
    assert page.locator("#candidate-intelligence").inner_text() == as_served
    view.click()
    expect(page.locator("#ci-status")).to_contain_text(UNANSWERED)
    proxy.down = False
    view.click()
    sees(page, "open", CLOSE)


def test_a_cancel_that_a_foreign_answer_meets_is_sent_again_until_it_arrives(
    page: Page, embed: Embed, proxy: Proxy
) -> None:
    watches_a_run(page, embed)
    proxy.goes_down("502")
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    cancel.click()
    expect(page.locator("#ci-stage")).to_have_text(CANCELING)
    expect(cancel).to_be_disabled()
    for kind in ("502", "403", "a portal", "nothing"):
        proxy.goes_down(kind)
        passes_time_until(page, lambda: proxy.answered >= 2)
        expect(page.locator("#ci-stage")).to_have_text(CANCELING)
    proxy.down = False
    run = page.get_by_role("button", name=RUN, exact=True)
    passes_time_until(page, run.is_visible)
    expect(page.locator("#ci-status")).to_contain_text("The run was canceled.")


def test_a_cancel_pressed_without_a_connection_is_sent_as_soon_as_it_is_back(
    page: Page, embed: Embed
) -> None:
    watches_a_run(page, embed)
    page.context.set_offline(True)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("#ci-stage")).to_have_text(CANCELING)
    sees(page, "running", RUNNING)
    page.context.set_offline(False)
    sees(page, "idle", RUN)


@pytest.mark.parametrize("header", ["HX-Refresh", "HX-Redirect", "HX-Location", "HX-Retarget"])
def test_a_foreign_answer_leads_nowhere(
    page: Page, embed: Embed, proxy: Proxy, header: str
) -> None:
    page.goto(embed.idle())
    page.evaluate("window.isTheSame = true")
    proxy.headers[header] = "true" if header == "HX-Refresh" else "body"
    proxy.goes_down("a portal")
    page.get_by_role("button", name=RUN).click()
    expect(page.locator("#ci-status")).to_contain_text(UNANSWERED)
    assert page.evaluate("isTheSame")
    assert proxy.answered == 1


def test_a_long_outage_is_not_asked_about_more_often_for_each_return_to_the_tab(
    page: Page, embed: Embed, proxy: Proxy
) -> None:
    watches_a_run(page, embed)
    proxy.goes_down("429")
    passes_time_until(page, lambda: proxy.answered == 1)
    for returns in range(2, 7):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        passes_time_until(page, lambda returns=returns: proxy.answered >= returns)  # type: ignore[misc]
        page.clock.run_for(700)
    before = proxy.answered
    steps = iter(range(30))
    passes_time_until(page, lambda: next(steps, None) is None)
    assert 2 <= proxy.answered - before <= 4


def test_a_page_that_waits_for_the_widget_is_not_replaced_by_a_portal(
    page: Page, embed: Embed, proxy: Proxy
) -> None:
    address = embed.profile()
    with an_outage():
        page.goto(address)
    proxy.goes_down("a portal")
    passes_time_until(page, lambda: proxy.answered >= 2)
    expect(page.get_by_text("will retry automatically")).to_be_visible()
    proxy.down = False
    run = page.get_by_role("button", name=RUN)
    passes_time_until(page, run.is_visible)


# The widget's own answers, by contrast


@pytest.mark.parametrize("running", [True, False], ids=["poll", "press"])
@pytest.mark.parametrize("forgotten", [True, False], ids=["404", "410"])
def test_a_session_that_is_over_says_how_to_go_on(
    page: Page, embed: Embed, forgotten: bool, running: bool
) -> None:
    page.clock.install()
    embed.partner.on("POST", reply(retry_after="1", **found(6)))
    address = embed.profile()
    page.goto(embed.start(address) if running else address)
    if forgotten:
        forgets(page, address)
    else:
        embed.expire(address)
    if not running:
        page.get_by_role("button", name=RUN).click()
    widget = page.locator("#candidate-intelligence")
    passes_time_until(page, lambda: widget.get_attribute("data-state") == "expired")
    expect(widget).to_contain_text("Reload the candidate’s profile")
    expect(page.get_by_role("button")).to_have_count(0)


def forgets(page: Page, address: str) -> None:
    """Its token is no longer known, as when the secret that signed it has been replaced."""
    unknown = re.sub("[^/]+$", "never-issued", address)
    page.route(
        re.compile(re.escape(address)),
        lambda route: route.continue_(url=route.request.url.replace(address, unknown)),
    )
