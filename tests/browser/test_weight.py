"""What the embed costs a browser: requests, and bytes as they go over the wire."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page

from tests.browser.embed import Embed

COLD_REQUESTS = 5
COLD_BYTES = 25 * 1024
SECOND_BYTES = 4 * 1024


@dataclass
class Traffic:
    """`sizes`: of each request that went over the wire, with the headers of its answer."""

    sizes: dict[str, float] = field(default_factory=dict)
    _not_counted: set[str] = field(default_factory=set)

    def listen(self, session: CDPSession) -> None:
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._begin)
        session.on("Network.requestServedFromCache", self._leave_out)
        session.on("Network.loadingFinished", self._end)

    def _begin(self, event: dict[str, Any]) -> None:
        if "/static/icon-" in event["request"]["url"]:  # a frame asks for none
            self._leave_out(event)

    def _leave_out(self, event: dict[str, Any]) -> None:
        self._not_counted.add(event["requestId"])

    def _end(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._not_counted:
            self.sizes[event["requestId"]] = event["encodedDataLength"]


def test_the_first_load_is_five_requests_and_25_kb_at_the_most(
    context: BrowserContext, page: Page, embed: Embed
) -> None:
    traffic = load(context, page, embed.idle(appearance={"accent": "#7a1fa2"}))
    assert 3 <= len(traffic.sizes) <= COLD_REQUESTS
    assert sum(traffic.sizes.values()) <= COLD_BYTES


def test_the_next_profile_is_the_page_alone_and_4_kb_at_the_most(
    context: BrowserContext, page: Page, embed: Embed
) -> None:
    load(context, page, embed.idle(appearance={"accent": "#7a1fa2"}))
    traffic = load(context, page, embed.idle(appearance={"accent": "#7a1fa2"}))
    assert len(traffic.sizes) == 1
    assert 0 < sum(traffic.sizes.values()) <= SECOND_BYTES


def load(context: BrowserContext, page: Page, address: str) -> Traffic:
    traffic = Traffic()
    session = context.new_cdp_session(page)
    traffic.listen(session)
    page.goto(address, wait_until="networkidle")
    session.detach()
    return traffic
