"""Any report JSON to parts that can be drawn, and how they are then drawn."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.widget.drawing import a_read_run, draw, draw_failure, draw_report
from tests.widget.markup import Markup
from widget.model import Phase
from widget.nodes import Node, heading, node
from widget.report import (
    count_reliabilities,
    read_error,
    read_quick_signal,
    read_report,
    read_signals,
    read_step,
)
from widget.values import Number, load, neutral

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=12,
)
URL = "https://example.com/a?b=c"
MEMBERS = ("report", "quick_signal", "signals", "metadata", "error", "brandNew")


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        (None, Node("empty")),
        ("", Node("empty")),
        ([], Node("empty")),
        ({}, Node("empty")),
        (True, Node("yesno", yes=True)),
        (False, Node("yesno", yes=False)),
        (Number("-0"), Node("number", text="-0")),
        (Number("1e999"), Node("number", text="1e999")),
        (Number("9" * 400), Node("number", text="9" * 400)),
        ("Solid.", Node("text", text="Solid.")),
        (URL, Node("link", text=URL)),
        ("javascript:alert(1)", Node("text", text="javascript:alert(1)")),
        (["a", True], Node("items", items=[Node("text", text="a"), Node("yesno", yes=True)])),
    ],
)
def test_a_value_is_drawn_by_its_shape(value: object, drawn: Node) -> None:
    assert node(value) == drawn


def test_an_object_is_drawn_as_fields_in_its_order() -> None:
    fields = node({"b": Number("1"), "aName": None}).fields
    assert [(field.key, field.heading, field.node.kind) for field in fields] == [
        ("b", "B", "number"),
        ("aName", "A name", "empty"),
    ]


def test_a_heading_that_repeats_the_one_above_leads_without_being_shown() -> None:
    (item,) = node([{"question": "Why?", "why": "…"}], "interviewQuestions").items
    assert [field.leads for field in item.fields] == [True, False]


def test_what_is_nested_too_deeply_is_drawn_as_json() -> None:
    value: Any = {"leaf": "found"}
    for _ in range(12):
        value = [value]
    markup = draw_report(report={"deep": value})
    assert '"leaf": "found"' in markup.text


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("interviewQuestions", "Interview questions"),
        ("interview_questions", "Interview questions"),
        ("interview-questions.first", "Interview questions first"),
        ("Interview questions", "Interview questions"),
        ("CVGaps", "CV gaps"),
        ("hasURL", "Has URL"),
        ("top3Risks", "Top3 risks"),
        ("résumé", "Résumé"),
        ("", "-"),
        ("__", "-"),
        ("面接", "面接"),
    ],
)
def test_a_heading_is_made_from_the_key(key: str, shown: str) -> None:
    assert heading(key) == shown


@given(st.text())
def test_every_key_has_a_heading(key: str) -> None:
    assert heading(key).strip()


def test_sections_come_in_the_order_in_which_they_are_read() -> None:
    report = {
        "zebra": "1",
        "risks": ["r"],
        "unexpectedSignals": ["u"],
        "verifiedFindings": ["v"],
        "interviewQuestions": ["q"],
        "whatToValidate": ["w"],
        "apple": "2",
        "summary": "s",
        "candidateName": "Mara",
        "recommendation": {"decision": "Advance"},
    }
    assert [field.key for field in read_report({"report": report}).sections] == [
        *("summary", "whatToValidate", "interviewQuestions"),
        *("verifiedFindings", "unexpectedSignals", "risks", "zebra", "apple"),
    ]


@pytest.mark.parametrize("report", [None, "text", 7, ["a"], {}, True])
def test_a_report_of_another_shape_is_a_report_all_the_same(report: object) -> None:
    assert read_report({"report": load(json.dumps(report))}).recommendation is None
    draw_report(report=report).one("article", id="ci-report")


def test_the_recommendation_is_read_with_what_is_new_in_it() -> None:
    known = {"decision": "Advance", "confidence": "High", "reason": "Fits.", "evidence": ["e"]}
    recommendation = read_report(
        {"report": {"recommendation": {**known, "nextStep": "Call"}}}
    ).recommendation
    assert recommendation is not None
    assert (recommendation.decision, recommendation.confidence) == ("Advance", "High")
    assert recommendation.evidence == node(["e"])
    assert [field.key for field in recommendation.extras] == ["nextStep"]


def test_a_recommendation_of_one_word_is_the_decision() -> None:
    report = read_report({"report": {"recommendation": "HOLD"}})
    assert report.recommendation is not None
    assert report.recommendation.decision == "HOLD"
    assert report.sections == []


def test_a_known_key_with_another_shape_is_drawn_like_an_unknown_one() -> None:
    odd = {"say": 'He said "no"\nand left'}
    markup = draw_report(
        report={
            "candidateName": [odd],
            "recommendation": {"decision": odd, "confidence": [odd], "reason": odd},
        },
        quick_signal={"level": odd, "reason": [odd]},
        signals=[{"statement": odd, "sourceUrl": odd}, [odd]],
        metadata={"generated_at": odd, "language": [odd]},
        error=odd,
    )
    assert markup.text.count('He said "no"\nand left') == 12


@pytest.mark.parametrize("value", ["text-1", ["text-1"], {"new": "text-1"}])
def test_what_stands_where_a_known_object_should_is_shown(value: object) -> None:
    for key in MEMBERS:
        assert "text-1" in draw_report(**{key: value}).text, key
    assert "text-1" in draw_report(report={"recommendation": value}).text


def test_a_link_that_is_not_safe_is_text() -> None:
    bad = "javascript:alert(1)"
    markup = draw_report(
        signals=[{"statement": "s", "sourceUrl": bad}],
        metadata={"pdf_download_url": bad},
        report={"website": bad},
    )
    assert markup.all("a") == []
    assert markup.text.count(bad) == 3


@pytest.mark.threat(name="injection")
def test_every_link_opens_elsewhere_and_tells_nobody_where_it_was() -> None:
    markup = draw_report(
        signals=[{"statement": "s", "sourceUrl": URL}],
        metadata={"pdf_download_url": URL},
        report={"website": URL},
    )
    links = markup.all("a")
    assert len(links) == 3
    for link in links:
        where = {"href": URL, "target": "_blank", "rel": "noopener noreferrer"}
        assert where.items() <= link.attributes.items()


def test_a_quick_signal_is_read_with_what_is_new_in_it() -> None:
    quick = read_quick_signal(
        {"quick_signal": {"level": "Red", "reason": "R", "identityConfidence": "Low", "x": "1"}}
    )
    assert quick is not None
    assert (quick.level, quick.reason, quick.identity_confidence) == ("Red", "R", "Low")
    assert [field.key for field in quick.extras] == ["x"]
    assert read_quick_signal({}) is None
    assert read_quick_signal({"quick_signal": {}}) is None


def test_signals_are_counted_by_their_reliability_with_other_ones_last() -> None:
    signals = read_signals(
        {"signals": [{"reliability": name} for name in ("Low", "Odd", "High", None, "Low")]}
    )
    counts = [("High", 1), ("Medium", 0), ("Low", 2), ("Other", 2)]
    assert count_reliabilities(signals) == counts


@pytest.mark.parametrize(
    ("stage", "step"),
    [("identity", 0), ("Enrichment", 1), ("report", 2), ("DONE", 2), ("x", 0), ([], 0)],
)
def test_a_stage_is_a_step_in_whatever_capitals(stage: object, step: int) -> None:
    assert read_step({"stage": stage}) == step
    assert read_step({}) == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("No trace.", "No trace."),
        ({"message": "No trace.", "code": "E1"}, "No trace."),
        ({"code": "E1"}, "E1"),
        ({"message": "", "code": 7}, "7"),
        ({"message": ["No", "trace."]}, ""),
        ({}, ""),
        (None, ""),
        (["No trace."], ""),
    ],
)
def test_an_error_is_a_text_or_has_one(error: object, said: str) -> None:
    assert read_error({"error": load(json.dumps(error))}) == said
    quotes = [element.text for element in draw_failure(error).all("q")]
    assert quotes == ([said] if said else [])


# Hypothesis

# Where a value stands whose text is made into another, or which is for machines.
NOT_AS_IT_CAME = {
    ("metadata", key) for key in ("report_id", "candidate_id", "generated_at", "language")
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[str]:
    """The texts and numbers of a JSON value, as a reader would look for them."""
    if path in NOT_AS_IT_CAME and not isinstance(value, dict | list):
        return
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    elif isinstance(value, str):
        yield neutral(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def assert_readable(markup: Markup, resource: Any) -> None:
    shown = "".join(markup.elements[0].texts)
    links = [link.attributes["href"] for link in markup.all("a")]
    for leaf in leaves(resource):
        in_json = json.dumps(leaf, ensure_ascii=False)[1:-1]
        assert leaf in links or leaf in shown or in_json in shown, leaf


@given(json_values)
@example({"a": [{"b": {"c": [[[[[["deep"]]]]]]}}]})
@example({"recommendation": {"decision": {"x": '"'}}, "candidateName": {"y": "\n"}})
@example({"recommendation": "<b>", "summary": float("inf")})
@example(0)
def test_every_leaf_of_any_report_is_readable(report: Any) -> None:
    assert_readable(draw_report(report=report), {"report": report})


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, json_values)))
def test_every_leaf_of_any_resource_is_readable(resource: dict[str, Any]) -> None:
    assert_readable(draw_report(**resource), resource)


@given(json_values)
def test_any_metadata_recommendation_and_signals_can_be_drawn(value: Any) -> None:
    names = {
        "recommendation": ("decision", "confidence", "reason", "evidence"),
        "quick_signal": ("level", "reason", "identityConfidence"),
        "signals": ("statement", "sourceType", "sourceUrl", "reliability"),
        "metadata": ("language", "generated_at", "pdf_download_url"),
    }
    parts = {part: dict.fromkeys(keys, value) for part, keys in names.items()}
    resource = {
        "report": {"candidateName": value, "recommendation": parts["recommendation"]},
        "quick_signal": parts["quick_signal"],
        "signals": [parts["signals"], value],
        "metadata": parts["metadata"],
    }
    assert_readable(draw_report(**resource), resource)


@given(json_values)
def test_any_error_and_any_stage_can_be_drawn(value: Any) -> None:
    draw_failure(value)
    running = {"stage": value, "quick_signal": value, "signals": [value]}
    draw(a_read_run(running, Phase.RUNNING)).one("ol", **{"class": "steps"})
