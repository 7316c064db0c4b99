"""The interface in its languages, as recruiters see it."""

import re

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.embed import Embed, finished
from tests.browser.recruiter import RUN
from tests.widget.partner import reply
from widget.languages import LANGUAGES

LABELS = {
    "en": (RUN, "Running intelligence report...", "Cancel", "✕ Close report"),
    "fr": (
        "Générer le rapport Candidate Intelligence",
        "Génération du rapport en cours...",
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
        "Generazione del report in corso...",
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


def test_no_word_of_the_interface_depends_on_a_script(embed: Embed) -> None:
    html = httpx2.get(embed.idle(language="es"), trust_env=False).text
    assert LABELS["es"][0] in html
