"""JSON's values as they came, but for what may not be drawn."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.drawing import NOW, a_read_run, draw_failure, page_of
from widget.model import Phase
from widget.panel import panel_of
from widget.values import Number, load, neutral, outweighs


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("safe\u202e)evil(", "safe)evil("),
        ("\u2066isolated\u2069 and \u200emarked\u061c", "isolated and marked"),
        ("nul\0 bell\a delete\x7f next\x85", "nul\ufffd bell\ufffd delete\ufffd next\ufffd"),
        ("half \ud83d of \ufffe or \U0010ffff", "half \ufffd of \ufffd or \ufffd"),
        ("tab\tline\nform\freturn\r", "tab\tline\nform\freturn\r"),
        ("שלום, مرحبا, 👩\u200d🔬, caf\u00e9", "שלום, مرحبا, 👩\u200d🔬, caf\u00e9"),
    ],
)
def test_a_text_loses_only_what_may_not_be_drawn(text: str, drawn: str) -> None:
    assert neutral(text) == drawn


@given(st.text())
def test_no_text_keeps_what_html_forbids(text: str) -> None:
    for character in neutral(text):
        assert character in "\t\n\f\r" or unicodedata.category(character) not in {"Cc", "Cs"}
        assert ord(character) & 0xFFFE != 0xFFFE
        assert not 0xFDD0 <= ord(character) <= 0xFDEF
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        }
    assert neutral(neutral(text)) == neutral(text)


@pytest.mark.threat(name="injection")
def test_nothing_that_html_forbids_or_that_turns_text_round_is_drawn() -> None:
    bad = "a\u202eb\0c\x1bd\ud800e\ufffff\u2067g\x9f"
    answer = {
        "stage": bad,
        bad: bad,
        "quick_signal": {"level": bad, "reason": bad, bad: bad},
        "signals": [{"statement": bad, "sourceUrl": f"https://example.com/{bad}", bad: [bad]}],
        "report": {"candidateName": bad, "summary": bad, bad: {bad: [[[[[[[[[[bad]]]]]]]]]]}},
        "metadata": {"language": bad, "generated_at": bad, "pdf_download_url": bad},
    }
    for phase in (Phase.COMPLETED, Phase.RUNNING):
        page = page_of(panel_of(a_read_run(answer, phase), True, NOW, 90)).decode()
        assert "ab\ufffdc" in page
        assert neutral(page) == page
    assert neutral(draw_failure(bad).one("q").text) == neutral(bad)


def test_what_is_no_json_number_for_python_is_one_as_it_came() -> None:
    assert load("[1e999, -0, NaN]") == [Number("1e999"), Number("-0"), Number("NaN")]
    assert load(f"[{'9' * 10_000}]") == [Number("9" * 10_000)]


def test_a_value_weighs_as_much_as_takes_to_be_drawn() -> None:
    assert not outweighs({"a": [None] * 98}, 100)
    assert outweighs({"a": [None] * 99}, 100)
    assert not outweighs(["x" * 1_000] * 49, 100)
    assert outweighs(["x" * 1_000] * 51, 100)
    assert not outweighs(None, 1)
