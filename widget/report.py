"""From the JSON of an analysis to the parts that templates draw.

The API is a beta: it documents a few keys, and announces others without naming them. So a value
without a place of its own is drawn by its shape, under a heading from its key. Nothing is dropped.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from widget.links import Link, link
from widget.nodes import Field, Node, fields, is_empty, node
from widget.values import Number

RELIABILITIES = ("High", "Medium", "Low")
OTHER = "Other"
FILTERED_FROM = 9  # signals; with fewer, there are no filters
SHORT_EVIDENCE = 3  # items; more are folded
SHORT_TEXT = 160  # characters; longer evidence is folded
LONG_FROM = 3  # sections; with fewer, there are no links to them
LONG_TO = 50  # sections; with more, links would not help either
STEPS = {"identity": 0, "enrichment": 1, "report": 2, "done": 2}

Shape = Literal["value", "link", "hosted", "list", "object", "decision", "any", "nothing"]

# The keys that have a place of their own, if their values have the shape for it.
RECOMMENDATION: Mapping[str, Shape] = {
    "decision": "value",
    "confidence": "value",
    "reason": "value",
    "evidence": "any",
}
REPORT: Mapping[str, Shape] = {"candidateName": "value", "recommendation": "decision"}
METADATA: Mapping[str, Shape] = {
    "report_id": "value",
    "candidate_id": "value",
    "language": "value",
    "generated_at": "value",
    "pdf_download_url": "hosted",
}
SIGNAL: Mapping[str, Shape] = {
    "statement": "value",
    "sourceType": "value",
    "sourceUrl": "link",
    "reliability": "value",
}
QUICK_SIGNAL: Mapping[str, Shape] = {
    "level": "value",
    "reason": "value",
    "identityConfidence": "value",
}
RESOURCE: Mapping[str, Shape] = {
    "id": "value",
    "status": "value",
    "candidate_id": "value",
    "stage": "value",
    "created_at": "value",
    "updated_at": "value",
    "quick_signal": "any",
    "signals": "list",
    "report": "any",
    "metadata": "object",
    "error": "nothing",
}

# A recruiter reads the summary first, then what to ask, then what was found.
READING_ORDER = (
    re.compile(r"^summary$"),
    re.compile(r"^whatToValidate$"),
    re.compile(r"question", re.IGNORECASE),
    re.compile(r"verified|finding", re.IGNORECASE),
    re.compile(r"unexpected|surpris", re.IGNORECASE),
    re.compile(r"risk|flag", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Recommendation:
    decision: str
    confidence: str
    reason: str
    evidence: Node | None
    extras: Sequence[Field]

    @property
    def evidence_is_long(self) -> bool:
        items = self.evidence.items if self.evidence is not None else []
        return len(items) > SHORT_EVIDENCE or any(len(item.text) > SHORT_TEXT for item in items)


@dataclass(frozen=True, slots=True)
class QuickSignal:
    level: str
    reason: str
    identity_confidence: str
    extras: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Signal:
    """`reliability` is the API's own word."""

    statement: str
    source_type: str
    link: Link | None
    reliability: str
    extras: Sequence[Field]

    @property
    def group(self) -> str:
        """One of RELIABILITIES, or OTHER."""
        name = self.reliability.capitalize()
        return name if name in RELIABILITIES else OTHER


@dataclass(frozen=True, slots=True)
class Report:
    candidate_name: str
    recommendation: Recommendation | None
    sections: Sequence[Field]
    language: str
    generated_at: str
    extras: Sequence[Field]

    @property
    def is_long(self) -> bool:
        return LONG_FROM <= len(self.sections) <= LONG_TO


def read_report(resource: Mapping[str, Any]) -> Report:
    """The report of a completed resource."""
    known = _report(resource.get("report"))
    metadata = _mapping(resource.get("metadata"))
    recommendation = known.get("recommendation")
    return Report(
        candidate_name=_text(known.get("candidateName")),
        recommendation=_recommendation(recommendation),
        sections=_in_reading_order(_others(known, REPORT)),
        language=_text(metadata.get("language")),
        generated_at=_text(metadata.get("generated_at")),
        extras=[*_others(metadata, METADATA), *_others(resource, RESOURCE)],
    )


def read_quick_signal(resource: Mapping[str, Any]) -> QuickSignal | None:
    value = resource.get("quick_signal")
    if is_empty(value):
        return None
    if not isinstance(value, Mapping):
        value = {"level": value}
    return QuickSignal(
        level=_text(value.get("level")),
        reason=_text(value.get("reason")),
        identity_confidence=_text(value.get("identityConfidence")),
        extras=_others(value, QUICK_SIGNAL),
    )


def read_signals(resource: Mapping[str, Any]) -> list[Signal]:
    value = resource.get("signals")
    return [_signal(item) for item in value] if isinstance(value, list) else []


def read_hosted(resource: Mapping[str, Any]) -> Link | None:
    """The link to the report outside of the widget."""
    return link(_mapping(resource.get("metadata")).get("pdf_download_url"), or_local=True)


def read_step(resource: Mapping[str, Any]) -> int:
    """The step that the analysis is in: 0 identity, 1 enrichment, 2 report. Unknown ones are 0."""
    return STEPS.get(_text(resource.get("stage")).lower(), 0)


def read_error(resource: Mapping[str, Any]) -> str:
    """The message of a failed analysis: a text, or an object with a message or a code."""
    error = resource.get("error")
    if isinstance(error, Mapping):
        return _text(error.get("message")) or _text(error.get("code"))
    return _text(error)


def count_reliabilities(signals: Sequence[Signal]) -> list[tuple[str, int]]:
    """The number of signals per reliability, and for all others together if there are any."""
    counts = dict.fromkeys(RELIABILITIES, 0)
    for signal in signals:
        counts[signal.group] = counts.get(signal.group, 0) + 1
    return list(counts.items())


def _report(value: Any) -> Mapping[str, Any]:
    """The report's keys. A report of another shape is drawn under the key `report`."""
    if isinstance(value, Mapping):
        return value
    return {} if is_empty(value) else {"report": value}


def _recommendation(value: Any) -> Recommendation | None:
    if is_empty(value) or isinstance(value, list):
        return None
    if not isinstance(value, Mapping):
        value = {"decision": value}
    evidence = node(value.get("evidence"), "evidence")
    return Recommendation(
        decision=_text(value.get("decision")),
        confidence=_text(value.get("confidence")),
        reason=_text(value.get("reason")),
        evidence=None if evidence.kind == "empty" else evidence,
        extras=_others(value, RECOMMENDATION),
    )


def _signal(value: Any) -> Signal:
    if not isinstance(value, Mapping):
        value = {"statement": value}
    return Signal(
        statement=_text(value.get("statement")),
        source_type=_text(value.get("sourceType")),
        link=link(value.get("sourceUrl")),
        reliability=_text(value.get("reliability")),
        extras=[field for field in _others(value, SIGNAL) if field.node.kind != "empty"],
    )


def _others(mapping: Mapping[str, Any], known: Mapping[str, Shape]) -> list[Field]:
    """The members without a place of their own. A known key with another shape is one."""
    drawn_apart = [
        key
        for key, shape in known.items()
        if is_empty(mapping.get(key)) or _has_shape(mapping[key], shape)
    ]
    return fields(mapping, without=drawn_apart)


def _has_shape(value: Any, shape: Shape) -> bool:
    match shape:
        case "value":
            return not isinstance(value, Mapping | list)
        case "link":
            return link(value) is not None
        case "hosted":
            return link(value, or_local=True) is not None
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, Mapping)
        case "decision":
            return not isinstance(value, list)
    return shape == "any"  # the only other shape left is "nothing"


def _in_reading_order(fields: Sequence[Field]) -> list[Field]:
    def rank(field: Field) -> int:
        matches = (i for i, pattern in enumerate(READING_ORDER) if pattern.search(field.key))
        return next(matches, len(READING_ORDER))

    return sorted(fields, key=rank)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    """The value as text, or an empty text for lists and objects."""
    match value:
        case str():
            return value
        case Number():
            return value.literal
        case bool():
            return json.dumps(value)
    return ""
