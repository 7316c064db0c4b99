"""`<candidate-intelligence>` in the page of a test: its markup, and what it has said so far."""

from typing import Any

from playwright.sync_api import Frame, Page

from tests.browser.host_pages import HostPages
from tests.browser.recruiter import RUN, Recruiter

RECORD = """
  window.events = []
  for (const name of ["state", "error", "resize", "activity"])
    document.addEventListener(`ci-${name}`, ({ target, detail }) => events.push({
      name,
      target: target.id,
      detail: { ...detail, error: undefined, message: detail.error?.message },
      frame: target.shadowRoot.querySelector("iframe")?.clientHeight,
    }))
"""


def element(candidate_id: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<candidate-intelligence{more} session-url="/session/{candidate_id}">'
        "</candidate-intelligence>"
    )


def events(page: Page, name: str) -> list[dict[str, Any]]:
    recorded: list[dict[str, Any]] = page.evaluate(
        "name => events.filter(event => event.name === name)", name
    )
    return recorded


def states(page: Page) -> list[str]:
    return [event["detail"]["state"] for event in events(page, "state")]


def waits_for_state(page: Page, state: str) -> None:
    page.wait_for_function(
        "state => events.findLast(event => event.name === 'state')?.detail.state === state",
        arg=state,
    )


def opens_a_report(page: Page, host: HostPages, body: str = "EL") -> None:
    """In a page whose body has the element in the place of `EL`."""
    page.goto(host.has(body.replace("EL", element("test_existing"))))
    recruiter = Recruiter(page, page.url)
    recruiter.presses(RUN)
    waits_for_state(page, "open")
    recruiter.waits_until(lambda: fits(page))


def embedded(page: Page, number: int = 0) -> Frame:
    """The widget's frame in a page."""
    handle = page.locator("candidate-intelligence iframe").nth(number).element_handle()
    frame = handle.content_frame()
    assert frame is not None
    return frame


def heights(page: Page) -> tuple[int, int]:
    """Of the frame, and of what is in it."""
    frame = page.locator("candidate-intelligence iframe").evaluate("frame => frame.clientHeight")
    content = embedded(page).evaluate(
        "Math.ceil(document.documentElement.getBoundingClientRect().height)"
    )
    return frame, content


def fits(page: Page) -> bool:
    frame, content = heights(page)
    return frame == content


def address_of(frame: Frame) -> str:
    """The session's own address, whichever of its pages the frame shows."""
    return "/".join(frame.url.split("/")[:5])


def forgets_the_session(page: Page) -> None:
    """Its token is no longer known, as when the secret that signed it has been replaced."""
    address = address_of(embedded(page))
    unknown = f"{address.rpartition('/')[0]}/never-issued"
    page.route(
        f"{address}**",
        lambda route: route.continue_(url=route.request.url.replace(address, unknown)),
    )
