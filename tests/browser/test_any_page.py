"""`<candidate-intelligence>` in the pages that ATSs have: each kind on which other embeds fail."""

import io
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route, expect
from pypdf import PdfReader

from tests.browser.element import (
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
from tests.browser.recruiter import CLOSE, RUN, VIEW, Recruiter

ELEMENT = "document.querySelector('candidate-intelligence')"
RESET = "transition: none !important; animation: none !important; outline: 0 !important"
DARK_INK = "rgb(23, 33, 43)"
LIGHT_INK = "rgb(231, 236, 242)"


@pytest.fixture
def warnings(page: Page) -> list[str]:
    warnings: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "warning":
            warnings.append(message.text)

    page.on("console", note)
    return warnings


def errors(page: Page) -> list[dict[str, Any]]:
    """What ci-error said: its reason, and the message of its error."""
    return [event["detail"] for event in events(page, "error")]


# Colours


def test_the_report_can_be_read_under_any_style_sheet(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has(element("test_red"), "<style></style>"))
    recruiter.sees("idle")
    ink = recruiter.frame.locator("body")
    for css, expected in (
        ("* { margin: 0; outline: none }", DARK_INK),
        (":root { color-scheme: dark } * { outline-color: rgb(120 120 120 / .5) }", LIGHT_INK),
        (f"*, ::before, ::after {{ {RESET}; outline-color: #000 !important }}", DARK_INK),
        (f":root {{ color-scheme: dark }} *, ::before {{ {RESET} }}", LIGHT_INK),
        ("* { all: unset }", DARK_INK),
        (":root { color-scheme: dark } * { all: unset }", LIGHT_INK),
        ("body { background: #fff; color: #9ca3af }", DARK_INK),
        # Dark, and says so by its colours alone
        ("body { background: #111; color: oklch(.97 0 0) }", LIGHT_INK),
        ("body { color: #333 }", DARK_INK),
        ("aside, candidate-intelligence { background: #121212; color: #ffffffde }", LIGHT_INK),
        ("candidate-intelligence { color-scheme: only light; background: #fff }", DARK_INK),
    ):
        page.locator("style").evaluate("(style, css) => style.textContent = css", css)
        expect(ink, css).to_have_css("color", expected)


def test_a_theme_that_changes_while_the_panel_is_hidden_is_followed_when_it_is_shown(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    style = f"<style>*, ::before {{ {RESET} }}</style>"
    page.goto(host.has(f"<main>{element('test_red')}</main>", style))
    recruiter.sees("idle")
    panel = page.locator("main")
    themes = "light", "dark"
    for number, hidden in enumerate(
        ("display: none", "content-visibility: hidden", "visibility: hidden")
    ):
        theme = themes[(number + 1) % 2]
        panel.evaluate("(panel, hidden) => panel.style.cssText = hidden", hidden)
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        page.evaluate("(theme) => document.documentElement.style.colorScheme = theme", theme)
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
        panel.evaluate("(panel) => panel.style.cssText = ''")
        expect(recruiter.frame.locator("html"), hidden).to_have_css("color-scheme", theme)


# What the ATS gives


def test_headers_can_be_added_as_an_attribute(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    headers = "{&quot;X-CSRF-Token&quot;: &quot;from-the-page&quot;}"
    with page.expect_request("**/session/test_red") as asked:
        page.goto(host.has(element("test_red", **{"session-headers": headers})))
    assert asked.value.headers["x-csrf-token"] == "from-the-page"
    recruiter.sees("idle")


OVERRIDE = "() => new Request('/session/test_red', { method: 'POST' })"
DEFINED = "customElements.whenDefined('candidate-intelligence')"


@pytest.mark.parametrize(
    "script",
    [
        f"{ELEMENT}.request = {OVERRIDE}",
        f"{DEFINED}.then(() => {ELEMENT}.request = {OVERRIDE})",
        f"{DEFINED}.then((Element) => Element.prototype.request = {OVERRIDE})",
        # Later than the first answer, as an effect of a framework may be
        f"document.addEventListener('ci-error', () => {ELEMENT}.request = {OVERRIDE})",
        # As Svelte does, where there is a setter
        f"{DEFINED}.then((Element) => Object.getOwnPropertyDescriptor(Element.prototype,"
        f" 'request').set.call({ELEMENT}, {OVERRIDE}))",
    ],
)
def test_how_a_session_is_asked_for_can_be_said_at_any_time(
    page: Page, host: HostPages, recruiter: Recruiter, script: str
) -> None:
    host.odd["test_green"] = (403, "text/html", "CSRF")
    page.goto(host.has(f"{element('test_green')}<script>{script}</script>"))
    recruiter.sees("idle")
    assert host.sessions == ["test_red"]


def test_new_headers_are_tried_after_a_refusal_and_disturb_nobody_who_reads(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    host.odd["test_red"] = (419, "text/html", "Page Expired")
    page.goto(host.has(element("test_red")))
    recruiter.waits_until(lambda: len(errors(page)) == 1)
    del host.odd["test_red"]
    for token in ("first", "second"):
        page.locator("candidate-intelligence").evaluate(
            '(element, token) => element.setAttribute(\'session-headers\', `{"X": "${token}"}`)',
            token,
        )
        waits_for_state(page, "idle")
    assert host.sessions == ["test_red"]


def test_what_cannot_be_used_is_said_once_and_shown(
    page: Page, host: HostPages, warnings: list[str]
) -> None:
    page.goto(host.has("<main></main>"))
    for attributes in (
        {},
        {"session-url": ""},
        {"session-url": "https://other.example/session"},
        {"session-url": "http://["},
        *({"session-url": "/session/x", "session-headers": text} for text in ("", "[]", "no", "7")),
        {"session-url": "/session/x", "session-headers": '{"no name": "x"}'},
    ):
        said = len(errors(page))
        page.evaluate(
            """(attributes) => {
              const element = document.createElement("candidate-intelligence")
              for (const each in attributes) element.setAttribute(each, attributes[each])
              document.querySelector("main").replaceChildren(element)
            }""",
            attributes,
        )
        expect(page.get_by_text("cannot be opened here")).to_be_visible()
        assert [error["reason"] for error in errors(page)[said:]] == ["refused"], attributes
    assert all("session-url must be" in warning for warning in warnings)
    assert len(warnings) == len(errors(page))
    assert host.sessions == []


JSON = "application/json"
HTML = "text/html"


def test_refusals_are_told_apart(page: Page, host: HostPages, recruiter: Recruiter) -> None:
    page.goto(host.has("<main></main>"))
    for answer, reason, words in (
        (
            (302, HTML, ""),
            "unauthenticated",
            "Log in again to see Candidate Intelligence. Try again",
        ),
        (
            (307, HTML, ""),
            "unauthenticated",
            "Log in again to see Candidate Intelligence. Try again",
        ),
        ((401, JSON, "{}"), "unauthenticated", "Log in again"),
        ((200, HTML, "<h1>Log in</h1>"), "unauthenticated", "Log in again"),
        ((200, JSON, ""), "unauthenticated", "Log in again"),
        ((403, HTML, ""), "forbidden", ""),
        ((404, JSON, "{}"), "forbidden", ""),
        ((419, HTML, ""), "refused", "Candidate Intelligence cannot be opened here."),
        ((422, JSON, "{}"), "refused", "Candidate Intelligence cannot be opened here."),
        ((200, JSON, "null"), "refused", "Candidate Intelligence cannot be opened here."),
        ((200, JSON, '{"embed_url": null}'), "refused", "cannot be opened here."),
        ((200, JSON, '{"embed_url": "/embed/x"}'), "refused", "cannot be opened here."),
        ((200, JSON, '{"embed_url": "javascript:top.hacked = 1"}'), "refused", "cannot be opened"),
        ((500, JSON, "{}"), "unreachable", "cannot be reached right now. Try again"),
        ((503, HTML, ""), "unreachable", "cannot be reached right now. Try again"),
    ):
        host.odd["test_red"] = answer
        said = len(errors(page))
        page.locator("main").evaluate("(main, html) => main.innerHTML = html", element("test_red"))
        recruiter.waits_until(lambda said=said: len(errors(page)) > said)  # type: ignore[misc]
        assert errors(page)[-1]["reason"] == reason, answer
        assert words in page.locator("[part=notice]").inner_text(), answer
        height = page.locator("candidate-intelligence").evaluate("(own) => own.clientHeight")
        assert bool(words) == bool(height), answer
    assert not page.evaluate("'hacked' in window")
    assert host.sessions == []


def test_only_what_may_pass_is_tried_again(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    for each, status in ("forbidden", 403), ("refused", 422), ("unauthenticated", 401):
        host.odd[each] = (status, JSON, "{}")
    page.clock.install()
    page.goto(host.has("".join(map(element, host.odd))))
    recruiter.waits_until(lambda: len(errors(page)) == 3)
    page.clock.run_for(60_000)
    host.odd.clear()
    page.evaluate("dispatchEvent(new Event('online'))")
    waits_for_state(page, "idle")  # logged in again, in another tab
    assert len(errors(page)) == 3
    assert host.sessions == ["unauthenticated"]


def test_each_sentence_and_the_button_can_be_the_atss_own(page: Page, host: HostPages) -> None:
    own = {502: "unavailable", 401: "unauthenticated", 400: "refused", 403: "forbidden"}
    slots = "".join(f'<p slot="{slot}">({slot})</p>' for slot in own.values())
    slots += '<span slot="retry">Réessayer</span>'
    page.goto(host.has("<main></main>"))
    for status, slot in own.items():
        host.odd["test_red"] = (status, JSON, "{}")
        html = element("test_red").replace("</", f"{slots}</")
        page.locator("main").evaluate("(main, html) => main.innerHTML = html", html)
        expect(page.get_by_text(f"({slot})")).to_be_visible()
        assert page.get_by_text("(").filter(visible=True).count() == 1
        retry = page.get_by_role("button", name="Réessayer").filter(visible=True)
        assert retry.count() == (slot in ("unavailable", "unauthenticated")), slot
        expect(page.get_by_text("cannot be")).to_be_hidden()


def test_who_is_no_longer_allowed_sees_nothing_more(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host, "EL")
    host.odd["test_existing"] = (403, JSON, "{}")
    forgets_the_session(page)
    recruiter.presses(CLOSE)
    recruiter.waits_until(lambda: bool(errors(page)))
    assert errors(page)[-1]["reason"] == "forbidden"
    expect(page.locator("iframe")).to_have_count(0)
    assert page.locator("candidate-intelligence").evaluate("(element) => element.clientHeight") == 0


def test_a_page_that_is_being_left_tells_no_error(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    held: list[Route] = []
    page.route("**/session/*", lambda route: held.append(route))
    note = "<script>document.addEventListener('ci-error', () => sessionStorage.error = 1)</script>"
    page.goto(host.has(element("test_red") + note))
    recruiter.waits_until(lambda: bool(held))
    page.goto(host.has("", path="/next"))
    assert page.evaluate("sessionStorage.error") is None


def test_whatever_never_comes_is_given_up_with_its_cause(
    context: BrowserContext, host: HostPages
) -> None:
    """A promise, an answer, and a frame that may not be here, of which Chromium complains."""
    page = context.new_page()
    held: list[Route] = []
    page.route("**/session/held", lambda route: held.append(route))
    script = "<script>promise.request = () => new Promise(() => {})</script>"
    elements = element("x", id="promise"), element("held", id="answer"), element("x", id="frame")
    address = host.has("".join(elements) + script).replace("localhost", "ats.localhost")
    _, session = host.open_session("test_red")
    host.odd["x"] = (200, JSON, f'{{"embed_url": "{session["embed_url"]}"}}')
    page.clock.install()
    page.goto(address)

    def given_up_after_a_second() -> int:
        page.clock.run_for(1000)
        return len({event["target"] for event in events(page, "error")})

    Recruiter(page, address).waits_until(lambda: given_up_after_a_second() == 3)
    assert {error["reason"] for error in errors(page)} == {"unreachable"}
    assert page.get_by_role("button", name="Try again").filter(visible=True).count() == 3
    expect(page.locator("iframe")).to_have_count(0)
    said = {event["target"]: event["detail"]["message"] for event in events(page, "error")}
    assert "session-url" in said["promise"]
    assert "session-url" in said["answer"]
    origin = host.origin.replace("localhost", "ats.localhost")
    assert f"{origin} in WIDGET_ALLOWED_ORIGINS of {host.widget}" in said["frame"]


# Where it is


def waits_until_it_is_drawn(page: Page) -> None:
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")


def waits_for_a_later_height(page: Page) -> None:
    """Has the report grow. Once its new height has come, so has all that it told before."""
    told = len(events(page, "resize"))
    embedded(page).evaluate("told => document.body.style.paddingBlockEnd = `${told + 1}em`", told)
    page.wait_for_function(
        "told => events.filter(({ name }) => name === 'resize').length > told", arg=told
    )


def test_the_readers_place_is_kept_while_the_panel_is_hidden(page: Page, host: HostPages) -> None:
    opens_a_report(page, host, '<main style="height: 500px; overflow: auto">EL</main>')
    panel = page.locator("main")
    panel.evaluate("(panel) => panel.scrollTop = 700")
    for hidden in ("display: none", "content-visibility: hidden"):
        panel.evaluate("(panel, hidden) => panel.style.cssText += hidden", hidden)
        waits_until_it_is_drawn(page)
        panel.evaluate("(panel) => panel.style.cssText = 'height: 500px; overflow: auto'")
        waits_for_a_later_height(page)
        assert panel.evaluate("(panel) => panel.scrollTop") == 700, hidden
    panel.evaluate("(panel) => panel.style.inlineSize = '0'")
    waits_until_it_is_drawn(page)
    panel.evaluate("(panel) => panel.style.inlineSize = ''")
    waits_for_a_later_height(page)
    told = [event["detail"]["height"] for event in events(page, "resize")]
    assert all(0 < height <= heights(page)[0] for height in told), told


@pytest.mark.parametrize(
    "move",
    [
        "b.append(element)",
        "element.remove(); setTimeout(() => a.append(element), 300)",
        "a.before(b); b.append(a)",
    ],
)
def test_an_open_report_that_is_moved_is_open_again_where_the_reader_was(
    page: Page, host: HostPages, move: str
) -> None:
    page.set_viewport_size({"width": 800, "height": 500})
    opens_a_report(page, host, "<div id=a>EL</div><div id=b></div>")
    page.evaluate("scrollTo(0, 600)")
    page.evaluate(f"events.length = 0; const element = {ELEMENT}; {move}")
    waits_for_state(page, "open")
    assert states(page) == ["open"]
    assert page.evaluate("scrollY") == 600 or "remove" in move


def test_a_report_that_is_moved_in_one_step_does_not_notice(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host, "<div id=a>EL</div><div id=b></div>")
    page.evaluate(f"events.length = 0; b.moveBefore({ELEMENT}, null)")
    page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    expect(recruiter.frame.locator("html")).to_have_css("color-scheme", "dark")
    assert states(page) == []
    assert len(host.sessions) == 1
    assert fits(page)


def test_nobody_elses_report_opens_because_one_was_open(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host, "<div id=a>EL</div><div id=b></div>")
    for candidate, move in (
        (
            "test_green",
            "element.remove(); element.setAttribute('session-url', url); b.append(element)",
        ),
        ("test_existing", "element.setAttribute('session-url', url)"),
    ):
        page.evaluate(
            f"(url) => {{ events.length = 0; const element = {ELEMENT}; {move} }}",
            f"/session/{candidate}",
        )
        recruiter.waits_until(lambda: len(states(page)) == 1)
        assert states(page)[0] in ("idle", "closed")
    assert host.sessions == ["test_existing", "test_green", "test_existing"]


WIDE, NARROW = 1200, 320


def test_it_is_as_wide_as_there_is_room_and_never_wider_than_the_window(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    page.goto(host.has("<main></main>"))
    for html, least, most in (
        ("<dialog open>EL</dialog>", WIDE - 60, WIDE),
        ("<div popover>EL</div>", WIDE - 60, WIDE),
        ("<table><tr><td>cv<td>EL</table>", WIDE - 60, WIDE),
        ("<table><tr><td>" + "a long text " * 99 + "<td>EL</table>", 200, WIDE),
        ("<div style='display: flex'><aside>cv</aside>EL</div>", WIDE - 60, WIDE),
        ("<div style='display: flex'><aside>cv</aside><div>EL</div></div>", WIDE - 60, WIDE),
        (f"<div style='display: flex'><p>{'cv ' * 999}</p>EL</div>", 190, WIDE),
        ("<div style='display: grid; grid: auto / auto 1fr'><p>cv</p>EL</div>", WIDE - 60, WIDE),
        ("<div style='display: grid; justify-items: center'>EL</div>", WIDE - 60, WIDE),
        ("<div style='display: inline-block'>EL</div>", WIDE - 60, WIDE),
        ("<div style='float: right'>EL</div>", WIDE - 60, WIDE),
        ("<div style='position: absolute'>EL</div>", WIDE - 60, WIDE),
        ("<fieldset>EL</fieldset>", WIDE - 60, WIDE),
        ("<div style='width: 3000px'>EL</div>", WIDE - 60, WIDE),
        ("<div style='width: 150px'>EL</div>", 150, 150),
        ("<div style='display: flex'><p style='flex: 1'>cv</p>EL</div>", WIDE / 2 - 60, WIDE),
        *(
            (f"<style>candidate-intelligence {{ display: {value} }}</style>EL", WIDE - 60, WIDE)
            for value in ("contents", "inline", "inline-block", "flex", "grid", "table")
        ),
    ):
        page.set_viewport_size({"width": WIDE, "height": 600})
        page.locator("main").evaluate(
            """(main, html) => {
              main.innerHTML = html
              main.querySelector("dialog")?.close()
              main.querySelector("dialog")?.showModal()
              main.querySelector("[popover]")?.showPopover()
            }""",
            html.replace("EL", element("test_red")),
        )
        recruiter.sees("idle")
        width = page.locator("iframe").evaluate("(frame) => frame.getBoundingClientRect().width")
        assert least <= width <= most, (html, width)
        page.set_viewport_size({"width": NARROW, "height": 600})
        width = page.locator("iframe").evaluate("(frame) => frame.getBoundingClientRect().width")
        assert width <= NARROW, (html, width)


def test_another_document_is_told_once_that_it_needs_an_element_of_its_own(
    page: Page, host: HostPages, recruiter: Recruiter, warnings: list[str]
) -> None:
    page.clock.install()
    host.has("<p>another</p>", path="/another")
    page.goto(host.has(f"{element('test_red')}<iframe id=other src='/another'></iframe>"))
    recruiter.sees("idle")
    page.evaluate(
        f"window.element = {ELEMENT}; const {{ body }} = other.contentDocument;"
        "body.addEventListener('ci-error', ({ detail }) => window.said = detail.reason);"
        "body.append(element)"
    )
    page.wait_for_function("window.said === 'refused'")
    page.clock.run_for(60_000)
    assert [text for text in warnings if "another window" in text] == warnings
    assert len(warnings) == 1
    page.evaluate("document.body.append(element)")
    recruiter.sees("idle")
    assert len(host.sessions) == 2


@pytest.mark.parametrize("policy", ["require-corp", "credentialless"])
def test_pages_that_are_isolated_may_show_it_with_and_without_the_loader(
    page: Page, host: HostPages, recruiter: Recruiter, policy: str
) -> None:
    host.headers["Cross-Origin-Embedder-Policy"] = policy
    host.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    opens_a_report(page, host, "EL")
    assert page.evaluate("crossOriginIsolated")
    address = embedded(page).url
    page.goto(host.has(f'<iframe src="{address}" title="Candidate Intelligence"></iframe>'))
    expect(recruiter.sees_button(VIEW)).to_have_css("display", "inline-flex")


def test_a_sandbox_around_the_ats_that_forbids_forms_is_named_and_does_no_harm(
    context: BrowserContext, host: HostPages
) -> None:
    """On a page of its own, as Chromium notes what it has blocked as an error."""
    page = context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    inner = host.has(element("test_existing"), path="/inner")
    sandbox = 'sandbox="allow-scripts allow-same-origin"'
    page.goto(host.has(f'<iframe {sandbox} src="{inner}" width=900 height=600></iframe>'))
    frame = page.frame_locator("iframe").frame_locator("iframe")
    frame.get_by_role("button", name=RUN).click()
    expect(frame.get_by_role("button", name=CLOSE)).to_be_visible()
    frame.get_by_role("button", name=CLOSE).press("Enter")
    expect(frame.locator("#candidate-intelligence")).to_have_attribute("data-state", "closed")
    assert [text for text in console if "a sandbox that lacks allow-forms" in text]


# Paper


@pytest.mark.parametrize(
    "around",
    [
        "<h1>Profile</h1>EL",
        "<main style='width: 45%; float: left'>EL</main>",
        "<style>:root { color-scheme: dark }</style><table><tr><td>cv<td>EL</table>",
    ],
)
def test_the_page_around_it_is_printed_with_the_whole_report(
    page: Page, host: HostPages, around: str
) -> None:
    page.set_viewport_size({"width": 1200, "height": 700})
    opens_a_report(page, host, around)
    page.wait_for_function(f"{ELEMENT}.shadowRoot.querySelector('iframe').style.aspectRatio")
    paper = PdfReader(io.BytesIO(page.pdf(format="A4")))
    page.emulate_media(media="print")
    texts = embedded(page).evaluate(VISIBLE_TEXTS)
    printed = letters("".join(each.extract_text() for each in paper.pages))
    assert len(texts) > 40
    assert [text for text in texts if letters(text) not in printed] == []
    sheet = "getComputedStyle(document.documentElement).backgroundColor"
    assert embedded(page).evaluate(sheet) == "rgb(255, 255, 255)"


VISIBLE_TEXTS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const texts = []
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode
    const isSeen = parentElement.checkVisibility() && !parentElement.closest(".visually-hidden")
    if (isSeen && data.trim()) texts.push(data)
  }
  return texts
}"""


def letters(text: str) -> str:
    """Without what a PDF writes in other ways: spaces, hyphens, ligatures."""
    for ligature, plain in ("ﬁ", "fi"), ("ﬂ", "fl"), ("ﬀ", "ff"), ("ﬃ", "ffi"):
        text = text.replace(ligature, plain)
    return re.sub(r"\W+", "", text)


def test_its_own_print_button_prints_it_by_itself(
    page: Page, host: HostPages, recruiter: Recruiter
) -> None:
    opens_a_report(page, host, "EL")
    page.wait_for_function(f"{ELEMENT}.shadowRoot.querySelector('iframe').style.aspectRatio")
    report = embedded(page)
    report.evaluate("window.print = () => window.printed = { ...document.documentElement.dataset }")
    recruiter.presses("Print")
    assert report.evaluate("printed.printed") == "alone"
    report.evaluate("dispatchEvent(new Event('afterprint'))")
    assert report.evaluate("'printed' in document.documentElement.dataset") is False
