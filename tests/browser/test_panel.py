"""What the panel shows of reports that nobody has seen before."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from demo_ats.servers import Demo
from tests.browser.recruiter import Recruiter

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
    recruiter.runs("test_unknown")
    recruiter.sees("open")
    shown = recruiter.widget.inner_text()
    unknown = json.loads((SANDBOX / "unknown_keys.json").read_text())
    assert [leaf for leaf in leaves(unknown) if leaf not in shown] == []
    for title in ("Salary expectation", "Compensation benchmark", "Languages spoken"):
        expect(recruiter.frame.get_by_role("heading", name=title)).to_be_visible()


@pytest.mark.threat(name="CSRF")
def test_the_widget_keeps_nothing_in_the_browser(recruiter: Recruiter, demo: Demo) -> None:
    recruiter.runs("cand_1063")
    recruiter.sees("open")
    kept = recruiter.page.context.storage_state(indexed_db=True)
    assert [cookie for cookie in kept["cookies"] if cookie["domain"] == "127.0.0.1"] == []
    assert [origin for origin in kept["origins"] if origin["origin"] == demo.widget] == []
