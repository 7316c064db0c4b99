"""What a recruiter takes from a report: into the ATS's notes, onto paper, to the right section."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from tests.browser.embed import Embed, finished, found, many_signals
from tests.browser.recruiter import CLOSE, RUN, VIEW, Recruiter
from tests.widget.partner import reply

TICKED = "Which results at Tide & Timber were Mara’s own."
LEFT_OPEN = "The size of the team, and who can confirm it."


def opens_a_report(page: Page, embed: Embed, **members: object) -> None:
    embed.partner.on("POST", finished(**members))  # type: ignore[arg-type]
    page.goto(embed.start(embed.profile()))


def copied(page: Page) -> str:
    """What is on the clipboard once the report has been copied."""
    page.get_by_role("button", name="Copy report").click()
    expect(page.locator("#ci-copied")).to_have_text("Copied")
    return clipboard(page)


def clipboard(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read"])
    return str(page.evaluate("navigator.clipboard.readText()"))


def printed(page: Page) -> str:
    return "\n".join(sheets(page))


def sheets(page: Page) -> list[str]:
    pdf = PdfReader(BytesIO(page.pdf(format="A4")))
    return [sheet.extract_text().strip() for sheet in pdf.pages]


def shown(page: Page) -> Locator:
    return page.locator(".signal:visible")


def test_the_report_is_copied_as_text_that_reads_well_in_a_note(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, signals=many_signals(2))
    text = copied(page)
    expect(page.locator("#ci-copied")).to_have_text("")
    assert re.match(r"Report on Mara Lindqvist\nGenerated \w+ \d+, \d{4}", text)
    assert "\n\nRecommendation\nGO with validation\nMedium confidence\n" in text
    assert "\n\nWhat to validate\n[ ] When the current position began" in text
    assert (
        "\n\nInterview questions\n"
        "1. Would you walk me through the months in which you took up your current position?\n"
        "  Why: The start of the position is not settled.\n"
        "  Listen for: A plain account without gaps.\n"
        "2. Which decision" in text
    )
    assert (
        "\n\nSignals 2\n"
        "- Listed as Bridge engineer on the team page of Tide & Timber. (1)\n"
        "  High reliability · company website · https://www.example.com/team/mara-lindqvist\n"
        in text
    )
    assert "This report supports your decision; it does not make it." in text
    assert "Tick off what" not in text
    assert "3 days ago" not in text


def test_a_note_with_formats_gets_headings_lists_and_links(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, signals=many_signals(2))
    copied(page)
    html = pasted(page)
    assert html.startswith("<h2>Report on Mara Lindqvist</h2>")
    assert "<h3>Interview questions</h3><ol><li>Would you walk me through" in html
    assert html.count('<a href="https://') >= 2


def pasted(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read"])
    return str(
        page.evaluate("""async () => {
            const [item] = await navigator.clipboard.read()
            return (await item.getType("text/html")).text()
        }""")
    )


def test_the_questions_and_the_checklist_can_be_copied_by_themselves(
    embed: Embed, page: Page
) -> None:
    opens_a_report(page, embed)
    for heading, first in (
        ("Interview questions", "1. Would you walk me through"),
        ("What to validate", "[ ] When the current position began"),
    ):
        section = page.get_by_role("region", name=heading)
        section.get_by_role("button", name="Copy").click()
        expect(section.get_by_role("button")).to_have_text("Copied")
        assert clipboard(page).startswith(f"{heading}\n{first}")
        assert "Summary" not in clipboard(page)


def test_what_is_folded_away_is_found_copied_and_printed(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, scenario="long_report")
    section = page.get_by_role("region", name="Interview questions", exact=True)
    questions = section.locator(".questions > li")
    count = questions.count()
    assert count > 8
    last = questions.last
    expect(last).to_be_hidden()
    section.locator("summary", has_text=f"Show all {count}").focus()
    page.keyboard.press("Enter")
    expect(last).to_be_visible()
    page.keyboard.press("Enter")
    expect(last).to_be_hidden()
    words = " ".join(last.locator("dd").first.text_content().split())  # type: ignore[union-attr]
    assert f"{count}. {words}" in copied(page)
    expect(last).to_be_hidden()
    assert words in " ".join(printed(page).split())


def test_each_sheet_says_whose_report_it_is_and_which_page(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed)
    page.evaluate("addEventListener('beforeprint', () => { window.file = document.title })")
    papers = sheets(page)
    assert page.evaluate("window.file") == "Report on Mara Lindqvist"
    for number, sheet in enumerate(papers, 1):
        assert sheet.count("Report on Mara Lindqvist") == 1
        assert f"{number} / {len(papers)}" in sheet


@pytest.mark.parametrize("candidate", ["orange", "unknown", "long_report"])
def test_decision_reason_and_the_way_to_the_questions_are_in_the_first_view(
    recruiter: Recruiter, candidate: str
) -> None:
    """On the laptop that recruiters have: 1366 by 657 within the browser's window."""
    recruiter.page.set_viewport_size({"width": 1366, "height": 657})
    recruiter.acts_for_the_other_company_on(f"test_{candidate}")
    recruiter.presses(RUN)
    recruiter.sees("open")
    for selector in (
        ".recommendation__decision",
        ".recommendation__confidence",
        ".recommendation__reason",
        ".quick-signal__level",
    ):
        expect(recruiter.frame.locator(selector)).to_be_in_viewport(ratio=1)
    way = recruiter.frame.get_by_role("link", name=re.compile(r"Interview questions \d+"))
    expect(way).to_be_in_viewport(ratio=1)
    way.click()
    expect(recruiter.frame.locator(".questions__question").first).to_be_in_viewport()


def test_copying_works_in_the_frame_of_an_ats_that_grants_no_permission(
    recruiter: Recruiter,
) -> None:
    recruiter.acts_for_the_other_company_on("test_existing")
    recruiter.presses(RUN)
    recruiter.sees("open")
    assert recruiter.page.locator("iframe").first.get_attribute("allow") is None
    recruiter.presses("Copy report")
    expect(recruiter.frame.locator("#ci-copied")).to_have_text("Copied")
    note = recruiter.page.get_by_placeholder("Write a note for your team")
    note.focus()
    recruiter.page.keyboard.press("ControlOrMeta+v")
    assert note.input_value().startswith("Report on Leonie Vasterling\n")


def test_copying_leaves_what_is_selected_as_it_is(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed)
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.caution'))")
    selected = page.evaluate("String(getSelection())")
    page.get_by_role("button", name="Copy report").press("Enter")
    assert clipboard(page).startswith("Report on")
    assert page.evaluate("String(getSelection())") == selected


def test_copying_falls_back_on_the_permission_that_an_ats_may_grant(
    embed: Embed, page: Page
) -> None:
    opens_a_report(page, embed)
    page.evaluate("document.execCommand = () => false")
    page.context.grant_permissions(["clipboard-write"])
    assert copied(page).startswith("Report on Mara Lindqvist\n")


def test_where_copying_is_refused_that_is_said(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed)
    page.evaluate("""() => {
        document.execCommand = () => false
        navigator.clipboard.write = () => Promise.reject(new Error())
    }""")
    page.get_by_role("button", name="Copy report").click()
    expect(page.locator("#ci-copied")).to_have_text("Copying is not allowed here")


def test_a_tick_goes_into_the_copy_and_onto_paper(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed)
    page.get_by_label(TICKED).check()
    assert f"[x] {TICKED}\n[ ] {LEFT_OPEN}" in copied(page)
    page.emulate_media(media="print")
    expect(page.get_by_label(TICKED)).to_be_checked()
    expect(page.get_by_label(TICKED)).to_be_visible()


def test_a_tick_is_gone_when_the_report_is_closed_or_loaded_anew_as_the_hint_says(
    embed: Embed, page: Page
) -> None:
    opens_a_report(page, embed)
    page.get_by_label(TICKED).check()
    expect(page.get_by_text("They are not saved")).to_be_visible()
    page.get_by_role("button", name=CLOSE).click()
    page.get_by_role("button", name=VIEW).click()
    expect(page.get_by_label(TICKED)).not_to_be_checked()
    page.get_by_label(TICKED).check()
    page.reload()
    expect(page.get_by_label(TICKED)).not_to_be_checked()


def test_paper_holds_the_decision_the_questions_and_the_checklist_and_no_button(
    embed: Embed, page: Page
) -> None:
    opens_a_report(page, embed)
    paper = printed(page)
    places = [
        paper.index(text)
        for text in (
            "Report on Mara Lindqvist",
            "GO with validation",
            "What to validate",
            "Interview questions",
            "Signals",
        )
    ]
    assert places == sorted(places)
    assert re.search(r"Generated \w+ \d+, \d{4}", paper)
    for text in ("Close report", "Copy report", "days ago", "Tick off what", "hosted"):
        assert text not in paper


def test_paper_looks_the_same_whatever_the_width_of_the_frame(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 300, "height": 900})
    narrow = looks(page)
    asked = page.locator("dt", has_text="Listen for").first
    assert left_edge(asked) < left_edge(asked.locator("+ dd"))
    page.set_viewport_size({"width": 1200, "height": 900})
    assert looks(page) == narrow


def looks(page: Page) -> list[str]:
    """Sizes of letters and distances, all over the report."""
    found: list[str] = page.locator("#ci-report *").evaluate_all("""(elements) => elements
        .map((element) => getComputedStyle(element))
        .map(({ display, fontSize, padding }) => `${display} ${fontSize} ${padding}`)""")
    assert len(found) > 100
    return found


def left_edge(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["x"]


def test_no_heading_stands_at_the_foot_of_a_page(embed: Embed, browser: Browser) -> None:
    """Firefox does not heed `break-after`, so it may not be what keeps them from there."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    for lines in range(22, 44, 2):
        report = {
            "summary": "Line.\n" * lines,
            "interviewQuestions": [
                {"question": "Why here? " * 12, "why": "Because. " * 20, "listenFor": "Reasons."}
            ],
        }
        opens_a_report(page, embed, report=report)
        page.add_style_tag(content="h2 { break-after: auto !important }")
        assert [sheet for sheet in sheets(page) if sheet.endswith("Interview questions")] == []
    context.close()


def test_many_signals_can_be_filtered_by_reliability(embed: Embed, page: Page) -> None:
    signals = many_signals(12)
    signals[3] = signals[3] | {"reliability": "Disputed"}
    opens_a_report(page, embed, signals=signals)
    expect(shown(page)).to_have_count(5)
    for word in ("High", "Medium", "Other"):
        expected = [s for s in signals if s["reliability"] == word.replace("Other", "Disputed")]
        page.get_by_role("radio", name=f"{word} {len(expected)}").check()
        expect(shown(page)).to_have_count(len(expected))
        expect(shown(page).first).to_contain_text(expected[0]["statement"])
        said = f"Signals {len(expected)} of 12: {word}"
        expect(page.get_by_role("heading", name=said)).to_be_visible()
    assert copied(page).partition("Signals 1 of 12: Other\n")[2].count("- ") == 1
    assert "1 of 12: Other" in printed(page)
    page.get_by_role("radio", name="All 12").check()
    expect(shown(page)).to_have_count(5)


def test_a_grave_risk_looks_unlike_a_reliable_source(embed: Embed, page: Page) -> None:
    levels = ("High", "Medium", "Low")
    report = {
        "risks": [{"risk": "One.", "severity": level} for level in levels],
        "verifiedFindings": [{"finding": "One.", "reliability": level} for level in levels],
    }
    opens_a_report(page, embed, report=report)
    risks, findings = (page.get_by_role("region", name=n) for n in ("Risks", "Verified findings"))
    for region, shape, other in ((risks, ".severity", ".bars"), (findings, ".bars", ".severity")):
        expect(region.locator(".scale")).to_have_text([*levels])
        assert len(set(region.locator(shape).evaluate_all(SHAPES))) == len(levels)
        expect(region.locator(other)).to_have_count(0)


SHAPES = "(icons) => icons.map((icon) => icon.innerHTML)"


def test_few_signals_need_no_filter(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, signals=many_signals(8))
    expect(shown(page)).to_have_count(8)
    expect(page.get_by_role("radio")).to_have_count(0)


def test_each_section_is_two_jumps_from_any_other_and_none_is_a_step_in_the_history(
    embed: Embed, page: Page
) -> None:
    page.set_viewport_size({"width": 320, "height": 500})
    opens_a_report(page, embed, scenario="long_report")
    steps = page.evaluate("history.length")
    for name in ("Interview questions", "Risks", "Signals"):
        link = page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}"))
        link.focus()
        page.keyboard.press("Enter")
        heading = page.get_by_role("heading", name=re.compile(f"^{name}"))
        expect(heading).to_be_in_viewport()
        expect(heading).to_be_focused()
        assert heading.evaluate("heading => getComputedStyle(heading).outlineStyle") == "solid"
        page.get_by_role("region", name=re.compile(f"^{name}")).get_by_role(
            "link", name="Back to top"
        ).click()
        expect(link).to_be_in_viewport()
    assert page.evaluate("history.length") == steps


def test_a_short_report_needs_no_links_to_its_sections(embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, report={"summary": "Solid."})
    expect(page.get_by_text("Solid.")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)


def test_the_date_is_told_as_time_that_has_passed_and_exactly_on_demand(
    embed: Embed, page: Page
) -> None:
    opens_a_report(page, embed)
    generated = page.locator("time", has_text="3 days ago")
    expect(generated).to_be_visible()
    stamp = str(generated.get_attribute("datetime"))
    assert abs(datetime.now(UTC) - timedelta(days=3) - datetime.fromisoformat(stamp)) < timedelta(
        minutes=5
    )
    here = """stamp => new Intl.DateTimeFormat("en", {
        month: "long", day: "numeric", year: "numeric",
        hour: "numeric", minute: "2-digit", timeZoneName: "short",
    }).format(new Date(stamp))"""
    expect(generated).to_have_attribute("title", page.evaluate(here, stamp))
    opens_a_report(page, embed, days_ago=0)
    expect(page.locator(".report__when")).to_have_text(re.compile("Generated just now"))


def test_on_paper_and_in_a_copy_it_is_told_by_the_readers_clock(
    embed: Embed, browser: Browser
) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    opens_a_report(page, embed, metadata={"generated_at": "2026-01-31T20:05:00Z"})
    told = "Generated February 1, 2026 at 5:05 AM GMT+9"
    assert told in copied(page)
    assert told in printed(page)
    context.close()


@pytest.mark.parametrize(
    ("generated_at", "told"),
    [
        ("2026-11-24T07:00:00", "ago"),  # without a time zone
        ("2999-01-01T00:00:00Z", "Generated just now"),  # by a clock that is ahead
        ("last week", "Generated last week"),
    ],
)
def test_a_date_of_any_kind_is_told(generated_at: str, told: str, embed: Embed, page: Page) -> None:
    opens_a_report(page, embed, metadata={"generated_at": generated_at})
    expect(page.locator(".report__when")).to_contain_text(told)


def test_a_long_report_opens_at_its_decision_wherever_the_reader_was(
    embed: Embed, page: Page
) -> None:
    page.set_viewport_size({"width": 320, "height": 400})
    embed.partner.on("POST", reply(retry_after="1", **found(6)))
    embed.partner.on("GET", reply(retry_after="1", **found(6)))
    page.goto(embed.start(embed.profile()))
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    embed.partner.on("GET", finished("long_report"))
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "open")
    expect(page.locator(".recommendation__decision")).to_be_in_viewport()


def test_a_press_that_does_not_get_through_says_so(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", finished())
    page.goto(embed.profile())
    page.context.set_offline(True)
    page.get_by_role("button", name=RUN).click()
    expect(page.locator("#ci-status")).to_contain_text("That didn’t go through.")
    page.context.set_offline(False)
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_role("button", name=CLOSE)).to_be_visible()


def test_a_lost_connection_is_said_and_the_run_goes_on_after_it(embed: Embed, page: Page) -> None:
    embed.partner.on("POST", reply(retry_after="1", **found(6)))
    embed.partner.on("GET", reply(retry_after="1", **found(6)))
    page.goto(embed.start(embed.profile()))
    page.context.set_offline(True)
    expect(page.locator("#ci-stage")).to_have_text("No answer yet. Trying again…")
    embed.partner.on("GET", finished())
    page.context.set_offline(False)
    expect(page.get_by_role("button", name=CLOSE)).to_be_visible()
