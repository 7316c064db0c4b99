"""Takes the pictures in README and docs: `python -m scripts.screenshots`.

With `--all FOLDER`, takes every state in four widths, light and dark, and the report on paper. Do
that after a change to what people see, and look at the pictures.
"""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from demo_ats.servers import free_ports, running
from scripts import chromium
from tests.browser.embed import STATES, Embed, an_embed
from tests.browser.recruiter import RUN, Recruiter

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTHS = (280, 320, 640, 1200)
SPEED = 8

# One picture for each value of `appearance`.
APPEARANCES: Mapping[str, Mapping[str, str]] = {
    "theme-dark": {"theme": "dark"},
    "accent": {"accent": "#b3005e"},
    "accent-pale": {"accent": "#ffd400"},
    "font-serif": {"font": "serif"},
    "density-compact": {"density": "compact"},
    "radius-large": {"radius": "large"},
}
DEMO_SIZE: ViewportSize = {"width": 1280, "height": 792}  # down to the end of the decision
BUTTON_SIZE: ViewportSize = {"width": 640, "height": 48}
REPORT_SIZE: ViewportSize = {"width": 640, "height": 380}
TIMEOUT_MS = 60_000

expect.set_options(timeout=TIMEOUT_MS)

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("--all", metavar="FOLDER", type=Path)
    folder: Path | None = parser.parse_args().all
    with _browser() as browser:
        if folder is None:
            _take_for_docs(browser)
        else:
            _take_all(browser, folder)


def _take_for_docs(browser: Browser) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with running(free_ports(), SPEED) as demo:
        page = _page(browser, DEMO_SIZE["width"], "light")
        page.set_viewport_size(DEMO_SIZE)
        recruiter = Recruiter(page, demo.ats)
        recruiter.opens("test_orange")
        recruiter.presses(RUN)
        recruiter.sees("open")
        page.screenshot(path=PICTURES / "demo.png")
    _take_appearances(browser)


def _take_appearances(browser: Browser) -> None:
    with _embed() as embed:
        for name, appearance in APPEARANCES.items():
            page = _page(browser, WIDTHS[-1], "light")
            page.set_viewport_size(REPORT_SIZE)
            page.goto(embed.open(appearance=appearance))
            page.screenshot(path=PICTURES / f"{name}.png")
            if "accent" in appearance:
                page.set_viewport_size(BUTTON_SIZE)
                page.goto(embed.idle(appearance=appearance))
                page.screenshot(path=PICTURES / f"{name}-button.png")
            page.context.close()


def _take_all(browser: Browser, folder: Path) -> None:
    """Each state of the widget as it stands alone, and the report on paper."""
    folder.mkdir(parents=True, exist_ok=True)
    with _embed() as embed:
        for state in (*STATES, "open_long", "open_unknown"):
            address = getattr(embed, state)()
            for theme in THEMES:
                for width in WIDTHS:
                    page = _page(browser, width, theme)
                    page.goto(address)
                    page.screenshot(path=folder / f"{state}-{width}-{theme}.png", full_page=True)
                    page.context.close()
        page = _page(browser, WIDTHS[-1], "light")
        page.goto(embed.open())
        page.pdf(path=folder / "paper.pdf", format="A4")


@contextmanager
def _embed() -> Iterator[Embed]:
    with TemporaryDirectory() as data, an_embed(Path(data) / "widget.db") as embed:
        yield embed


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.options())
        yield browser
        browser.close()


def _page(browser: Browser, width: int, theme: Theme) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    context.set_default_timeout(TIMEOUT_MS)
    return context.new_page()


if __name__ == "__main__":
    main()
