"""The interface in its languages, as recruiters see it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from demo_ats.servers import local
from tests.browser.embed import Embed, finished
from tests.browser.recruiter import RUN
from tests.widget.partner import reply
from widget.languages import LANGUAGES

LABELS = {
    "en": (RUN, "Running intelligence report...", "Cancel", "✕ Close report"),
    "fr": (
        "Générer le rapport Candidate Intelligence",
        "Génération du rapport...",
        "Annuler",
        "✕ Fermer le rapport",
    ),
    "de": (
        "Candidate-Intelligence-Bericht erstellen",
        "Bericht wird erstellt...",
        "Abbrechen",
        "✕ Bericht schließen",
    ),
    "es": (
        "Generar informe Candidate Intelligence",
        "Generando el informe...",
        "Cancelar",
        "✕ Cerrar informe",
    ),
    "it": (
        "Genera report Candidate Intelligence",
        "Generazione del report...",
        "Annulla",
        "✕ Chiudi report",
    ),
}
AGO = {
    "en": "Generated 3 days ago",
    "fr": "Généré il y a 3 jours",
    "de": "Erstellt vor 3 Tagen",
    "es": "Generado hace 3 días",
    "it": "Generato 3 giorni fa",
}
EXPIRED = {
    "en": "This view has expired.",
    "fr": "Cet affichage a expiré.",
    "de": "Diese Ansicht ist abgelaufen.",
    "es": "Esta vista ha caducado.",
    "it": "Questa visualizzazione è scaduta.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_run_is_followed_in_the_sessions_language(
    language: str, embed: Embed, page: Page
) -> None:
    run, running, cancel, close = LABELS[language]
    embed.partner.on("POST", reply("queued", retry_after="1"))
    embed.partner.on("GET", reply(retry_after="600"))
    page.goto(embed.profile(language=language))
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    page.get_by_role("button", name=run, exact=True).click()
    expect(page.get_by_role("button", name=running, exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name=cancel, exact=True)).to_be_visible()

    embed.partner.on("POST", finished())
    page.goto(embed.start(embed.profile(language=language)))
    expect(page.get_by_role("button", name=close, exact=True)).to_be_visible()
    expect(page.locator(".report__when")).to_have_text(re.compile(rf"^\s*{AGO[language]}"))


@pytest.mark.parametrize(("asked", "shown"), [("fr-CH", "fr"), ("DE_at", "de"), ("pt-BR", "en")])
def test_a_region_is_heeded_no_further_and_an_unknown_language_is_english(
    asked: str, shown: str, embed: Embed, page: Page
) -> None:
    embed.partner.on("POST", reply("queued"))
    page.goto(embed.profile(language=asked))
    expect(page.locator("html")).to_have_attribute("lang", shown)
    page.get_by_role("button", name=LABELS[shown][0], exact=True).click()
    expect(page.get_by_role("button", name=LABELS[shown][1], exact=True)).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_session_is_gone_the_browsers_language_is_spoken(
    language: str, embed: Embed, browser: Browser
) -> None:
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(embed.expired())
    expect(page.get_by_text(EXPIRED[language])).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.goto(embed.unknown())
    expect(page.locator("html")).to_have_attribute("lang", language)
    context.close()


def test_a_session_that_expires_on_the_screen_says_so_in_its_own_language(
    embed: Embed, browser: Browser
) -> None:
    context = browser.new_context(locale="it")
    page = context.new_page()
    address = embed.profile(language="de")
    page.goto(address)
    embed.expire(address)
    page.get_by_role("button", name=LABELS["de"][0]).click()
    expect(page.get_by_text(EXPIRED["de"])).to_be_visible()
    context.close()


def test_a_report_that_runs_from_right_to_left_is_read_from_there(embed: Embed, page: Page) -> None:
    """An interface in English around a report in Arabic."""
    text = "مهندسة بيانات بخبرة عشر سنوات"
    report = {
        "recommendation": {"decision": text, "evidence": [text]},
        "summary": text,
        "whatToValidate": [text],
        "interviewQuestions": [text],
    }
    embed.partner.on("POST", finished(report=report, signals=[{"statement": text}]))
    page.goto(embed.start(embed.profile(language="ar")))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    everywhere = (
        ".recommendation__decision",
        ".recommendation .items__item",
        ".section--plain .text",
        ".ticks__tick",
        ".questions__question",
        ".signal__statement",
    )
    for part in everywhere:
        expect(page.locator(part).first).to_have_css("direction", "rtl")
    box = page.locator(".ticks__tick input").bounding_box()
    words = page.locator(".ticks__tick span").bounding_box()
    assert box
    assert words
    assert box["x"] > words["x"]


SAID = "Texto"  # each text of the reports below
KEYS = {"Odd", "Deeper", "Extra"}  # their headings made from keys


@pytest.mark.parametrize(
    ("asked", "written", "interface", "texts"),
    [
        ("pt-BR", "pt-BR", "en", "pt-BR"),
        ("pt_BR", None, "en", "pt-BR"),
        ("pt", "Portuguese", "en", "pt"),
        ("fr", "de", "fr", "de"),
        ("pt", "fr-CH", "en", "fr-CH"),
        ("de-AT", "de-CH", "de", "de"),
        ("Klingon", None, "en", "en"),
    ],
)
def test_a_report_is_read_out_in_its_own_language_and_its_headings_in_the_interfaces(
    asked: str, written: str | None, interface: str, texts: str, embed: Embed, page: Page
) -> None:
    embed.partner.on("POST", finished(**said(), metadata={"language": written}))
    page.goto(embed.start(embed.profile(language=asked)))
    expect(page.locator("#candidate-intelligence")).to_have_attribute("data-state", "open")
    words = languages_of_words(page)
    keys = [word for word in words if word["text"] in KEYS]
    assert len(keys) == 6
    assert {word["lang"] for word in keys} == {"en"}
    theirs = [word for word in words if SAID in word["text"]]
    assert len(theirs) == 14
    assert {word["lang"] for word in theirs} == {texts}
    ours = [word for word in words if word not in keys and word not in theirs]
    assert len(ours) > 20
    assert [word for word in ours if word["lang"] != interface] == []


def test_what_is_found_is_in_the_language_that_the_run_asked_for(embed: Embed, page: Page) -> None:
    found = said()
    running = reply(quick_signal=found["quick_signal"], signals=found["signals"], retry_after="600")
    embed.partner.on("POST", running)
    page.goto(embed.start(embed.profile(language="pt")))
    words = languages_of_words(page)
    assert [word["lang"] for word in words if SAID in word["text"]] == ["pt"] * 3
    assert {word["lang"] for word in words if SAID not in word["text"]} == {"en"}


def said() -> dict[str, Any]:
    """What the API says of a candidate, with a text at each place where there may be one."""
    return {
        "report": {
            "recommendation": {"decision": SAID, "reason": SAID, "evidence": [SAID]},
            "summary": SAID,
            "whatToValidate": [SAID],
            "interviewQuestions": [{"question": SAID, "whyItMatters": SAID}],
            "risks": {"odd": [[SAID]], "severity": "High"},
            "odd": SAID,
            "deeper": {"whyItMatters": SAID},
        },
        "quick_signal": {"level": "Orange", "reason": SAID},
        "signals": [{"statement": SAID, "sourceType": SAID, "reliability": "High"}],
        "extra": SAID,
    }


def languages_of_words(page: Page) -> list[dict[str, str]]:
    """Each text in the page, and the language that it is read out in."""
    words: list[dict[str, str]] = page.evaluate("""() => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
        const words = []
        while (walker.nextNode()) {
            const { data, parentElement } = walker.currentNode
            const { lang } = parentElement.closest("[lang]")
            if (data.trim()) words.push({ text: data.trim(), lang })
        }
        return words
    }""")
    return words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_the_interface_is_broken(language: str, embed: Embed, page: Page) -> None:
    address = embed.open_unknown(language=language)
    for width in (300, 640, 700):
        page.set_viewport_size({"width": width, "height": 600})
        page.goto(address)
        assert page.evaluate(BROKEN) == []


# Words of headings, labels and buttons that begin on one line and end on another.
BROKEN = r"""() => [...document.querySelectorAll("button, h1, h2, h3, dt, .jump, .filter *")]
  .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE))
  .flatMap((text) => [...text.data.matchAll(/[^\s-]+/g)].filter(({ 0: word, index }) => {
    const range = document.createRange()
    range.setStart(text, index)
    range.setEnd(text, index + word.length)
    return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1
  }).map(([word]) => word))"""


def test_no_word_of_the_interface_depends_on_a_script(embed: Embed) -> None:
    html = local.get(embed.idle(language="es")).text
    assert LABELS["es"][0] in html
