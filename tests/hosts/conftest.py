"""An ATS, a widget and a sandbox, all real, and Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo_ats.servers import Demo, free_ports, running
from scripts import chromium
from tests.hosts.ats import Ats, serving_ats

SPEED = 20
TIMEOUT_MS = 20_000

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site() -> Iterator[tuple[Ats, Demo]]:
    with (
        serving_ats() as ats,
        running(free_ports(), SPEED, {"WIDGET_ALLOWED_ORIGINS": ats.origin}) as demo,
    ):
        ats.widget, ats.host_token = demo.widget, demo.host_token
        yield ats, demo


@pytest.fixture
def ats(site: tuple[Ats, Demo]) -> Ats:
    ats, _ = site
    ats.reset()
    return ats


@pytest.fixture
def page(browser: Browser, ats: Ats) -> Iterator[Page]:
    """Fails the test for whatever the browser or a framework complains about."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    yield page
    context.close()
    assert [text for text in complaints if not (ats.may_refuse and "403" in text)] == []
