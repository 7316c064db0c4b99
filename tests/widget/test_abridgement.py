"""Answers of any size and shape: what is kept of them, what is counted, and what they cost."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.widget.drawing import NOW, a_read_run, draw, draw_report, page_of
from widget import abridgement
from widget.abridgement import MAX_DEPTH, MAX_VALUES, abridge
from widget.model import Phase, Run
from widget.panel import panel_of
from widget.values import Number, load, neutral

A_SMALL_PAGE = {"MAX_VALUES": 200, "MAX_PAGE_BYTES": 80_000}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text('abAB_"\\\n é'), values),
    max_leaves=15,
)
json_objects = st.dictionaries(st.text('abAB_"\\\n é'), json_values, min_size=1)
spaces = st.text(" \t\n\r", max_size=3)

# An answer with so many parts, by its shape: the costliest of what can be drawn.
SHAPES: dict[str, Callable[[int], Any]] = {
    "numbers": lambda n: {"report": {"a": [1] * n}},
    "words with bars": lambda n: {"report": {"a": ["High"] * n}},
    "sections": lambda n: {"report": {f"k{i}": "High" for i in range(n)}},
    "fields": lambda n: {"report": {"a": {f"k{i}": "High" for i in range(n)}}},
    "objects in a list": lambda n: {"report": {"a": [{"b": "High"}] * n}},
    "nested lists": lambda n: {"report": {"a": [[[[["High"]]]]] * n}},
    "nested objects": lambda n: {"report": {"a": [{"b": {"c": {"d": "High"}}}] * n}},
    "nested too deep": lambda n: {"report": {"a": [[[[[[[[[[["High"]]]]]]]]]]] * n}},
    "questions": lambda n: {"report": {"questions": [{"question": "High", "b": "High"}] * n}},
    "things to validate": lambda n: {"report": {"whatToValidate": ["High"] * n}},
    "links": lambda n: {"report": {"a": ["https://example.com/a/b"] * n}},
    "empty signals": lambda n: {"signals": [{}] * n},
    "signals": lambda n: {"signals": [{"reliability": "High", "b": "High"}] * n},
    "quick signal": lambda n: {"quick_signal": {f"k{i}": "High" for i in range(n)}},
    "a text": lambda n: {"quick_signal": {"level": "x" * 400 * n}},
    "a text to be escaped": lambda n: {"report": {"summary": "&" * 100 * n}},
    "a link": lambda n: {"report": {"a": "https://example.com/" + "x" * 400 * n}},
    "a key": lambda n: {"report": {"a": {"kK" * 100 * n: 1}}},
    "a name of a section": lambda n: {"report": {"kK" * 100 * n: [1, 1]}},
    "values below a long key": lambda n: {"report": {"a": {"k" * 20 * n: [{"k": 1}] * n}}},
    "digits": lambda n: {"report": {"a": 7}, "nought": [0] * 40 * n},
}


# What is kept


def test_no_report_is_so_full_of_small_parts_that_the_status_or_the_link_is_lost() -> None:
    metadata = {"pdf_download_url": "https://intelligence.example.com/reports/1.pdf?sig=abc"}
    around = {"id": "analysis_1", "status": "completed", "metadata": metadata}
    kept, left_out = abridge(
        json.dumps({"report": dict.fromkeys(map(str, range(99_999)), 1)} | around)
    )
    assert left_out > 90_000
    assert json.loads(kept).items() >= around.items()


@given(json_objects, spaces)
@example({"a": [], "b": {}, "": [[], {}, [{}], {"c": []}]}, "")
@example({"a": [[[[[[[[[[[["deep", "\u202e"]]]]]]]]]]]]}, " ")
@example({"a": [{"b": [1, {"c": 2}], "d": [[1], [], 2]}]}, "\n")
@example({"report": {"a": [{"b": 1}, {"b": {"c": 1}}, 3], "d": "\ud800"}}, "\t")
def test_what_is_within_the_limits_is_kept_as_it_came(answer: dict[str, Any], space: str) -> None:
    text = json.dumps(answer, separators=(f"{space},{space}", f"{space}:{space}"))
    kept, left_out = gone_through(text)
    assert is_kept(load(text), load(kept))
    assert left_out == 0
    assert load(abridge(text)[0]) == load(kept)


def gone_through(text: str) -> tuple[str, int]:
    """As `abridge`, for any answer as for one that is large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(abridgement, "_is_good_as_it_is", lambda _: False)
        return abridge(text)


def is_kept(value: Any, kept: Any, depth: int = 0) -> bool:
    match value:
        case dict() | list() if value and depth == MAX_DEPTH:
            return is_kept(value, load(kept), depth + 1)
        case dict():
            return list(map(neutral, value)) == list(kept) and all(
                is_kept(*pair, depth + 1)
                for pair in zip(value.values(), kept.values(), strict=True)
            )
        case list():
            return all(is_kept(*pair, depth + 1) for pair in zip(value, kept, strict=True))
        case str():
            return bool(kept == neutral(value))
    return bool(kept == value)


@given(json_objects, st.data())
def test_what_is_no_json_is_refused_and_nothing_else(answer: dict[str, Any], data: Any) -> None:
    text = json.dumps(answer, ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    text = text[:start] + data.draw(st.text('"\\[]{},:01eE+-.u \n\x01tfn', max_size=3)) + text[end:]
    try:
        is_an_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_an_object = False
    for read in (abridge, gone_through):
        if is_an_object:
            read(text)
        else:
            with pytest.raises(ValueError, match=r"answer|Expecting|Extra|Invalid|Unterminated"):
                read(text)


@pytest.mark.parametrize("text", ['{"a": "\u202e"} b', '{"a": "\u202e"]'])
def test_what_is_no_json_is_refused_where_it_turns_text_round_as_well(text: str) -> None:
    with pytest.raises(ValueError, match="answer is not JSON"):
        abridge(text)


def test_an_answer_that_is_nested_without_end_is_kept_to_its_depth() -> None:
    kept, _ = abridge('{"a":' * 2000 + "1" + "}" * 2000)
    assert list(json.loads(kept)) == ["a"]


def test_what_is_too_much_is_left_out_and_counted_and_what_is_small_is_kept_first() -> None:
    answer: dict[str, Any] = {
        "signals": [{"statement": f"Signal {i}", "reliability": "High"} for i in range(6_000)],
        "report": {"essay": "x" * 3_000_000, "recommendation": {"decision": "Advance"}},
        "metadata": {"pdf_download_url": "https://example.com/1"},
        "status": "completed",
    }
    text, left_out = abridge(json.dumps(answer))
    kept = json.loads(text)
    assert kept["status"] == "completed"
    assert kept["metadata"] == answer["metadata"]
    assert kept["report"] == {"recommendation": {"decision": "Advance"}}
    assert list(kept) == ["signals", "report", "metadata", "status"]
    signals = kept["signals"]
    assert signals[:-1] == answer["signals"][: len(signals) - 1]
    assert 0 < len(signals) < MAX_VALUES
    shown = sum(map(len, signals)) + 3
    assert left_out == 2 * 6_000 + 4 - shown


def test_at_most_so_many_values_are_kept() -> None:
    text, left_out = abridge(json.dumps({"report": {"a": list(range(7_000))}}))
    assert json.loads(text) == {"report": {"a": list(range(MAX_VALUES))}}
    assert left_out == 7_000 - MAX_VALUES


def test_a_text_that_is_too_long_is_cut_short_and_counts_as_left_out() -> None:
    text, left_out = abridge(json.dumps({"report": {"summary": "word " * 1_000_000}}))
    (summary,) = json.loads(text)["report"].values()
    assert summary.startswith("word word ")
    assert summary.endswith("…")
    assert left_out == 1


def test_numbers_keep_their_digits_and_a_text_of_json_is_readable() -> None:
    text = '{"a": [1e999, -0, 1E400, 0.1000, NaN, -Infinity], "b": %s}' % (
        "[" * 11 + '"caf\\u00e9\\n", 1.50' + "]" * 11
    )
    for read in (abridge, gone_through):
        kept = load(read(text)[0])
        literals = ("1e999", "-0", "1E400", "0.1000", "NaN", "-Infinity")
        assert kept["a"] == [Number(literal) for literal in literals]
    deep = load(gone_through(text)[0])["b"]
    for _ in range(MAX_DEPTH - 1):
        (deep,) = deep
    assert deep == '[["café\\n", 1.50]]'
    digits = "9" * 5_000
    assert load(abridge(f'{{"a": {digits}}}')[0]) == {"a": Number(digits)}


# What it costs


@pytest.mark.threat(name="hostile answers")
@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_comes_time_and_size_are_bounded(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in A_SMALL_PAGE.items():
        monkeypatch.setattr(abridgement, name, value)
    few, some, many, most = (cost(shape, n) for n in (10, 20, 1_000, 2_000))
    for grows_to, grows_from in zip(some, few, strict=True):
        assert grows_to <= 2.2 * grows_from
    for stays, limit in zip(most, many, strict=True):
        assert stays <= 1.05 * limit + 100


def drawn(run: Run) -> bytes:
    return page_of(panel_of(run, True, NOW, 90))


def cost(shape: str, n: int) -> tuple[int, int]:
    """Of drawing it: calls of functions, and bytes."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    run = a_read_run(SHAPES[shape](n))
    sys.setprofile(count)
    try:
        page = drawn(run)
    finally:
        sys.setprofile(None)
    return calls, len(page)


@pytest.mark.parametrize(
    "shape", ["words with bars", "sections", "objects in a list", "signals", "a link", "a text"]
)
def test_no_page_is_over_2_mb(shape: str) -> None:
    for phase in (Phase.COMPLETED, Phase.RUNNING):
        assert len(drawn(a_read_run(SHAPES[shape](10_000), phase))) < 2_000_000


def test_what_is_left_out_is_said_with_where_the_rest_is() -> None:
    endless = {"signals": [{"statement": "x"}] * 20_000}
    report = draw_report(**endless, metadata={"pdf_download_url": "https://reports.example/1"})
    said = " ".join(report.one("div", id="ci-left-out").text.split())
    assert re.fullmatch(
        r"Too much to show in full: 1\d,\d{3} values are left out or cut short\. "
        r"The hosted report is complete\. Open the hosted report reports\.example",
        said,
    )
    running = draw(a_read_run(endless, Phase.RUNNING))
    assert "values are left out" in running.text
    assert "hosted" not in running.text
