"""The pictures in README and docs, from the product as it is: `python -m scripts.screenshots`.

With `--all FOLDER` every state in three widths, light and dark: for a look after each change.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo_ats.servers import Demo, free_ports, running
from scripts import chromium
from tests.browser.recruiter import CLOSE, RUN, Recruiter

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTHS = (320, 640, 1200)
SPEED = 8

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("--all", metavar="FOLDER", type=Path)
    folder: Path | None = parser.parse_args().all
    with running(free_ports(), SPEED) as demo, _browser() as browser:
        if folder is None:
            _take_for_docs(browser, demo)
        else:
            _take_all(browser, demo, folder)


def _take_for_docs(browser: Browser, demo: Demo) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = _page(browser, 1280, "light")
    recruiter = Recruiter(page, demo.ats)
    recruiter.opens("test_orange")
    recruiter.presses(RUN)
    recruiter.sees("open")
    page.screenshot(path=PICTURES / "demo.png")


def _take_all(browser: Browser, demo: Demo, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for width in WIDTHS:
            page = _page(browser, width, theme)
            recruiter = Recruiter(page, demo.ats)
            recruiter.adds_a_candidate("Mara", "Lindqvist")
            for state in _states(recruiter):
                page.screenshot(path=folder / f"{state}-{width}-{theme}.png")
                _take_embed(recruiter, folder / f"embed-{state}-{width}-{theme}.png")
            page.context.close()


def _states(recruiter: Recruiter) -> Iterator[str]:
    recruiter.sees("idle")
    yield "idle"
    recruiter.presses(RUN)
    expect(recruiter.frame.locator(".signal").nth(1)).to_be_visible()
    yield "running"
    recruiter.sees("open")
    yield "open"
    recruiter.presses(CLOSE)
    recruiter.sees("closed")
    yield "closed"
    recruiter.opens("test_failed")
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.reads("could not be completed")
    yield "failed"


def _take_embed(recruiter: Recruiter, path: Path) -> None:
    recruiter.widget.screenshot(path=path)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(playwright), args=chromium.arguments()
        )
        yield browser
        browser.close()


def _page(browser: Browser, width: int, theme: Theme) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    context.set_default_timeout(60_000)
    return context.new_page()


if __name__ == "__main__":
    main()
