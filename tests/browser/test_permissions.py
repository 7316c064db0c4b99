"""Sessions that may only look, or only run, while a run goes on in them."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.embed import Embed, finished, found
from tests.widget.partner import reply
from widget.button import LABELS, SENTENCES, State


def watched(page: Page, embed: Embed, **changes: Any) -> None:
    """A run of somebody else is under way, and is over at the next look."""
    embed.partner.on("POST", reply("processing", retry_after="1", **found()))
    embed.partner.on("GET", finished())
    mine = embed.profile(**changes)
    embed.start(embed.opened_again(mine))
    page.goto(mine)
    sees(page, "running")


def sees(page: Page, state: str) -> None:
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", state)


def test_who_may_only_look_sees_the_report_open_by_itself(page: Page, embed: Embed) -> None:
    watched(page, embed, permissions=["view"])
    expect(page.get_by_role("button")).to_have_text([LABELS[State.RUNNING]])
    sees(page, "open")
    page.get_by_role("button", name=LABELS[State.OPEN]).click()
    sees(page, "closed")
    page.get_by_role("button", name=LABELS[State.CLOSED]).click()
    sees(page, "open")


def test_who_may_only_run_reads_that_it_is_ready_and_keeps_the_focus(
    page: Page, embed: Embed
) -> None:
    watched(page, embed, permissions=["run"])
    page.get_by_role("button", name="Cancel").focus()
    sees(page, "closed")
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text(SENTENCES[State.CLOSED])
    expect(page.locator("#ci-status")).to_be_focused()
