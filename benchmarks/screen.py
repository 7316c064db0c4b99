"""How long a recruiter waits for the screen, in Chromium: after a click, and after a poll."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.client import LOOPBACK
from benchmarks.figures import Figure, milliseconds, percentile
from benchmarks.profiles import open_profiles
from benchmarks.servers import a_sandbox, a_widget
from scripts import chromium
from tests.processes import Sandbox, Widget

SPEED = 20
CLICKS, RUNS, LOADS = 40, 8, 8
COLD_BYTES, COLD_REQUESTS, COLD_SECONDS = 22 * 1024, 5, 0.150
SECOND_BYTES = 4 * 1024

# When the browser draws the report for the first time, in milliseconds since the epoch.
OPENED = """() => new Promise((resolve) => {
  const root = () => document.getElementById("candidate-intelligence")
  const look = () => root()?.dataset.state === "open"
    && requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()))
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, childList: true })
  look()
})"""
CLICK = """() => {
  document.getElementById("ci-button").click()
  return performance.timeOrigin + performance.now()
}"""
# The button is usable once htmx has processed it, which happens after the page's scripts have run.
USABLE = """addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => {
  globalThis.usable = performance.now()
}))"""


async def figures() -> Sequence[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_sandbox(SPEED) as sandbox,
        a_widget(sandbox, f"sqlite:///{folder}/widget.db") as widget,
    ):
        async with a_browser() as browser:
            await _existing(browser, sandbox, widget, "warm-up")
            clicks = [
                await _existing(browser, sandbox, widget, str(number)) for number in range(CLICKS)
            ]
            ready = [
                await _watched(browser, sandbox, widget, str(number)) for number in range(RUNS)
            ]
            loads = [await _loads(browser, widget, str(number)) for number in range(LOADS)]
    return [
        milliseconds(
            "report complete → on the screen", ready, 150, "the wait that `Retry-After` imposes"
        ),
        milliseconds(
            "report already there: click → on the screen",
            [seconds for seconds, _ in clicks],
            100,
            "the Partner API's own time",
        ),
        milliseconds(
            "View within the report's TTL: click → on the screen",
            [seconds for _, seconds in clicks],
            50,
            "–",
        ),
        *_weights(loads),
    ]


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.options())
        yield browser
        await browser.close()


async def _existing(
    browser: Browser, sandbox: Sandbox, widget: Widget, name: str
) -> tuple[float, float]:
    """Seconds from Run to the report, without the Partner API's part, and from View to it."""
    candidate_id = f"test_existing.{name}"
    page = await open_page(browser, widget, candidate_id)
    run = await click_until_open(page)
    await page.get_by_role("button", name="✕ Close report").click()
    await page.get_by_role("button", name="View Intelligence report").wait_for()
    view = await click_until_open(page)
    await page.context.close()
    calls = [c for c in sandbox.calls("POST") if c["candidate_id"] == candidate_id]
    return run - calls[0]["duration_ms"] / 1000, view


async def click_until_open(page: Page) -> float:
    opened = asyncio.create_task(page.evaluate(OPENED))
    await page.evaluate("0")  # when this is answered, OPENED has begun to observe
    clicked = await page.evaluate(CLICK)
    return float(await opened - clicked) / 1000


async def _watched(browser: Browser, sandbox: Sandbox, widget: Widget, name: str) -> float:
    """Seconds from when the API allowed the GET that found the report, until it is on the screen.

    That moment is `Retry-After` after the call before it, which is the last but one.
    """
    candidate_id = f"test_green.{name}"
    page = await open_page(browser, widget, candidate_id)
    opened = asyncio.create_task(page.evaluate(OPENED))
    await page.evaluate(CLICK)
    on_screen = float(await opened) / 1000
    await page.context.close()
    calls = [c for c in sandbox.ledger["requests"] if c["candidate_id"] == candidate_id]
    return on_screen - _allowed_after(calls[-2])


def _allowed_after(call: dict[str, Any]) -> float:
    """The moment, in seconds since the epoch, at which the call's `Retry-After` was over."""
    at = datetime.fromisoformat(call["at"]).timestamp()
    return at + float(call["retry_after"])


async def open_page(browser: Browser, widget: Widget, candidate_id: str) -> Page:
    (profile,) = await open_profiles(widget, [candidate_id])
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"http://{LOOPBACK}:{widget.port}{profile.address}")
    return page


class Load:
    """What loading the page took: bytes and requests on the wire, and seconds."""

    def __init__(self) -> None:
        self.sizes: dict[str, float] = {}
        self.seconds = 0.0
        self._left_out: set[str] = set()

    def begin(self, event: dict[str, Any]) -> None:
        # In the ATS's page, the widget is in a frame, for which browsers request no icon.
        if event["request"]["url"].endswith("/favicon.ico"):
            self.leave_out(event)

    def leave_out(self, event: dict[str, Any]) -> None:
        self._left_out.add(event["requestId"])

    def end(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._left_out:
            self.sizes[event["requestId"]] = event["encodedDataLength"]

    @property
    def bytes(self) -> float:
        return sum(self.sizes.values())


async def _loads(browser: Browser, widget: Widget, name: str) -> tuple[Load, Load]:
    """The first page that a browser loads, and the next profile's."""
    first, second = await open_profiles(widget, [f"loaded-{name}", f"loaded-after-{name}"])
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(USABLE)
    origin = f"http://{LOOPBACK}:{widget.port}"
    loads = [await _load(page, origin + profile.address) for profile in (first, second)]
    await context.close()
    return loads[0], loads[1]


async def _load(page: Page, address: str) -> Load:
    load = Load()
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.requestWillBeSent", load.begin)
    session.on("Network.requestServedFromCache", load.leave_out)
    session.on("Network.loadingFinished", load.end)
    await page.goto(address, wait_until="networkidle")
    load.seconds = float(await page.evaluate("usable")) / 1000
    await session.detach()
    return load


def _weights(loads: Sequence[tuple[Load, Load]]) -> Sequence[Figure]:
    cold = max(first.bytes for first, _ in loads)
    requests = max(len(first.sizes) for first, _ in loads)
    usable = percentile([first.seconds for first, _ in loads], 95)
    second = max(later.bytes for _, later in loads)
    return [
        Figure(
            name="cold load: on the wire with headers, requests, frame start → button usable",
            measured=f"{cold / 1024:.1f} KB, {requests} requests, {usable * 1000:.0f} ms",
            spread=f"the most, and the 95th percentile, n = {len(loads)}",
            goal="22 KB, 5 requests, 150 ms",
            holds=cold <= COLD_BYTES and requests <= COLD_REQUESTS and usable <= COLD_SECONDS,
        ),
        Figure(
            name="second load",
            measured=f"{second / 1024:.1f} KB",
            spread=f"the most, n = {len(loads)}",
            goal="4 KB",
            holds=second <= SECOND_BYTES,
        ),
    ]
