"""Hostile strings in every field: they stay text, and change nothing of the page around them.

What a browser makes of the same strings is in `tests/browser/test_hostile.py`.
"""

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests import hostile
from tests.widget.client import open_session
from tests.widget.drawing import a_read_run, draw, draw_failure, draw_report
from tests.widget.markup import Markup
from widget.links import link
from widget.long_words import with_soft_breaks
from widget.model import Phase
from widget.values import neutral

Shapes = set[tuple[str, frozenset[str]]]

LINKS = {
    ("a", frozenset({"href", "target", "rel"})),
    ("a", frozenset({"class", "href", "target", "rel"})),
    ("span", frozenset({"class", "dir"})),  # the host of the hosted report
}


def everywhere(text: str) -> dict[str, Any]:
    """A resource with a text as every value, and as a key wherever keys are free."""
    anything = {text: text, "list": [text, {text: [text]}], "nested": {"deeper": {text: text}}}
    return {
        "stage": text,
        "quick_signal": {"level": text, "reason": text, "identityConfidence": text, **anything},
        "signals": [
            {"statement": text, "sourceType": text, "sourceUrl": text, "reliability": text},
            {"statement": "plain", **anything},
            text,
        ],
        "report": {
            "candidateName": text,
            "recommendation": {
                "decision": text,
                "confidence": text,
                "reason": text,
                "evidence": [text],
                **anything,
            },
            "summary": text,
            "whatToValidate": [text],
            "interviewQuestions": [{"question": text, "why": text}],
            "many": [text] * 10,
            **anything,
        },
        "metadata": {
            "report_id": text,
            "language": text,
            "generated_at": text,
            "pdf_download_url": text,
            **anything,
        },
        "error": text,
        **anything,
    }


def shapes(*pages: Markup) -> Shapes:
    return {
        (element.tag, frozenset(element.attributes)) for page in pages for element in page.elements
    }


def drawings(text: str) -> list[Markup]:
    return [
        draw_report(**everywhere(text)),
        draw(a_read_run(everywhere(text), Phase.RUNNING)),
        draw_failure(text),
        draw_failure({"message": text, "code": text}),
    ]


MANY_PLAIN = [{"statement": "plain", "reliability": "High"}] * 100
KNOWN = shapes(*drawings("plain"), *drawings("High"), *drawings("Red")) | LINKS


def test_hostile_strings_are_text_and_add_neither_elements_nor_attributes() -> None:
    for text in hostile.OWN:
        pages = drawings(text)
        assert shapes(*pages) <= KNOWN, text
        report, running, *failures = pages
        texts = {element.text for element in report.elements}
        links = {link.attributes["href"] for link in report.all("a", target="_blank")}
        assert neutral(text).strip() in texts | links, text
        assert neutral(text) in running.elements[0].texts, text
        for failure in failures:
            assert neutral(text).strip() == failure.one("q").text
        assert all(href and link(href) for href in links), text


@pytest.mark.threat(name="injection")
def test_naughty_strings_are_text_and_add_neither_elements_nor_attributes() -> None:
    naughty = hostile.naughty()
    assert len(naughty) > 500
    page = draw_report(
        report={"strings": naughty, "objects": [{text: text for text in naughty}]},
        signals=[dict.fromkeys(("statement", "sourceType", "reliability"), t) for t in naughty],
    )
    assert shapes(page) <= KNOWN | shapes(draw_report(signals=MANY_PLAIN))
    texts = {element.text for element in page.elements}
    assert {neutral(text).strip() for text in naughty} <= texts


def test_no_attribute_but_a_links_holds_what_came() -> None:
    marker = "hostile-marker"
    for page in drawings(marker):
        for element in page.elements:
            assert not any(marker in (value or "") for value in element.attributes.values())


def test_hostile_strings_in_every_field_of_a_session_change_nothing_of_the_page(
    http: TestClient,
) -> None:
    plain = page_of(http, "plain", "en")
    for text in [*hostile.OWN, *hostile.naughty()[::10]]:
        if text == neutral(text):
            page = page_of(http, text, text)
            assert shapes(page) == shapes(plain), text
            assert page.text == plain.text, text


def test_the_name_in_the_profile_loses_what_turns_text_round_or_breaks_the_page() -> None:
    report = {"report": {"candidateName": "Jonas Weber"}}
    page = draw(a_read_run(report), profile_name="Mara\u202e\0 Lindqvist")
    names = [name.text for name in page.one("div", id="ci-other-name").inside if name.tag == "bdi"]
    assert names == ["Jonas Weber", "Mara\ufffd Lindqvist"]


def page_of(http: TestClient, text: str, language: str) -> Markup:
    person = {"id": text, "first_name": text, "last_name": text, "company": text}
    candidate = {**person, "location": text, "role": text, "cv": text}
    page = http.get(open_session(http, candidate, client=person, language=language))
    assert page.status_code == 200
    return Markup(page.text.removeprefix("<!doctype html>"))


@pytest.mark.parametrize("letter", ["A", "&", "\u0645", "😀", "\ufffd", "\u0301"])
def test_a_word_without_end_can_be_broken_wherever_it_is_drawn(letter: str) -> None:
    word = letter * 5_000
    page = draw_report(report={word: word, "list": [word]}, signals=[{"statement": word}])
    assert word in {element.text for element in page.elements}
    assert len(page.all("wbr")) >= 4 * (len(word) // 500 - 1)


def test_a_soft_break_parts_no_letter_from_its_marks() -> None:
    page = draw_report(report={"list": ["\u0e01\u0e34" * 5_000]})
    texts = [text for element in page.elements for text in element.texts]
    assert len(page.all("wbr")) > 10
    assert not any(text.startswith("\u0e34") for text in texts)


@pytest.mark.parametrize(
    "text", ["\ufffd" * 500_000, "e" + "\u0301" * 499_999, f"{'x' * 499} " * 1_000]
)
def test_no_word_takes_long_to_be_given_its_breaks(text: str) -> None:
    started = time.process_time()
    html = with_soft_breaks(f"<p>{text}</p>")
    assert time.process_time() - started < 1
    assert html.replace("<wbr>", "") == f"<p>{text}</p>"
