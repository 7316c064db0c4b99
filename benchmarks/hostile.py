"""How long other requests wait while the worst answers are watched, viewed and copied.

There is one worker, one browser, and a Partner API that sends each shape in turn: first while the
analysis is running, then in its report. Meanwhile another client keeps requesting `/healthz`.
"""

import asyncio
import http.client
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from playwright.async_api import Browser, Page

from benchmarks.client import LOOPBACK
from benchmarks.figures import Figure
from benchmarks.screen import a_browser, click_until_open, open_page
from benchmarks.servers import a_widget
from demo_ats.servers import free_ports
from tests.faults.partner import Partner, answer
from tests.faults.usual_answers import LOCATION, QUEUED
from tests.processes import Sandbox, Widget

MIB = 1024 * 1024
WATCHED_SECONDS = 4.0
VIEWS = 3
PAUSE_SECONDS = 0.005
GOAL_SECONDS = 0.2
LIMIT_MS = 60_000.0
SIZE = "() => new Blob([document.documentElement.outerHTML]).size"
COPY = """() => {
  const began = performance.now()
  document.querySelector("[data-copy=ci-report]").click()
  return performance.now() - began
}"""


def filled(start: str, part: str, end: str, size: int) -> str:
    return start + part * ((size - len(start + end)) // len(part)) + end


def numbered(count: int) -> str:
    return ",".join(f'"k{number}":{number}' for number in range(count))


def signals(count: int) -> str:
    form = (
        '{"statement":"Built bridge %d.","sourceType":"web","sourceUrl":"https://example.com/%d"}'
    )
    return ",".join(form % (number, number) for number in range(count))


# Members of an answer, as JSON. The rest of the answer takes less than 200 bytes.
SHAPES: Mapping[str, str] = {
    "one short text": '"report":{"summary":"Solid."}',
    "1 MiB of `1,1,…`": filled('"report":{"a":[', "1,", "1]}", MIB),
    "4 MiB of `1,1,…`": filled('"report":{"a":[', "1,", "1]}", 4 * MIB - 200),
    "4 MiB of signals `{},{},…`": filled('"signals":[', "{},", "{}]", 4 * MIB - 200),
    '4 MiB of `{"k1":1,…}`': f'"report":{{{numbered(240_000)}}}',
    "46,000 values below a key of 500 kB": f'"report":{{"{"k" * 500_000}":{{{numbered(46_000)}}}}}',
    "6,000 signals": f'"signals":[{signals(6_000)}]',
    "a text of 4 MB": filled('"report":{"summary":"', "x", '"}', 4_000_000),
    "4 MiB of escapes": filled('"report":{"summary":"', "\\u0041", '"}', 4 * MIB - 200),
    "a number of 4 MiB": filled('"report":{"a":', "9", "}", 4 * MIB - 200),
    "4 MiB of spaces": filled('"report":{"a":1', " ", "}", 4 * MIB - 200),
    "lists 400 deep": f'"report":{{"a":{"[" * 400}{"]" * 400}}}',
    "lists 100,000 deep": f'"report":{{"a":{"[" * 100_000}{"]" * 100_000}}}',
}


async def figures() -> Sequence[Figure]:
    partner = Partner({}, free_ports().sandbox)
    await partner.open()
    with (
        tempfile.TemporaryDirectory() as folder,
        a_widget(Sandbox(partner.origin), f"sqlite:///{folder}/widget.db") as widget,
    ):
        async with a_browser() as chromium:
            await _figure(chromium, widget, partner, "warm-up", SHAPES["one short text"])
            measured = [
                await _figure(chromium, widget, partner, name, members)
                for name, members in SHAPES.items()
            ]
    await partner.close()
    return measured


async def _figure(
    chromium: Browser, widget: Widget, partner: Partner, name: str, members: str
) -> Figure:
    page = await open_page(chromium, widget, name)
    with _others(widget.port) as waits:
        await _watch(page, partner, members)
        views = [await _view(page) for _ in range(VIEWS)]
        size = int(await page.evaluate(SIZE))
        copied = float(await page.evaluate(COPY)) / 1000
    await page.context.close()
    longest = max(waits)
    print(name, longest, views, size, copied, flush=True)
    return Figure(
        name=f"/healthz while this is watched, viewed and copied: {name}",
        measured=f"{longest * 1000:.0f} ms",
        spread=f"View {max(views):.1f} s, page {size / 1000:.0f} kB, copy {copied:.1f} s",
        goal=f"{GOAL_SECONDS * 1000:.0f} ms",
        holds=longest <= GOAL_SECONDS,
    )


@contextmanager
def _others(port: int) -> Iterator[list[float]]:
    """Yields a list that gets the seconds of each request to `/healthz` during the block.

    A thread sends them, so that the work with the browser on the event loop does not delay them.
    """
    waits: list[float] = []
    over = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port)
        while not over.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            connection.request("GET", "/healthz")
            assert connection.getresponse().read()
            waits.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield waits
    finally:
        over.set()
        asking.join()


async def _watch(page: Page, partner: Partner, members: str) -> None:
    def resource(status: str) -> bytes:
        stage = '"stage":"enrichment","quick_signal":{"level":"Green"}'
        return f'{{"id":"analysis_1","status":"{status}",{stage},{members}}}'.encode()

    partner.plays = {
        "POST": answer(202, QUEUED, Retry_After="1", **LOCATION),
        "GET": answer(200, resource("processing"), Retry_After="1"),
    }
    await page.locator("#ci-button").click()
    await page.locator("[data-state=running]").wait_for()
    await asyncio.sleep(WATCHED_SECONDS)
    partner.plays["GET"] = answer(200, resource("completed"))
    await page.locator("[data-state=open]").wait_for(timeout=LIMIT_MS)


async def _view(page: Page) -> float:
    await page.locator("#ci-button").click()
    await page.locator("[data-state=closed]").wait_for()
    return await click_until_open(page)
