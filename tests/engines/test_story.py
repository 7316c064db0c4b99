"""A recruiter's way through reports, in the three engines."""

import io

import pytest
from pypdf import PdfReader
from selenium.webdriver.common.keys import Keys

from demo_ats.servers import Demo, local
from tests.browser.host_pages import HostPages
from tests.browser.recruiter import CLOSE, RUN, VIEW, ledger_of
from tests.browser.test_any_page import VISIBLE_TEXTS, letters
from tests.engines.browsers import FRAME
from tests.engines.recruiter import Recruiter

# In the demo ATS, who has been run by one browser has a report for the next.
CANDIDATES = {"chromium": "test_green", "firefox": "test_orange", "webkit": "test_red"}

THEMES = """
  <style>
    * { outline: none; transition: none !important; animation: none !important }
    :root { color-scheme: light; background: canvas; color: canvastext }
    :root.dark { color-scheme: dark }
  </style>
"""
TO_DARK = "document.documentElement.className = 'dark'"
TO_LIGHT = "document.documentElement.className = ''"
LONG_ENOUGH = "new Promise((passed) => setTimeout(passed, 250))"  # for a height of 0 to be told
PANEL = "document.querySelector('main')"
THEME = "getComputedStyle(document.documentElement).colorScheme"

ELEMENT = "document.querySelector('candidate-intelligence')"
MOVES = {
    "append": f"b.append({ELEMENT})",
    "moveBefore": f"(b.moveBefore ?? b.insertBefore).call(b, {ELEMENT}, null)",
}

# Those of paper: its rules are taken for the screen's as well.
PRINTED_TEXTS = f"""(() => {{
  const rules = (groups) => [...groups].flatMap((group) =>
    group.media?.mediaText === "print" ? group : rules(group.cssRules ?? []))
  const ofPaper = rules(document.styleSheets)
  for (const {{ media }} of ofPaper) media.mediaText = "all"
  const texts = ({VISIBLE_TEXTS})()
  for (const {{ media }} of ofPaper) media.mediaText = "print"
  return texts
}})()"""


def opens_a_report(recruiter: Recruiter, around: str = "EL") -> None:
    recruiter.opens(around)
    recruiter.presses(RUN)
    recruiter.sees("open")


def test_the_life_of_the_button(recruiter: Recruiter) -> None:
    recruiter.opens("<h1>Profile</h1>EL", "test_green")
    recruiter.presses(RUN)
    recruiter.sees("open")
    recruiter.presses(CLOSE)
    recruiter.presses(VIEW)
    recruiter.sees("open")
    told = ["idle", "running", "open", "closed", "open"]
    recruiter.waits_until(lambda: recruiter.states() == told)


def test_the_life_of_the_button_in_the_demo_ats(
    recruiter: Recruiter, demo: Demo, engine: str
) -> None:
    recruiter.browser.goes_to(f"{demo.ats}/candidates/{CANDIDATES[engine]}")
    recruiter.presses(RUN)
    recruiter.sees("open")
    recruiter.presses(CLOSE)
    recruiter.sees("closed")
    recruiter.browser.goes_to(f"{demo.ats}/candidates/{CANDIDATES[engine]}")
    recruiter.presses(VIEW)
    recruiter.sees("open")


def test_the_height_follows_up_and_down(recruiter: Recruiter) -> None:
    recruiter.opens("<main>EL</main>")
    idle = recruiter.sees_all_of_it()
    recruiter.presses(RUN)
    recruiter.sees("open")
    wide = recruiter.sees_all_of_it()
    recruiter.browser.in_page(f"{PANEL}.style.width = '320px'")
    recruiter.waits_until(lambda: recruiter.sees_all_of_it() > wide)
    recruiter.browser.in_page(f"{PANEL}.style.width = ''")
    recruiter.waits_until(lambda: recruiter.sees_all_of_it() == wide)
    recruiter.presses(CLOSE)
    recruiter.sees("closed")
    recruiter.waits_until(lambda: recruiter.sees_all_of_it() < wide / 3)
    assert idle < wide / 3


def test_the_keyboard_is_enough(recruiter: Recruiter) -> None:
    recruiter.opens("<button autofocus>before</button>EL")
    recruiter.sees("idle")
    recruiter.tabs_to(RUN)
    recruiter.browser.types(Keys.ENTER)
    recruiter.sees("open")
    recruiter.tabs_to(CLOSE, held=Keys.SHIFT)
    recruiter.browser.types(Keys.SPACE)
    recruiter.sees("closed")
    recruiter.tabs_to(VIEW)
    recruiter.browser.types(Keys.ENTER)
    recruiter.sees("open")


def test_the_report_is_as_dark_and_as_light_as_its_page(recruiter: Recruiter) -> None:
    recruiter.opens(f"{THEMES}<main>EL</main>")
    recruiter.sees("idle")
    recruiter.waits_until(lambda: recruiter.browser.in_frame(THEME) == "light")
    recruiter.browser.in_page(TO_DARK)
    recruiter.waits_until(lambda: recruiter.browser.in_frame(THEME) == "dark")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert recruiter.browser.in_frame(THEME) == "dark"
    recruiter.browser.in_page(f"{PANEL}.hidden = true")
    recruiter.browser.in_page(LONG_ENOUGH)
    recruiter.browser.in_page(TO_LIGHT)
    recruiter.browser.in_page(f"{PANEL}.hidden = false")
    recruiter.waits_until(lambda: recruiter.browser.in_frame(THEME) == "light")


@pytest.mark.parametrize("move", MOVES)
def test_a_report_that_is_moved_is_open_again(recruiter: Recruiter, move: str) -> None:
    opens_a_report(recruiter, "<div id=a>EL</div><div id=b></div>")
    height = recruiter.sees_all_of_it()
    recruiter.browser.in_page(MOVES[move])
    recruiter.sees("open")
    recruiter.waits_until(lambda: recruiter.sees_all_of_it() == height)
    recruiter.presses(CLOSE)
    recruiter.sees("closed")


def test_the_readers_place_is_kept_while_the_panel_is_hidden(recruiter: Recruiter) -> None:
    opens_a_report(recruiter, "<main style='height: 500px; overflow: auto'>EL</main>")
    recruiter.sees_all_of_it()
    recruiter.browser.in_page(f"{PANEL}.scrollTo(0, 700)")
    for hiding in ("display: none", "content-visibility: hidden"):
        recruiter.browser.in_page(f"{PANEL}.style.cssText += '{hiding}'")
        recruiter.browser.in_page(LONG_ENOUGH)
        recruiter.browser.in_page(f"{PANEL}.style.cssText = 'height: 500px; overflow: auto'")
        recruiter.browser.in_page(LONG_ENOUGH)
        assert recruiter.browser.in_page(f"{PANEL}.scrollTop") == 700, hiding
    recruiter.browser.in_page(f"{PANEL}.style.inlineSize = '0'")
    recruiter.browser.in_page(LONG_ENOUGH)
    heights = "events.filter(({ name }) => name === 'resize').map(({ detail }) => detail.height)"
    assert min(recruiter.browser.in_page(heights)) > 0


def test_who_leaves_cancels_the_run_and_who_comes_back_in_time_finds_it(
    recruiter: Recruiter, host: HostPages, demo: Demo
) -> None:
    candidate = f"test_long.{host.client_id}"
    elsewhere = host.has("elsewhere", path="/elsewhere")
    recruiter.opens("EL", candidate)
    recruiter.presses(RUN)
    recruiter.sees("running")
    recruiter.browser.goes_to(elsewhere)
    recruiter.browser.goes_back()
    recruiter.sees("running")
    recruiter.browser.goes_to(elsewhere)
    recruiter.waits_until(lambda: ("DELETE", 200) in ledger_of(demo.sandbox, candidate))
    recruiter.browser.goes_back()
    recruiter.sees("idle")


def test_a_report_is_there_for_who_comes_back(recruiter: Recruiter, host: HostPages) -> None:
    elsewhere = host.has("elsewhere", path="/elsewhere")
    opens_a_report(recruiter)
    recruiter.browser.goes_to(elsewhere)
    recruiter.browser.goes_back()
    # Open still, where the browser has kept the page.
    if recruiter.waits_until(lambda: recruiter.state()) == "closed":
        recruiter.presses(VIEW)
    recruiter.sees("open")


def test_a_session_that_has_lapsed_is_replaced_at_a_press(lapsing: Recruiter) -> None:
    opens_a_report(lapsing)
    session = lapsing.browser.in_frame("location.href.split('/', 5).join('/')")
    lapsing.waits_until(lambda: local.post(f"{session}/leave").status_code == 410)
    lapsing.presses(CLOSE)
    lapsing.waits_until(lambda: lapsing.states()[-2:] == ["expired", "open"])
    lapsing.presses(CLOSE)
    lapsing.sees("closed")


def test_a_report_can_be_copied_and_pasted(recruiter: Recruiter) -> None:
    opens_a_report(recruiter, "<textarea id=note></textarea>EL")
    recruiter.presses("Copy report")
    confirmation = "document.getElementById('ci-copied').textContent"
    recruiter.waits_until(lambda: recruiter.browser.in_frame(confirmation) == "Copied")
    recruiter.browser.in_page("scrollTo(0, 0)")
    recruiter.browser.clicks(20, 20)
    recruiter.browser.types("v", held=Keys.CONTROL)
    recruiter.waits_until(lambda: "Lindqvist" in recruiter.browser.in_page("note.value"))


def test_the_page_is_printed_with_the_whole_report(recruiter: Recruiter) -> None:
    opens_a_report(recruiter, "<h1>Profile</h1>EL")
    shape = recruiter.waits_until(lambda: recruiter.browser.in_page(f"{FRAME}.style.aspectRatio"))
    assert shape.startswith("700 / ")
    texts = recruiter.browser.in_frame(PRINTED_TEXTS)
    assert len(texts) > 40
    if recruiter.browser.prints:
        paper = PdfReader(io.BytesIO(recruiter.browser.pdf()))
        printed = letters("".join(each.extract_text() for each in paper.pages))
        assert [text for text in texts if letters(text) not in printed] == []
