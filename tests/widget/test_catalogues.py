"""The catalogues are complete, and up to date with the templates; and no word escapes them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from gettext import NullTranslations
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from starlette.requests import Request

from scripts.catalogues import extract, read
from tests.widget.drawing import NOW, PAGES, a_run, draw, draw_panel
from tests.widget.markup import Markup
from widget import pages
from widget.languages import LANGUAGES, SOURCE
from widget.model import Permission, Phase, Reason
from widget.panel import EXPIRED, panel_of
from widget.templates import Templates, environment

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def messages_of(language: str) -> list[Message]:
    return [message for message in read(language) if message.id]


def forms(texts: Any) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    """What the templates and the code say. To look through them takes half a second."""
    return extract()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_the_messages_of_the_templates_and_no_other(
    language: str, extracted: Catalog
) -> None:
    needed = {(message.id, message.context) for message in extracted if message.id}
    assert len(needed) > 80
    assert {(message.id, message.context) for message in messages_of(language)} == needed
    assert not read(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_its_placeholders(language: str) -> None:
    for message in messages_of(language):
        assert not message.fuzzy, message.id
        placeholders = set(PLACEHOLDER.findall(forms(message.id)[0]))
        for text in forms(message.string):
            assert text.strip(), message.id
            assert set(PLACEHOLDER.findall(text)) == placeholders, message.id
            assert text.count("%") == len(PLACEHOLDER.findall(text)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_ends_as_the_original_does(language: str) -> None:
    for message in messages_of(language):
        for original, text in zip(forms(message.id), forms(message.string), strict=True):
            end = original[-1] if original[-1] in ".:…" else ""
            assert not end or text.endswith(end), message.id


def test_french_keeps_its_signs_with_their_words() -> None:
    for message in messages_of("fr"):
        assert not re.search(r" [:;?!]", "".join(forms(message.string))), message.id


# A language in which each message stands in brackets, so that what is not marked stands outside


class Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return f"⟦{singular if n == 1 else plural}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{context}: {message}⟧"


@pytest.fixture(scope="module")
def bracketed() -> list[Markup]:
    """Each state and page in this language."""
    bracketing = Templates(SOURCE, Bracketed())
    bracketing.filters |= dict.fromkeys(("ago", "from_now", "language_name"), lambda *_: "1")
    bracketing.filters |= {"listed": lambda names, _: " ".join(names)}
    bracketing.filters |= {"moment": lambda *_: "2"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pages, "environment", lambda _: bracketing)
        return [*partials(), *wholes()]


# No text of it has a letter, and no key is unknown.
SIGNALS = [
    {"statement": "1", "sourceType": "1", "reliability": level}
    for level in ("High", "Medium", "Low", "1") * 3
]
WORDLESS = {
    "stage": "enrichment",
    "quick_signal": {"level": "1", "reason": "1", "identityConfidence": "1"},
    "signals": SIGNALS,
}
REPORT = {
    "candidateName": "1",
    "recommendation": {"decision": "1", "confidence": "1", "reason": "1", "evidence": ["1"]},
    "summary": "1",
    "whatToValidate": ["1"],
    "interviewQuestions": [True, None],
    "verifiedFindings": ["1"],
    "unexpectedSignals": [False],
    "risks": [],
}
METADATA = {"language": "1", "generated_at": "1", "pdf_download_url": "https://127.0.0.1/"}


LABELS = environment(SOURCE).get_template("_words.html").module.labels  # type: ignore[attr-defined]
DETAILS = ("first_name", "last_name", "company", "location", "role", "cv")


def partials() -> Iterator[Markup]:
    yield draw(None)
    yield draw(None, appearance={"intro": True})
    yield draw(None, permissions={Permission.VIEW})
    yield draw(a_run(None), permissions={Permission.RUN})
    yield draw(a_run({}, Phase.RUNNING))
    for stage in ("queued", "identity", "enrichment", "report", "done"):
        yield draw(a_run({**WORDLESS, "stage": stage}, Phase.RUNNING))
    for level in ("Green", "Orange", "Red", "1", None):
        quick_signal = {"level": level, "reason": "1", "identityConfidence": "1"}
        yield draw(a_run({"quick_signal": quick_signal}, Phase.RUNNING))
    for phase in (Phase.RUNNING, Phase.CANCELING):
        for failures in (0, 1):
            yield draw(a_run(WORDLESS, phase, failures=failures))
    for confidence in ("High", "Medium", "Low", "1"):
        recommendation = {"decision": "1", "confidence": confidence}
        yield draw(a_run({"report": {"recommendation": recommendation}}))
    report = {**WORDLESS, "report": REPORT, "metadata": METADATA}
    yield draw(a_run(report))
    yield draw(a_run(report, left_out=1))
    yield draw(a_run(report, left_out=2))
    yield draw(a_run({**report, "metadata": {"generated_at": "2999-01-01T00:00Z"}}))
    yield draw(a_run({**report, "id": "1", "signals": SIGNALS[:2]}))
    yield draw(a_run({"report": {"summary": "1"}, "signals": [], "1": "1"}))
    yield draw(a_run(report), watching=False)
    yield draw(a_run({"report": {"candidateName": "李小龙"}}), profile_name="王大伟")
    yield draw(a_run({"report": {"level": ["1"] * 9, **{label: ["1"] for label in LABELS}}}))
    for word in ("critical", "severe", "moderate"):
        yield draw(a_run({"report": {"severity": word}}))
    yield draw(a_run({}, Phase.STARTING, analysis_id=None, busy_until=NOW + 9))
    for resource in ({}, WORDLESS):
        yield draw(a_run(resource, Phase.RUNNING, started_at=NOW - 10))
    canceled = panel_of(a_run(None, Phase.CANCELED, reason=Reason.CANCELED), True, NOW, 90)
    yield draw_panel(replace(canceled, canceled_elsewhere=True, sent=DETAILS))
    yield draw_panel(replace(canceled, starts_at=datetime.fromtimestamp(NOW, UTC)))
    for reason in Reason:
        for phase in (Phase.FAILED, Phase.CANCELED):
            yield draw(a_run({"error": "1"}, phase, reason=reason))
        yield draw(a_run(None, reason=reason))


def wholes() -> Iterator[Markup]:
    request = Request({"type": "http", "path_params": {"token": "1"}, "headers": []})
    for status in (403, 404, 405, 500, 503):
        yield Markup(_html(PAGES.failure(request, status)))
    yield Markup(_html(PAGES.widget(request, EXPIRED, status=410)))


def _html(response: Any) -> str:
    return bytes(response.body).decode().replace("<!doctype html>\n", "")


def unmarked(markup: Markup) -> list[str]:
    """What is read out or shown, and stands outside of the brackets."""
    told = {
        *("aria-label", "title", "alt", "placeholder"),
        *("data-done", "data-failed", "data-view", "data-canceling"),
    }
    texts = [markup.text, *(template.text for template in markup.all("template"))]
    for element in markup.elements:
        texts += [element.attributes[name] or "" for name in told & element.attributes.keys()]
    return [word for text in texts for word in re.findall(r"[^\W\d_]+", _outside(text))]


def _outside(text: str) -> str:
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = less
    return text


def test_every_word_in_every_state_can_be_translated(bracketed: list[Markup]) -> None:
    for markup in bracketed:
        assert unmarked(markup) == []
        assert "⟦" in markup.text


def test_every_message_is_seen_in_one_of_the_states(
    bracketed: list[Markup], extracted: Catalog
) -> None:
    """So that the test above leaves none out."""
    drawn = "".join(
        f"{element.text}{element.attributes}" for markup in bracketed for element in markup.elements
    )
    drawn = re.sub(r"\s+", " ", drawn)
    for message in extracted:
        for text in forms(message.id):
            start = PLACEHOLDER.split(text)[0]
            assert f"⟦{start}" in drawn or f"⟦{message.context}: {start}" in drawn, text


def test_a_word_outside_of_the_catalogues_would_be_found() -> None:
    assert unmarked(Markup("<p>⟦Report on ⟦High⟧⟧ 12 – <b title='⟦Yes⟧'>⟦No⟧</b></p>")) == []
    assert unmarked(Markup("<p>⟦Report⟧ on <b title='Yes'>⟦No⟧</b></p>")) == ["on", "Yes"]
