"""Three browsers, one after the other; an ATS's page, and the widget with its sandbox, all real."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo_ats.servers import Demo, free_ports, running
from tests.browser import host_pages
from tests.browser.host_pages import HostPages
from tests.engines import browsers
from tests.engines.browsers import Browser
from tests.engines.recruiter import Recruiter

SPEED = 20.0


@pytest.fixture(scope="session", params=["chromium", "firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def browser(engine: str) -> Iterator[Browser]:
    with browsers.running(engine) as browser:
        yield browser


@contextmanager
def site(**settings: str) -> Iterator[tuple[HostPages, Demo]]:
    with host_pages.serving() as host:
        ports = free_ports()
        settings["WIDGET_ALLOWED_ORIGINS"] = f"http://localhost:{ports.ats},{host.origin}"
        with running(ports, SPEED, settings) as demo:
            host.widget, host.host_token = demo.widget, demo.host_token
            yield host, demo


@pytest.fixture(scope="session")
def usual() -> Iterator[tuple[HostPages, Demo]]:
    with site(WIDGET_LEAVE_GRACE="2") as servers:
        yield servers


@pytest.fixture
def demo(usual: tuple[HostPages, Demo]) -> Demo:
    return usual[1]


@pytest.fixture
def host(usual: tuple[HostPages, Demo]) -> HostPages:
    host, _ = usual
    host.reset()
    return host


@pytest.fixture
def recruiter(browser: Browser, host: HostPages) -> Iterator[Recruiter]:
    yield Recruiter(browser, host)
    browser.goes_to("about:blank")  # so that nothing of it is asked for any more


@pytest.fixture(scope="session")
def short() -> Iterator[HostPages]:
    """Whose sessions are over as soon as nobody has used them for three seconds."""
    with site(WIDGET_SESSION_TTL="3", WIDGET_CANCEL_ON_LEAVE="false") as (host, _):
        yield host


@pytest.fixture
def lapsing(browser: Browser, short: HostPages) -> Recruiter:
    short.reset()
    return Recruiter(browser, short)
