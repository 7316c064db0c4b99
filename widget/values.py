"""JSON values as they came: numbers keep their digits, texts lose only what may not be drawn.

That is what turns text round (Unicode's Bidi_Control) and what HTML forbids. Answers lose it when
they are read, so that it is on no screen, in no attribute, on no paper and on no clipboard.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOTHING: tuple[Any, ...] = (None, "", [], {})  # of what JSON can say

CHARACTERS_OF_A_VALUE = 1_000  # in the time that one more value takes to be drawn

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# https://html.spec.whatwg.org/multipage/dom.html#text-content-2
NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
FORBIDDEN = f"\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff{NONCHARACTERS}"

_bidi_controls = re.compile(f"[{BIDI_CONTROLS}]")
_forbidden = re.compile(f"[{FORBIDDEN}]")


@dataclass(frozen=True, slots=True)
class Number:
    """As it was written: `1e999` is no infinity, and `0.1000` keeps its noughts."""

    literal: str


def load(text: str) -> Any:
    """JSON to values, with each number as a Number. `NaN` and `Infinity` are numbers as well.

    Raises ValueError where it is no JSON, and RecursionError where it is nested very deep.
    """
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


def neutral(text: str) -> str:
    """The text without what turns it round, and with U+FFFD for what HTML forbids."""
    return _forbidden.sub("\ufffd", _bidi_controls.sub("", text))


def outweighs(value: Any, limit: int) -> bool:
    """Whether more values than that are in it. A long text counts as several."""
    weight = 0
    values = [value]
    while values and weight <= limit:
        texts = sum(len(value) for value in values if isinstance(value, str))
        weight += len(values) + texts // CHARACTERS_OF_A_VALUE
        values = [child for value in values for child in children(value)]
    return weight > limit


def children(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()
