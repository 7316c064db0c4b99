"""What a recruiter does in the demo ATS, as verbs."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import FrameLocator, Locator, Page, expect

from demo_ats.servers import local

RUN = "Run candidate intelligence report"
RUNNING = "Running intelligence report..."
CLOSE = "✕ Close report"
VIEW = "View Intelligence report"
LOOK_AGAIN_MS = 50


class Recruiter:
    def __init__(self, page: Page, ats: str) -> None:
        self.page = page
        self._ats = ats

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Candidate Intelligence']")

    @property
    def widget(self) -> Locator:
        return self.frame.locator("#candidate-intelligence")

    def opens(self, candidate_id: str) -> None:
        self.page.goto(f"{self._ats}/candidates/{candidate_id}")

    def runs(self, candidate_id: str) -> None:
        self.opens(candidate_id)
        self.presses(RUN)

    def adds_a_candidate(self, first_name: str, last_name: str) -> str:
        """A candidate of their own, whose profile opens. Returns the id."""
        self.page.goto(f"{self._ats}/candidates/new")
        self.page.get_by_label("First name").fill(first_name)
        self.page.get_by_label("Last name").fill(last_name)
        self.page.get_by_role("button", name="Add to pipeline").click()
        self.page.wait_for_url(re.compile(r"/candidates/(?!new)[^/]+$"))
        return self.page.url.rpartition("/")[2]

    def acts_for_the_other_company(self) -> None:
        self.page.get_by_role("button", name="Switch user").click()
        self.page.get_by_role("button", name="Jonas Achterfeld").click()

    def acts_for_the_other_company_on(self, candidate_id: str) -> None:
        self.opens(candidate_id)
        self.acts_for_the_other_company()

    def presses(self, name: str) -> None:
        self.page.bring_to_front()
        self.frame.get_by_role("button", name=name, exact=True).click()

    def sees(self, state: str) -> None:
        expect(self.widget).to_have_attribute("data-state", state)

    def sees_button(self, name: str) -> Locator:
        button = self.frame.get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()
        return button

    def reads(self, text: str) -> None:
        expect(self.widget).to_contain_text(text)

    def waits_until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not happen in time"
            self.page.wait_for_timeout(LOOK_AGAIN_MS)


def ledger_of(sandbox: str, candidate_id: str) -> list[tuple[str, int]]:
    """The calls on a candidate's analyses, as method and status, in their order."""
    calls = local.get(f"{sandbox}/ledger").json()["requests"]
    return [(c["method"], c["status"]) for c in calls if c["candidate_id"] == candidate_id]
