"""JSON values as they were written: numbers keep their digits, texts nearly all characters.

Texts lose the characters that change the direction of text (Unicode's Bidi_Control) and those that
HTML forbids. They are removed when an answer is read, so they reach no screen, print or clipboard.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NOTHING: tuple[Any, ...] = (None, "", [], {})  # the JSON values that count as missing

CHARACTERS_OF_A_VALUE = 1_000  # take as long to draw as one more value
# Characters. `re` holds the interpreter's lock for a whole search, so long texts are searched in
# pieces, between which other threads can run.
PIECE = 65_536

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
    """A number as it was written: `1e999` is not infinity, and `0.1000` keeps its zeros."""

    literal: str


_json = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)


def load(text: str) -> Any:
    """Parses JSON, with each number as a Number. `NaN` and `Infinity` count as numbers.

    Raises ValueError if it is not JSON, and RecursionError if it is nested very deep.
    """
    return _json.decode(text)


def neutral(text: str) -> str:
    """The text without bidirectional controls, and with U+FFFD for what HTML forbids."""
    if len(text) <= PIECE:
        return _forbidden.sub("\ufffd", _bidi_controls.sub("", text))
    return "".join(neutral(text[at : at + PIECE]) for at in range(0, len(text), PIECE))


def outweighs(value: Any, limit: int) -> bool:
    """Whether the value contains more than `limit` values. A long text counts as several."""
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
