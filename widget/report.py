"""Any report JSON to parts that a template can draw.

The API documents a few keys, promises others without naming them, and is a beta. So whatever comes
is drawn by its shape, under a heading made from its key, and nothing is dropped.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from widget.model import NOTHING

MAX_DEPTH = 8
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
RELIABILITIES = ("High", "Medium", "Low")
OTHER = "Other"
FILTERED_FROM = 9  # signals from which on they can be filtered
SHORT_EVIDENCE = 3  # items; more are folded
SHORT_TEXT = 160  # characters
LONG_FROM = 3  # sections from which on a report needs links to them
STEPS = {"identity": 0, "enrichment": 1, "report": 2, "done": 2}

Shape = Literal["value", "link", "hosted", "list", "object", "any", "nothing"]

# The keys that have a place of their own, as long as their values have the shape for it.
RECOMMENDATION: Mapping[str, Shape] = {
    "decision": "value",
    "confidence": "value",
    "reason": "value",
    "evidence": "any",
}
REPORT: Mapping[str, Shape] = {"candidateName": "value", "recommendation": "object"}
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

Kind = Literal["text", "link", "number", "yesno", "empty", "items", "fields"]
Manner = Literal["plain", "checklist", "questions"]
Scale = Literal["reliability", "severity"]

SCALES: Mapping[Scale, re.Pattern[str]] = {
    "reliability": re.compile(r"reliab|confiden|certain", re.IGNORECASE),
    "severity": re.compile(r"sever|impact|likelihood|priority|risklevel", re.IGNORECASE),
}
MAX_SCALE_LENGTH = 20  # a longer text is a sentence


@dataclass(frozen=True, slots=True)
class Node:
    """A value by its shape. Only the member that `kind` names is filled.

    `scale`: what a text such as `High` measures, by the key that it was found under.
    """

    kind: Kind
    text: str = ""
    scale: Scale | None = None
    yes: bool = False
    items: Sequence["Node"] = ()
    fields: Sequence["Field"] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """`key` as the API spells it, `heading` as a reader would.

    `leads`: the heading repeats the one above it, as `question` does in `interviewQuestions`.
    `manner`: what a section of a report is for.
    """

    key: str
    heading: str
    node: Node
    leads: bool = False

    @property
    def count(self) -> int:
        """How many things there are under the heading, 0 where it is no list."""
        return len(self.node.items)

    @property
    def manner(self) -> Manner:
        if self.node.kind == "items" and re.search("question", self.key, re.IGNORECASE):
            return "questions"
        if self.key == "whatToValidate" and {item.kind for item in self.node.items} == {"text"}:
            return "checklist"
        return "plain"


@dataclass(frozen=True, slots=True)
class Recommendation:
    decision: str
    confidence: str
    reason: str
    evidence: Node | None
    extras: Sequence[Field]

    @property
    def evidence_is_long(self) -> bool:
        if self.evidence is None:
            return False
        items = self.evidence.items
        return len(items) > SHORT_EVIDENCE or any(len(item.text) > SHORT_TEXT for item in items)


@dataclass(frozen=True, slots=True)
class QuickSignal:
    level: str
    reason: str
    identity_confidence: str
    extras: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Signal:
    """`url` is safe to link to, and empty where there is none. `reliability` as the API says it."""

    statement: str
    source_type: str
    url: str
    host: str
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
    hosted_url: str
    extras: Sequence[Field]

    @property
    def is_long(self) -> bool:
        return len(self.sections) >= LONG_FROM


def read_report(resource: Mapping[str, Any]) -> Report:
    """The report of a completed resource, with everything that only its panel shows."""
    known = _report(resource.get("report"))
    metadata = _mapping(resource.get("metadata"))
    recommendation = known.get("recommendation")
    return Report(
        candidate_name=_text(known.get("candidateName")),
        recommendation=_recommendation(recommendation),
        sections=_in_reading_order(_others(known, REPORT)),
        language=_text(metadata.get("language")),
        generated_at=_text(metadata.get("generated_at")),
        hosted_url=safe_url(metadata.get("pdf_download_url"), or_local=True),
        extras=[*_others(metadata, METADATA), *_others(resource, RESOURCE)],
    )


def read_quick_signal(resource: Mapping[str, Any]) -> QuickSignal | None:
    value = resource.get("quick_signal")
    if _is_empty(value):
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


def read_step(resource: Mapping[str, Any]) -> int:
    """How far the pipeline is: 0 identity, 1 enrichment, 2 report. It begins with the first."""
    stage = resource.get("stage")
    return STEPS.get(stage, 0) if isinstance(stage, str) else 0


def read_error(resource: Mapping[str, Any]) -> str:
    """What a failed analysis says of itself: a text, or an object with a message or a code."""
    error = resource.get("error")
    if isinstance(error, Mapping):
        return _text(error.get("message")) or _text(error.get("code"))
    return _text(error)


def count_reliabilities(signals: Sequence[Signal]) -> list[tuple[str, int]]:
    """How many signals there are of each known reliability, and of any other where there are."""
    counts = dict.fromkeys(RELIABILITIES, 0)
    for signal in signals:
        counts[signal.group] = counts.get(signal.group, 0) + 1
    return list(counts.items())


def heading(key: str) -> str:
    """`interviewQuestions`, `interview_questions` -> `Interview questions`"""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key)
    words = " ".join(re.split(r"[\s_\-.]+", words)).strip()
    words = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words.split(" "))
    return words[:1].upper() + words[1:] or "-"


def safe_url(value: Any, or_local: bool = False) -> str:
    """The URL if it may be linked to, else an empty text. `or_local`: http on this machine too."""
    if not isinstance(value, str) or any(c.isspace() or not c.isprintable() for c in value):
        return ""
    try:
        parts = urlsplit(value)
        host = parts.hostname
        parts.port  # noqa: B018 - raises ValueError when it is not a number
    except ValueError:
        return ""
    if not host or "\\" in value or parts.username is not None:
        return ""
    is_local = parts.scheme == "http" and host in LOOPBACK_HOSTS
    return value if parts.scheme == "https" or (or_local and is_local) else ""


def node(value: Any, under: str = "", depth: int = 0) -> Node:
    """Any JSON value by its shape. `under` is the key that it was found under."""
    if _is_empty(value):
        return Node("empty")
    match value:
        case bool():
            return Node("yesno", yes=value)
        case int() | float():
            return Node("number", text=str(value))
        case str():
            if safe_url(value):
                return Node("link", text=value)
            return Node("text", text=value, scale=_scale(value, under))
        case _ if depth >= MAX_DEPTH:
            return Node("text", text=json.dumps(value, ensure_ascii=False))
        case list():
            return Node("items", items=[node(item, under, depth + 1) for item in value])
        case dict():
            return Node("fields", fields=_fields(value, (), under, depth + 1))
    return Node("text", text=str(value))


def _scale(text: str, key: str) -> Scale | None:
    if len(text) > MAX_SCALE_LENGTH:
        return None
    return next((scale for scale, pattern in SCALES.items() if pattern.search(key)), None)


def _report(value: Any) -> Mapping[str, Any]:
    """The report's keys. A report of another shape is drawn under the key `report`."""
    if isinstance(value, Mapping):
        return value
    return {} if _is_empty(value) else {"report": value}


def _recommendation(value: Any) -> Recommendation | None:
    if not isinstance(value, Mapping) or not value:
        return None
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
    url = safe_url(value.get("sourceUrl"))
    return Signal(
        statement=_text(value.get("statement")),
        source_type=_text(value.get("sourceType")),
        url=url,
        host=urlsplit(url).hostname or "",
        reliability=_text(value.get("reliability")),
        extras=[field for field in _others(value, SIGNAL) if field.node.kind != "empty"],
    )


def _others(mapping: Mapping[str, Any], known: Mapping[str, Shape]) -> list[Field]:
    """All but what is drawn in a place of its own: a known key with another shape is among them."""
    drawn_apart = [
        key
        for key, shape in known.items()
        if _is_empty(mapping.get(key)) or _has_shape(mapping[key], shape)
    ]
    return _fields(mapping, drawn_apart)


def _has_shape(value: Any, shape: Shape) -> bool:
    match shape:
        case "value":
            return not isinstance(value, Mapping | list)
        case "link":
            return bool(safe_url(value))
        case "hosted":
            return bool(safe_url(value, or_local=True))
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, Mapping)
        case "any":
            return True
        case "nothing":
            return False


def _fields(
    mapping: Mapping[str, Any], without: Collection[str], under: str = "", depth: int = 0
) -> list[Field]:
    return [
        Field(key, heading(key), node(value, key, depth), leads=_repeats(key, under))
        for key, value in mapping.items()
        if key not in without
    ]


def _repeats(key: str, under: str) -> bool:
    return bool(key) and key.lower() in under.lower()


def _in_reading_order(fields: Sequence[Field]) -> list[Field]:
    def rank(field: Field) -> int:
        matches = (i for i, pattern in enumerate(READING_ORDER) if pattern.search(field.key))
        return next(matches, len(READING_ORDER))

    return sorted(fields, key=rank)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_empty(value: Any) -> bool:
    return value in NOTHING


def _text(value: Any) -> str:
    """A text as it is, a number as JSON writes it, and nothing of what has parts."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    return value if isinstance(value, str) else json.dumps(value)
