"""From any JSON value to a node that templates draw by its shape, under a heading from its key."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from widget.links import link
from widget.values import NOTHING, Number

MAX_HEADING_LENGTH = 200  # longer keys are headings as they are

Kind = Literal["text", "link", "number", "yesno", "empty", "items", "fields"]
Manner = Literal["plain", "checklist", "questions"]
Scale = Literal["reliability", "severity", "level"]

SCALES: Mapping[Scale, re.Pattern[str]] = {
    "reliability": re.compile(r"reliab|confiden|certain", re.IGNORECASE),
    "severity": re.compile(r"sever|impact|likelihood|priority|risklevel", re.IGNORECASE),
    "level": re.compile(r"level|rating|grade|probability|urgency", re.IGNORECASE),
}
MAX_SCALE_LENGTH = 20  # a longer text is a sentence


@dataclass(frozen=True, slots=True)
class Node:
    """A value by its shape. Only the field that `kind` names is filled.

    `scale`: what a text such as `High` measures, by its key.
    """

    kind: Kind
    text: str = ""
    scale: Scale | None = None
    yes: bool = False
    items: Sequence["Node"] = ()
    fields: Sequence["Field"] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object. `key` is as the API spells it, `heading` as a reader would.

    `leads`: the heading repeats the one above it, as `question` does in `interviewQuestions`.
    `manner`: how a section of a report is drawn.
    """

    key: str
    heading: str
    node: Node
    leads: bool = False

    @property
    def count(self) -> int:
        """The number of items if the value is a list, else 0."""
        return len(self.node.items)

    @property
    def manner(self) -> Manner:
        if self.node.kind == "items" and re.search("question", self.key, re.IGNORECASE):
            return "questions"
        if self.key == "whatToValidate" and {item.kind for item in self.node.items} == {"text"}:
            return "checklist"
        return "plain"


def node(value: Any, under: str = "") -> Node:
    """The node of a value. `under` is the key of the value."""
    if is_empty(value):
        return Node("empty")
    match value:
        case bool():
            return Node("yesno", yes=value)
        case Number():
            return Node("number", text=value.literal)
        case list():
            return Node("items", items=[node(item, under) for item in value])
        case Mapping():
            return Node("fields", fields=fields(value, under=under))
    if address := link(value):
        return Node("link", text=address.url)
    return Node("text", text=value, scale=_scale(value, under))


def _scale(text: str, key: str) -> Scale | None:
    if len(text) > MAX_SCALE_LENGTH or len(key) > MAX_HEADING_LENGTH:
        return None
    return next((scale for scale, pattern in SCALES.items() if pattern.search(key)), None)


def fields(
    mapping: Mapping[str, Any], without: Collection[str] = (), under: str = ""
) -> list[Field]:
    return [
        Field(key, heading(key), node(value, key), leads=_repeats(key, under))
        for key, value in mapping.items()
        if key not in without
    ]


def heading(key: str) -> str:
    """`interviewQuestions`, `interview_questions` -> `Interview questions`"""
    if len(key) > MAX_HEADING_LENGTH:
        return key
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key)
    words = " ".join(re.split(r"[\s_\-.]+", words)).strip()
    words = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words.split(" "))
    return words[:1].upper() + words[1:] or "-"


def is_empty(value: Any) -> bool:
    return value in NOTHING


def _repeats(key: str, under: str) -> bool:
    return 0 < len(key) <= len(under) <= MAX_HEADING_LENGTH and key.lower() in under.lower()
