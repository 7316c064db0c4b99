"""The three servers of the demo, and a browser that goes through them as a recruiter would."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from demo_ats.servers import Demo, free_ports, local, running
from scripts import chromium
from tests.browser import element, host_pages
from tests.browser.embed import Embed, an_embed
from tests.browser.host_pages import HostPages
from tests.browser.recruiter import Recruiter

BROWSERS = os.environ.get("BROWSERS", "chromium").split(",")
SPEED = 20.0
TIMEOUT_MS = 20_000

# What tests cause on purpose, and browsers note as errors.
KNOWN = (
    "the server responded with a status of",
    "net::ERR_INTERNET_DISCONNECTED",
    "Failed to fetch",
)

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def site() -> Iterator[HostPages]:
    """A second ATS, for pages that a test writes."""
    with host_pages.serving() as site:
        yield site


@pytest.fixture(scope="session")
def demo(site: HostPages) -> Iterator[Demo]:
    ports = free_ports()
    settings = {
        "WIDGET_LEAVE_GRACE": "2",
        "WIDGET_ALLOWED_ORIGINS": f"http://localhost:{ports.ats},{site.origin}",
    }
    with running(ports, SPEED, settings) as demo:
        site.widget, site.host_token = demo.widget, demo.host_token
        yield demo


@pytest.fixture
def host(site: HostPages, demo: Demo, context: BrowserContext) -> HostPages:  # noqa: ARG001
    site.reset()
    context.add_init_script(element.RECORD)
    return site


@pytest.fixture(scope="session")
def embed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embed]:
    with an_embed(tmp_path_factory.mktemp("embed") / "widget.db") as embed:
        yield embed


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """No longer than these tests: while Playwright runs, no other event loop does."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package", params=BROWSERS)
def browser(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright, request.param)
    yield browser
    browser.close()


def launch(playwright: Playwright, name: str, *arguments: str) -> Browser:
    if name != "chromium":
        browser: Browser = getattr(playwright, name).launch()
        return browser
    return playwright.chromium.launch(**chromium.options(*arguments))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce")  # to draw 60 frames a second is work
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Fails the test for whatever the browser complains about, the CSP included."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    yield page
    assert [text for text in complaints if not any(known in text for known in KNOWN)] == []


@pytest.fixture
def recruiter(page: Page, demo: Demo) -> Recruiter:
    return Recruiter(page, demo.ats)


@pytest.fixture(autouse=True)
def ledger(demo: Demo) -> Iterator[None]:
    """At the end of each test: no early poll, no second POST, nothing billed twice."""
    local.delete(f"{demo.sandbox}/ledger")
    yield
    ledger = local.get(f"{demo.sandbox}/ledger").json()
    assert ledger["violations"] == []
    bills = Counter((bill["client_id"], bill["candidate_id"]) for bill in ledger["billed"])
    assert all(count == 1 for count in bills.values()), bills
