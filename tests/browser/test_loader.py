"""What users of other embeds complain about, held against `<candidate-intelligence>`.

The pages around it are the tests' own, on a site of their own; the widget and its sandbox are real.
Sessions last for `SESSION_SECONDS` here, so that they expire under the recruiter's hands.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import pairwise

import pytest
from playwright.sync_api import Page, Playwright, Request, Route, expect

from demo_ats.servers import Demo, free_ports, local, running
from tests.browser import host_pages
from tests.browser.conftest import SPEED, launch
from tests.browser.element import (
    address_of,
    element,
    embedded,
    events,
    fits,
    forgets_the_session,
    heights,
    opens_a_report,
    states,
    waits_for_state,
)
from tests.browser.host_pages import HostPages
from tests.browser.recruiter import CLOSE, RUN, Recruiter

SESSION_SECONDS = 3
ATTEMPTS = 7


@pytest.fixture(scope="module")
def site() -> Iterator[HostPages]:
    with host_pages.serving() as site:
        yield site


@pytest.fixture(scope="module")
def demo(site: HostPages) -> Iterator[Demo]:
    settings = {
        "WIDGET_ALLOWED_ORIGINS": site.origin,
        "WIDGET_SESSION_TTL": str(SESSION_SECONDS),
        "WIDGET_CANCEL_ON_LEAVE": "false",  # sessions are shorter here than any lease
    }
    with running(free_ports(), SPEED, settings) as demo:
        site.widget, site.host_token = demo.widget, demo.host_token
        yield demo


# Height


def test_the_height_follows_the_content_up_and_down(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_green")))
    recruiter.sees("idle")
    recruiter.waits_until(lambda: fits(page))
    small = heights(page)[0]
    recruiter.presses(RUN)
    waits_for_state(page, "open")
    assert events(page, "state")[-1]["frame"] > 2 * small  # no later than the state itself
    recruiter.waits_until(lambda: fits(page))
    recruiter.presses(CLOSE)
    waits_for_state(page, "closed")
    recruiter.waits_until(lambda: heights(page) == (small, small))


def test_what_changes_between_two_polls_is_followed_too(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_green")))
    recruiter.sees("idle")
    recruiter.waits_until(lambda: fits(page))
    small = heights(page)[0]
    frame = embedded(page)
    frame.evaluate("document.body.append(document.createElement('article'))")
    frame.evaluate("document.querySelector('article').style.blockSize = '900px'")
    recruiter.waits_until(lambda: heights(page) == (small + 900, small + 900))
    frame.evaluate("document.querySelector('article').remove()")
    recruiter.waits_until(lambda: heights(page) == (small, small))


def test_the_height_is_never_set_in_a_loop(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_long")))
    polls: list[str] = []
    page.on(
        "response", lambda response: polls.append(response.url) if "/run?" in response.url else None
    )
    recruiter.presses(RUN)
    recruiter.waits_until(lambda: len(polls) >= 8)
    recruiter.presses("Cancel")
    waits_for_state(page, "idle")
    recruiter.waits_until(lambda: fits(page))
    told = [event["detail"]["height"] for event in events(page, "resize")]
    assert all(before != after for before, after in pairwise(told)), told
    assert len(told) <= len(polls) + 3


def test_a_narrower_page_makes_the_frame_taller_and_a_wider_one_shorter(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    opens_a_report(page, host)
    wide = heights(page)[0]
    page.set_viewport_size({"width": 320, "height": 800})
    recruiter.waits_until(lambda: heights(page)[0] > wide and fits(page))
    page.set_viewport_size({"width": 1200, "height": 800})
    recruiter.waits_until(lambda: heights(page) == (wide, wide))


# Colours


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
@pytest.mark.parametrize(
    "style",
    ["", "color-scheme: light", "color-scheme: dark", "color-scheme: light dark"],
)
def test_the_page_shows_through_the_frame(
    page: Page, host: HostPages, recruiter: Recruiter, theme: str, style: str
) -> None:
    head = f"<style>html {{ background: #7a4; {style} }} body {{ margin: 0 }}</style>"
    page.set_viewport_size({"width": 640, "height": 300})
    host.appearance["theme"] = theme
    for system in ("light", "dark"):
        page.emulate_media(color_scheme=system)
        page.goto(host.has(element("test_red"), head))
        recruiter.sees_button(RUN)
        recruiter.waits_until(lambda: fits(page))
        beside_the_button = page.screenshot(clip={"x": 500, "y": 20, "width": 8, "height": 8})
        below_the_frame = page.screenshot(clip={"x": 500, "y": 200, "width": 8, "height": 8})
        assert beside_the_button == below_the_frame, system


def test_the_frame_turns_dark_and_light_with_its_page(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_red")))
    recruiter.sees("idle")
    recruiter.waits_until(lambda: fits(page))
    for scheme in ("dark", "light", "dark"):
        page.evaluate("scheme => document.documentElement.style.colorScheme = scheme", scheme)
        expect(recruiter.frame.locator("html")).to_have_css("color-scheme", scheme)
        expect(page.locator("iframe")).to_have_css("color-scheme", scheme)


def test_nothing_of_the_frame_is_seen_before_it_can_be_shown(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    held: list[Route] = []
    page.route("**/static/widget-*.css", lambda route: held.append(route))
    page.goto(host.has(element("test_red")))
    recruiter.waits_until(lambda: bool(held))
    frame = page.locator("iframe")
    assert frame.evaluate("frame => frame.clientHeight") == 0
    expect(page.locator("candidate-intelligence [part=loading]")).to_be_visible()
    held[0].continue_()
    recruiter.sees("idle")
    recruiter.waits_until(lambda: fits(page))
    expect(page.locator("candidate-intelligence [part=loading]")).to_be_hidden()


# Expiry


def lets_the_session_lapse(page: Page) -> None:
    """As a laptop does that sleeps: for longer than the session lives, nothing is asked."""
    page.context.set_offline(True)
    waits_until_lapsed(page, address_of(embedded(page)))
    page.context.set_offline(False)


def waits_until_lapsed(page: Page, embed_url: str) -> None:
    """To say that a page has been left renews no session, so it can be asked whether it lives."""

    def has_lapsed() -> bool:
        return local.post(f"{embed_url}/leave").status_code == 410

    Recruiter(page, page.url).waits_until(has_lapsed)


over = pytest.mark.parametrize(
    "is_over", [lets_the_session_lapse, forgets_the_session], ids=["lapsed", "no longer known"]
)
IsOver = Callable[[Page], None]


@over
def test_a_report_that_is_open_stays_open_when_its_session_is_over(
    page: Page, host: HostPages, recruiter: Recruiter, is_over: IsOver
) -> None:
    opens_a_report(page, host)
    is_over(page)
    recruiter.presses(CLOSE)
    recruiter.waits_until(lambda: states(page)[-2:] == ["expired", "open"])
    assert len(host.sessions) == 2
    expect(page.locator("iframe")).to_have_count(1)
    recruiter.presses(CLOSE)
    recruiter.sees("closed")


def test_what_is_on_the_screen_stays_there_until_the_new_session_has_come(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host)
    forgets_the_session(page)
    held: list[Route] = []
    page.route("**/session/*", lambda route: held.append(route))
    recruiter.presses(CLOSE)
    recruiter.waits_until(lambda: bool(held))
    recruiter.reads("This report supports your decision")
    recruiter.waits_until(lambda: fits(page))
    held[0].continue_()
    waits_for_state(page, "open")


@over
def test_a_run_goes_on_when_its_session_is_over(
    page: Page, host: HostPages, recruiter: Recruiter, is_over: IsOver
) -> None:
    page.goto(host.has(element("test_long")))
    recruiter.presses(RUN)
    waits_for_state(page, "running")
    is_over(page)
    recruiter.waits_until(lambda: states(page)[-2:] == ["expired", "running"], seconds=40)
    assert len(host.sessions) == 2
    recruiter.presses("Cancel")
    recruiter.sees("idle")


@pytest.mark.parametrize(
    ("is_over", "seconds"),
    [(lets_the_session_lapse, 8 * 60 * 60), (forgets_the_session, 31)],
    ids=["lapsed", "no longer known"],
)
def test_who_comes_back_gets_a_new_session_before_pressing_anything(
    page: Page, host: HostPages, recruiter: Recruiter, is_over: IsOver, seconds: int
) -> None:
    page.clock.install()
    page.goto(host.has(element("test_red")))
    waits_for_state(page, "idle")
    is_over(page)
    page.clock.fast_forward(seconds * 1000)
    recruiter.widget.hover()
    recruiter.waits_until(lambda: states(page)[-1:] == ["expired"])
    page.clock.run_for(2_000)
    recruiter.waits_until(lambda: states(page)[-2:] == ["expired", "idle"])


@pytest.mark.parametrize("status", [200, 404, 410, 502])
def test_a_proxy_that_speaks_for_the_widget_makes_no_session_expire(
    page: Page, host: HostPages, recruiter: Recruiter, status: int
) -> None:
    page.clock.install()
    page.goto(host.has(element("test_existing")))
    waits_for_state(page, "idle")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status, body="<h1>Bad Gateway</h1>", content_type="text/html")

    page.route("**/embed/*/run", answer)
    page.route("**/embed/*", answer)
    recruiter.presses(RUN)
    recruiter.reads("That didn’t go through.")
    page.clock.fast_forward(31_000)

    def moves_until_it_is_asked() -> bool:
        for step in range(10):
            page.mouse.move(20 + step, 20)
        return len(asked) == 2

    recruiter.waits_until(moves_until_it_is_asked)
    page.unroute_all()
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert states(page) == ["idle", "open"]
    assert len(host.sessions) == 1


@pytest.mark.parametrize("clock", ["2011-01-01", "2061-01-01"])
def test_a_wrong_clock_changes_nothing(
    page: Page, host: HostPages, recruiter: Recruiter, clock: str
) -> None:
    page.add_init_script(
        f"const away = Date.parse('{clock}') - Date.now(), now = Date.now;"
        "Date.now = () => now() + away"
    )
    page.goto(host.has(element("test_red")))
    waits_for_state(page, "idle")
    lets_the_session_lapse(page)
    recruiter.presses(RUN)
    recruiter.waits_until(lambda: states(page) == ["idle", "expired", "idle"])


def test_a_session_that_has_lapsed_before_it_is_framed_is_replaced(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    _, lapsed = host.open_session("test_red")
    waits_until_lapsed(page, lapsed["embed_url"])
    page.route("**/session/*", lambda route: route.fulfill(json=lapsed), times=1)
    page.goto(host.has(element("test_red")))
    recruiter.sees("idle")


def test_a_session_that_always_expires_at_once_is_not_asked_for_without_end(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.clock.install()
    _, lapsed = host.open_session("test_red")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json=lapsed)

    page.route("**/session/*", answer)
    page.route("**/embed/*", lambda route: route.fulfill(status=410, body="gone"))
    page.goto(host.has(element("test_red")))

    def asked_later() -> int:
        page.clock.run_for(10_000)
        return len(asked)

    recruiter.waits_until(lambda: asked_later() > 2)
    for _ in range(40):
        asked_later()
    assert len(asked) <= 8


# Where there is no session


def test_a_session_that_cannot_be_had_is_said_and_tried_again_by_itself(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    host.trouble = HTTPStatus.BAD_GATEWAY
    page.goto(host.has(element("test_red")))
    notice = page.get_by_text("Candidate Intelligence cannot be reached right now.")
    expect(notice).to_be_visible()
    recruiter.waits_until(lambda: len(events(page, "error")) >= 2)
    host.trouble = None
    recruiter.sees("idle")
    expect(notice).to_be_hidden()


def test_after_some_attempts_it_waits_for_try_again(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.clock.install()
    host.trouble = HTTPStatus.BAD_GATEWAY
    page.goto(host.has(element("test_red")))
    retry = page.get_by_role("button", name="Try again")
    expect(retry).to_be_visible()

    def attempts_after(seconds: int) -> int:
        page.clock.run_for(seconds * 1000)
        return len(events(page, "error"))

    recruiter.waits_until(lambda: attempts_after(30) == ATTEMPTS)
    assert attempts_after(3_600) == ATTEMPTS
    host.trouble = None
    retry.click()
    recruiter.sees("idle")


def test_a_report_can_still_be_read_where_no_new_session_can_be_had(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host)
    forgets_the_session(page)
    host.trouble = HTTPStatus.UNAUTHORIZED
    recruiter.presses(CLOSE)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert events(page, "error")
    recruiter.reads("This report supports your decision")
    host.trouble = None
    page.get_by_role("button", name="Try again").click()
    waits_for_state(page, "open")


# The page around it


def test_a_page_that_is_swapped_leaves_nothing_behind(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    """Counted is what the loader has asked the browser for and has not given back."""
    page.add_init_script(COUNT_WHAT_IS_HELD)
    page.goto(host.has("<main></main>"))
    for candidate in ("test_red", "test_green", "test_orange"):
        page.evaluate("html => document.querySelector('main').innerHTML = html", element(candidate))
        recruiter.sees("idle")
        assert len(page.frames) == 2
    page.evaluate("window.gone = document.querySelector('candidate-intelligence')")
    page.evaluate("document.querySelector('main').innerHTML = ''")
    recruiter.waits_until(lambda: len(page.frames) == 1)
    assert page.evaluate("gone.shadowRoot.childElementCount") == 0
    assert page.evaluate("held") == {"timers": 0, "listeners": 0, "observers": 0}
    assert page.evaluate("heldAtMost.listeners") > 0


def test_neither_does_one_that_still_waits(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    """The first waits to try again, the second to come near."""
    page.add_init_script(COUNT_WHAT_IS_HELD)
    host.trouble = HTTPStatus.BAD_GATEWAY
    far = '<div style="height: 5000px"></div>' + element("test_green")
    page.goto(host.has(f"<main>{element('test_red')}{far}</main>"))
    recruiter.waits_until(lambda: page.evaluate("held.timers") == 1)
    assert page.evaluate("held.observers") == 1
    page.evaluate("document.querySelector('main').innerHTML = ''")
    assert page.evaluate("held") == {"timers": 0, "listeners": 0, "observers": 0}


COUNT_WHAT_IS_HELD = """
  window.held = { timers: 0, listeners: 0, observers: 0 }
  window.heldAtMost = { ...held }
  const hold = (kind, by) => {
    held[kind] += by
    heldAtMost[kind] = Math.max(heldAtMost[kind], held[kind])
  }
  const timers = new Set()
  const { setTimeout: set, clearTimeout: clear } = window
  window.setTimeout = (task, ...rest) => {
    const timer = set(() => { drop(timer); task() }, ...rest)
    timers.add(timer)
    hold("timers", 1)
    return timer
  }
  const drop = (timer) => timers.delete(timer) && hold("timers", -1)
  window.clearTimeout = (timer) => { drop(timer); clear(timer) }
  for (const target of [window, document]) {
    const add = target.addEventListener
    target.addEventListener = function (type, listener, options) {
      if (options?.signal) {
        hold("listeners", 1)
        options.signal.addEventListener("abort", () => hold("listeners", -1))
      }
      return add.call(target, type, listener, options)
    }
  }
  const { observe, disconnect } = IntersectionObserver.prototype
  IntersectionObserver.prototype.observe = function (target) {
    hold("observers", 1)
    observe.call(this, target)
  }
  IntersectionObserver.prototype.disconnect = function () {
    if (!this.gone) hold("observers", -1)
    this.gone = true
    disconnect.apply(this)
  }
"""


def test_another_session_url_is_another_candidate(page: Page, host: HostPages) -> None:
    opens_a_report(page, host)
    page.locator("candidate-intelligence").evaluate(
        "element => element.setAttribute('session-url', '/session/test_red')"
    )
    waits_for_state(page, "idle")
    assert host.sessions == ["test_existing", "test_red"]
    expect(page.locator("iframe")).to_have_count(1)


def test_without_a_session_url_nothing_is_asked_until_there_is_one(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has("<candidate-intelligence></candidate-intelligence>"))
    page.wait_for_function("!!customElements.get('candidate-intelligence')")
    page.locator("candidate-intelligence").evaluate(
        "element => element.setAttribute('session-url', '/session/test_red')"
    )
    recruiter.sees("idle")
    page.locator("candidate-intelligence").evaluate(
        "element => element.setAttribute('session-url', '/session/test_red')"
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.locator("iframe")).to_have_count(1)
    assert host.sessions == ["test_red"]


def test_the_ats_may_ask_for_the_session_in_its_own_way(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    script = """<script>
      const element = document.querySelector("candidate-intelligence")
      element.request = async () => new Request("/session/test_green", {
        method: "POST", headers: { "X-CSRF-Token": "from-the-page" },
      })
    </script>"""
    with page.expect_request("**/session/test_green") as asked:
        page.goto(host.has(element("test_red") + script))
    assert asked.value.headers["x-csrf-token"] == "from-the-page"
    recruiter.sees("idle")


def test_a_request_under_way_ends_with_the_element(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    held: list[Route] = []
    ended: list[Request] = []
    page.route("**/session/*", lambda route: held.append(route))
    page.on("requestfailed", lambda request: ended.append(request))
    page.goto(host.has(element("test_red")))
    recruiter.waits_until(lambda: bool(held))
    page.evaluate("document.querySelector('candidate-intelligence').remove()")
    recruiter.waits_until(lambda: bool(ended))
    assert len(page.frames) == 1
    assert events(page, "error") == []


def test_several_on_one_page_do_not_hear_each_other(page: Page, host: HostPages) -> None:
    page.goto(host.has(element("test_existing", id="first") + element("test_red", id="second")))
    page.wait_for_function("events.filter(event => event.name === 'state').length === 2")
    first = page.frame_locator("#first iframe")
    first.get_by_role("button", name=RUN).click()
    page.wait_for_function("events.some(event => event.detail.state === 'open')")
    heard = [(event["target"], event["detail"]["state"]) for event in events(page, "state")]
    assert [state for target, state in heard if target == "second"] == ["idle"]
    assert heard[-1] == ("first", "open")
    tall, small = (page.locator(f"{name} iframe").bounding_box() for name in ("#first", "#second"))
    assert tall is not None
    assert small is not None
    assert tall["height"] > 5 * small["height"]


def test_it_works_in_a_frame_of_a_frame(page: Page, host: HostPages) -> None:
    inner = host.has(element("test_existing"), path="/inner")
    page.goto(host.has(f'<iframe src="{inner}" width="600" height="900"></iframe>', path="/outer"))
    ats = page.frame_locator("iframe").first
    button = ats.frame_locator("iframe").get_by_role("button", name=RUN)
    button.click()
    expect(
        ats.frame_locator("iframe").get_by_text("This report supports your decision")
    ).to_be_visible()
    height = ats.locator("candidate-intelligence iframe").evaluate("frame => frame.clientHeight")
    assert height > 300


def test_it_starts_only_when_it_comes_near(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.set_viewport_size({"width": 800, "height": 600})
    page.goto(host.has('<div style="height: 5000px"></div>' + element("test_red")))
    page.wait_for_function("!!customElements.get('candidate-intelligence')")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert host.sessions == []
    page.mouse.wheel(0, 4300)
    recruiter.sees("idle")
    assert host.sessions == ["test_red"]


def test_the_page_keeps_its_scroll_position_and_its_styles(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.set_viewport_size({"width": 800, "height": 600})
    before = '<div style="height: 300px"></div>'
    page.goto(host.has(before + element("test_existing") + '<div style="height: 3000px"></div>'))
    recruiter.sees("idle")
    page.mouse.wheel(0, 150)
    page.wait_for_function("scrollY === 150")
    markup = page.evaluate("document.documentElement.outerHTML")
    recruiter.presses(RUN)
    waits_for_state(page, "open")
    forgets_the_session(page)
    recruiter.frame.get_by_role("button", name=CLOSE).press("Enter")
    recruiter.waits_until(lambda: states(page)[-2:] == ["expired", "open"])
    assert page.evaluate("scrollY") == 150
    assert page.evaluate("document.documentElement.outerHTML") == markup
    assert page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length") == 0
    focused = page.evaluate("document.activeElement.shadowRoot?.activeElement?.tagName")
    assert focused == "IFRAME"


def test_the_back_button_leads_out_of_the_page(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    start = host.has("", path="/start")
    page.goto(start)
    page.goto(host.has(element("test_red"), path="/profile"))
    waits_for_state(page, "idle")
    forgets_the_session(page)
    recruiter.presses(RUN)
    recruiter.waits_until(lambda: states(page)[-2:] == ["expired", "idle"])
    page.go_back()
    assert page.url == start


def test_the_strictest_policy_of_a_page_is_enough(
    page: Page, host: HostPages, recruiter: Recruiter, demo: Demo
) -> None:
    host.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {demo.widget}/embed.js; frame-src {demo.widget};"
        " connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page.goto(host.has(element("test_existing")))
    recruiter.presses(RUN)
    recruiter.sees("open")


@pytest.mark.threat(name="CSRF")
def test_no_third_party_cookie_is_needed_and_none_is_set(
    playwright: Playwright, host: HostPages, demo: Demo
) -> None:
    """In Chromium, as only that has a switch for it."""
    strict = launch(playwright, "chromium", "--test-third-party-cookie-phaseout")
    context = strict.new_context()
    page = context.new_page()
    recruiter = Recruiter(page, demo.ats)
    page.goto(host.has(element("test_existing")))
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert context.cookies() == []
    strict.close()


@pytest.mark.threat(name="report read by the page")
def test_the_frame_has_a_name_and_no_right_that_it_does_not_need(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_red")))
    recruiter.sees("idle")
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("title", "Candidate Intelligence")
    expect(frame).to_have_attribute("allow", "clipboard-write")
    sandbox = (frame.get_attribute("sandbox") or "").split()
    assert not [right for right in sandbox if right.startswith("allow-top-navigation")]


# Who may know what


def test_activity_in_the_frame_reaches_the_page_now_and_then(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.clock.install()
    page.goto(host.has(element("test_red")))
    waits_for_state(page, "idle")
    for _ in range(2):
        before = len(events(page, "activity"))
        for step in range(30):
            page.mouse.move(20 + step, 20 + step % 20)
        recruiter.waits_until(lambda before=before: len(events(page, "activity")) > before)  # type: ignore[misc]
        assert len(events(page, "activity")) == before + 1
        page.clock.fast_forward(31_000)


GREETING = """<script>
  window.answers = []
  const greet = (frame) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => answers.push(data)
    frame.postMessage("candidate-intelligence", "*", [port2])
    port1.postMessage("light")
  }
</script>"""


def greets(page: Page, script: str) -> None:
    """As the loader does; then a round trip to the frame, after which an answer would be there."""
    page.evaluate(script)
    page.frames[1].evaluate("new Promise((done) => setTimeout(done, 100))")
    page.evaluate("new Promise((done) => setTimeout(done, 100))")


@pytest.fixture
def framed(page: Page, host: HostPages) -> Page:
    """A page that frames the widget by itself."""
    _, session = host.open_session("test_red")
    page.goto(host.has(GREETING + f'<iframe src="{session["embed_url"]}"></iframe>'))
    page.frames[1].wait_for_load_state("load")
    return page


def test_the_frame_answers_its_parent(framed: Page) -> None:
    greets(framed, "greet(frames[0])")
    events = [answer["type"] for answer in framed.evaluate("answers") if answer.get("type")]
    assert events == ["state", "resize"]


@pytest.mark.threat(name="report read by the page")
def test_the_frame_answers_no_other_window_of_the_page(framed: Page) -> None:
    framed.evaluate("document.body.append(document.createElement('iframe'))")
    framed.evaluate(
        "const script = frames[1].document.createElement('script');"
        "script.textContent = 'window.greet = (' + greet + ')';"
        "frames[1].answers = answers; frames[1].document.head.append(script)"
    )
    greets(framed, "frames[1].greet(frames[0])")
    assert framed.evaluate("answers") == []
