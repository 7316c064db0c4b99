"""Who may frame the widget, as browsers judge and as the frame itself does."""

from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.embed import Embed, an_embed

ALLOWED = [
    "http://*.ats.localhost:3000",
    "http://127.0.0.1:3000",
    "https://other.example",
    "https://*.BÜCHER.example",
]
ACME = "http://acme.ats.localhost:3000"
GLOBEX = "http://a.globex.ats.localhost:3000"
FRAMING = [ACME, GLOBEX, "http://127.0.0.1:3000", "https://a.xn--bcher-kva.example"]
LOOK_ALIKES = [
    *(
        "http://ats.localhost:3000",
        "http://evil-ats.localhost:3000",
        "http://evilats.localhost:3000",
    ),
    *("http://acme.ats.localhost:3001", "http://acme.ats.localhost", "http://localhost:3000"),
    *("http://acme.ats.localhost.:3000", "http://ats.localhost.evil.localhost:3000"),
    *("https://other.example.evil.example", "https://xn--bcher-kva.example"),
]
HOST = """<!doctype html><iframe src="{address}"></iframe>
<script>
  var answers = 0
  const channel = new MessageChannel()
  channel.port1.onmessage = () => answers++
  document.querySelector("iframe").onload = () => {{
    frames[0].postMessage("candidate-intelligence", "*", [channel.port2])
    channel.port1.postMessage("light")
    setTimeout(() => (window.done = true), 100)
  }}
</script>"""


@pytest.fixture(scope="module")
def embed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embed]:
    database = tmp_path_factory.mktemp("origins") / "widget.db"
    with an_embed(database, allowed_origins=",".join(ALLOWED)) as embed:
        yield embed


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One whose complaints are part of the test."""
    return context.new_page()


def framed(
    page: Page, origins: Iterable[str], address: str, has_policy: bool = True
) -> set[tuple[bool, bool]]:
    """Whether the browser shows the frame in pages of these origins, and whether it answers them.

    All answers pass through here, as browsers ask before a page from elsewhere reaches loopback.
    """

    def answer(route: Route) -> None:
        response = route.fetch()
        headers = dict(response.headers)
        if not has_policy:
            del headers["content-security-policy"]
        route.fulfill(response=response, headers=headers)

    page.unroute_all()
    page.route(address, answer)
    return {_seen_in(page, origin, address) for origin in origins}


def _seen_in(page: Page, origin: str, address: str) -> tuple[bool, bool]:
    page.route(f"{origin}/", lambda route: route.fulfill(body=HOST.format(address=address)))
    page.goto(f"{origin}/")
    page.wait_for_function("window.done")
    shown = page.frames[1].locator("#candidate-intelligence").count() == 1
    return shown, page.evaluate("answers") > 0


@pytest.mark.threat(name="clickjacking")
def test_each_subdomain_of_a_wildcard_may_frame_it_and_no_look_alike(
    page: Page, embed: Embed
) -> None:
    address = embed.profile()
    assert framed(page, FRAMING, address) == {(True, True)}
    assert framed(page, LOOK_ALIKES, address) == {(False, False)}


@pytest.mark.threat(name="clickjacking")
def test_a_session_that_names_its_origin_is_framed_there_alone(page: Page, embed: Embed) -> None:
    address = embed.profile(origin=ACME)
    assert framed(page, [ACME], address) == {(True, True)}
    assert framed(page, [GLOBEX, *FRAMING[2:]], address) == {(False, False)}


def test_the_page_of_a_session_that_has_expired_still_answers_where_it_was_framed(
    page: Page, embed: Embed
) -> None:
    address = embed.profile(origin=ACME)
    embed.expire(address)
    assert framed(page, [ACME], address) == {(True, True)}


@pytest.mark.threat(name="clickjacking")
def test_the_frame_answers_no_look_alike_even_if_the_browser_shows_it(
    page: Page, embed: Embed
) -> None:
    address = embed.profile()
    assert framed(page, FRAMING, address, has_policy=False) == {(True, True)}
    assert framed(page, LOOK_ALIKES, address, has_policy=False) == {(True, False)}
    of_acme = embed.profile(origin=ACME)
    assert framed(page, [GLOBEX], of_acme, has_policy=False) == {(True, False)}
