"""What the panel shows of reports that nobody has seen before."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from demo_ats.servers import Demo
from tests.browser.recruiter import RUN, Recruiter

SANDBOX = Path(__file__).parents[2] / "demo_ats" / "sandbox"


def leaves(value: Any) -> Iterator[str]:
    """Each value of a report as a reader would see it."""
    match value:
        case bool():
            yield "Yes" if value else "No"
        case str() | int() | float():
            yield str(value)
        case list():
            for item in value:
                yield from leaves(item)
        case dict():
            for item in value.values():
                yield from leaves(item)


def test_every_value_of_a_report_with_unknown_keys_can_be_read(recruiter: Recruiter) -> None:
    recruiter.opens("test_unknown")
    recruiter.presses(RUN)
    recruiter.sees("open")
    shown = recruiter.widget.inner_text()
    unknown = json.loads((SANDBOX / "unknown_keys.json").read_text())
    assert [leaf for leaf in leaves(unknown) if leaf not in shown] == []
    for title in ("Salary expectation", "Compensation benchmark", "Languages spoken"):
        expect(recruiter.frame.get_by_role("heading", name=title)).to_be_visible()


def test_hostile_text_is_only_text(recruiter: Recruiter) -> None:
    asked: list[str] = []
    scripts: list[str] = []
    recruiter.page.on("request", lambda request: asked.append(request.url))
    recruiter.page.expose_function("alert", lambda text: scripts.append(text))
    recruiter.opens("test_hostile")
    recruiter.presses(RUN)
    recruiter.sees("open")
    recruiter.reads("<script>alert('name')</script>")
    assert scripts == []
    assert [url for url in asked if "evil" in url or "steal" in url] == []
    links = recruiter.widget.locator("a:not([href^='#'])")
    assert links.evaluate_all("all => all.map(a => a.href)") == []


def test_a_long_report_opens_at_its_decision(recruiter: Recruiter) -> None:
    recruiter.opens("test_long_report")
    recruiter.presses(RUN)
    recruiter.sees("open")
    expect(recruiter.frame.locator(".recommendation__decision")).to_be_in_viewport()
    expect(recruiter.frame.locator(".signal")).to_have_count(64)


def test_links_of_signals_open_in_a_new_tab_and_tell_nothing(recruiter: Recruiter) -> None:
    recruiter.opens("cand_1058")
    recruiter.presses(RUN)
    recruiter.sees("open")
    link = recruiter.frame.locator(".signal a").first
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


@pytest.mark.threat(name="CSRF")
def test_the_widget_keeps_nothing_in_the_browser(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.opens("cand_1063")
    recruiter.presses(RUN)
    recruiter.sees("open")
    kept = recruiter.page.context.storage_state(indexed_db=True)
    assert [cookie for cookie in kept["cookies"] if cookie["domain"] == "127.0.0.1"] == []
    assert [origin for origin in kept["origins"] if origin["origin"] == demo.widget] == []
