"""What a recruiter does in an ATS's page, and sees there, in whichever browser."""

import json
import time
from collections.abc import Callable
from typing import Any

from selenium.common import WebDriverException
from selenium.webdriver.common.keys import Keys

from tests.browser.element import RECORD, element
from tests.browser.host_pages import HostPages
from tests.engines.browsers import FRAME, Browser

SECONDS = 20
LOOK_AGAIN_SECONDS = 0.05
KEYS_TO_A_BUTTON = 40

BUTTON = """(name) => {
  const buttons = [...document.querySelectorAll("button")]
  const button = buttons.find((each) => each.innerText.trim() === name && each.checkVisibility())
  if (!button || button.disabled) return null
  const { x, y, width, height } = button.getBoundingClientRect()
  return [x + width / 2, y + height / 2]
}"""

# Brings a point of the frame into view, and says where it is then.
POINT = f"""(x, y) => {{
  const top = {FRAME}.getBoundingClientRect().top + y - innerHeight / 2
  scrollBy({{ top, behavior: "instant" }})
  const frame = {FRAME}.getBoundingClientRect()
  return [frame.x + x, frame.y + y]
}}"""

FOCUSED = "document.hasFocus() ? document.activeElement.innerText.trim() : null"
HEIGHT = "Math.ceil(document.documentElement.getBoundingClientRect().height)"


class Recruiter:
    def __init__(self, browser: Browser, host: HostPages) -> None:
        self.browser = browser
        self._host = host

    def opens(self, around: str, candidate_id: str = "test_existing") -> None:
        """A page of the ATS, with the element for `EL`."""
        body = around.replace("EL", element(candidate_id))
        self.browser.goes_to(self._host.has(body, head=f"<script>{RECORD}</script>"))

    def presses(self, name: str) -> None:
        button = f"({BUTTON})({json.dumps(name)})"
        x, y = self._settled(lambda: self.browser.in_frame(button))
        point = f"({POINT})({x}, {y})"
        self.browser.clicks(*self._settled(lambda: self.browser.in_page(point)))

    def tabs_to(self, name: str, held: str = "") -> None:
        for _ in range(KEYS_TO_A_BUTTON):
            if self._focused() == name:
                return
            self.browser.types(Keys.TAB, held)
        raise AssertionError(f"Tab does not lead to {name}")

    def _focused(self) -> Any:
        try:
            return self.browser.in_frame(FOCUSED)
        except WebDriverException:
            return None

    def state(self) -> Any:
        return self.browser.in_frame(
            "document.getElementById('candidate-intelligence')?.dataset.state"
        )

    def sees(self, state: str) -> None:
        self.waits_until(lambda: self.state() == state)

    def states(self) -> list[str]:
        script = "events.filter(({ name }) => name === 'state').map(({ detail }) => detail.state)"
        states: list[str] = self.browser.in_page(script)
        return states

    def heights(self) -> tuple[int, int]:
        """Of the frame, and of what is in it."""
        return self.browser.in_page(f"{FRAME}.clientHeight"), self.browser.in_frame(HEIGHT)

    def sees_all_of_it(self) -> int:
        """Waits until the frame is as high as its content, and returns that height."""

        def fits() -> bool:
            frame, content = self.heights()
            return frame == content

        self.waits_until(fits)
        return self.heights()[0]

    def waits_until(self, holds: Callable[[], Any]) -> Any:
        """A frame that is being replaced has nothing to say, and is asked again."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                if result := holds():
                    return result
                last: Any = result
            except WebDriverException as error:
                last = error
            assert time.monotonic() < deadline, f"it did not happen in time: {last}"
            time.sleep(LOOK_AGAIN_SECONDS)

    def _settled(self, place: Callable[[], Any]) -> Any:
        """Where something is once it no longer moves."""
        seen: list[Any] = []

        def rests() -> Any:
            seen.append(place())
            return seen[-1] if seen[-2:-1] == seen[-1:] else None

        return self.waits_until(rests)
