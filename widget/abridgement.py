"""The JSON of an answer, cut to what a page can hold.

An answer may have 4 MiB, and drawing a page must not take long. So at most MAX_VALUES of its values
are kept, and at most MAX_PAGE_BYTES of HTML; the rest is counted. Small parts are kept first, so
that one endless list does not displace what a recruiter reads first.

A value is a text, a number, a boolean or null. A list or object that is nested deeper than the
panel draws is one value: a text of JSON. Numbers are kept as they are written, texts as `neutral`
returns them.

The text is scanned by regular expressions in short steps, and only what is kept is parsed. A thread
that does this holds the interpreter's lock for one step at most, so the event loop goes on.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, takewhile

from widget.values import BIDI_CONTROLS, FORBIDDEN, children, load, neutral

MAX_VALUES = 5_000
MAX_DEPTH = 10  # levels below the answer itself that the panel draws
PART_LEVELS = 2  # parts are the members of the answer, and those of objects among them
MAX_PAGE_BYTES = 1_900_000
# For each value, and each list or object around values. Tests show that no markup takes more.
MARKUP_BYTES = 300
TIMES_DRAWN = 2  # a link is drawn as an address and as a text
ESCAPED = "&<>\"'"
ESCAPED_BYTES = 5  # of `&amp;`, which is the longest
ESCAPE_LENGTH = 6  # of `\\u0041`
CHUNK = 100  # characters
SHORT_MEMBER = 4_000  # characters; shorter members of the answer are kept first
CLOSING = {"[": "]", "{": "}"}

SPACE = r"[ \t\n\r]*"
STRING = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*+"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity"
LEAF = rf"(?:{STRING}|{NUMBER}|true|false|null|\[{SPACE}\]|\{{{SPACE}\}})"
KEY = rf"{STRING}{SPACE}:{SPACE}"
SHORT_LIST = rf"\[{SPACE}{LEAF}{SPACE}(?:,{SPACE}{LEAF}{SPACE}){{0,9}}\]"
SHORT_OBJECT = rf"\{{{SPACE}{KEY}{LEAF}{SPACE}(?:,{SPACE}{KEY}{LEAF}{SPACE}){{0,9}}\}}"
SIMPLE = rf"(?:{LEAF}|{SHORT_LIST}|{SHORT_OBJECT})"

_value = re.compile(rf"{SPACE}(?:({LEAF})|([\[{{]))")
_object = re.compile(rf"{SPACE}\{{(?!{SPACE}\}})")
_key = re.compile(rf"{SPACE}({STRING}){SPACE}:")
_after = re.compile(rf"{SPACE}([,\]}}])")
_end = re.compile(rf"{SPACE}\Z")
_string = re.compile(STRING)
# Runs of simple elements, simple members, or brackets: matched up to a hundred at a time.
_elements = re.compile(rf"(?:{SPACE}{SIMPLE}{SPACE},){{1,100}}")
_members = re.compile(rf"(?:{SPACE}{KEY}{SIMPLE}{SPACE},){{1,100}}")
_lists = re.compile(rf"\[{{1,100}}(?!{SPACE}\])")
_ends = re.compile(r"\]{1,100}")
_leaves = re.compile(rf"(?:[ \t\n\r,]|{KEY}|[\[{{](?!{SPACE}[\]}}])|[\]}}])*{LEAF}()")

_suspicious = re.compile(
    rf"[{BIDI_CONTROLS}{FORBIDDEN}]|\\u(?:00[0189]|007f|061c|20[06]|202|fd[de]|fff|d[89a-f])",
    re.IGNORECASE,
)


def abridge(text: str) -> tuple[str, int]:
    """The JSON of an object, cut to the limits, and how many of its values were cut.

    Raises ValueError if it is not JSON, or not an object.
    """
    if _is_good_as_it_is(text):
        return text, 0
    answer, values = _survey(text)
    cut = _Cut(text)
    return cut.keep(answer), values - cut.values


def _is_good_as_it_is(text: str) -> bool:
    """Whether the text is certainly within the limits. That is quick to tell of most answers."""
    nodes = text.count(",") + text.count(":") + text.count("[") + 1
    if nodes > MAX_VALUES or _page_bytes(nodes, ESCAPED_BYTES * len(text)) > MAX_PAGE_BYTES:
        return False
    if _suspicious.search(text):
        return False
    try:
        resource = load(text)
    except RecursionError:
        return False
    return isinstance(resource, dict) and not _is_deeper(resource, MAX_DEPTH)


def _is_deeper(value: object, levels: int) -> bool:
    nodes = [value]
    for _ in range(levels + 1):
        nodes = [child for node in nodes for child in children(node)]
    return bool(nodes)


# Scanning: what the answer contains


@dataclass(slots=True)
class _Part:
    """A member of the answer, or of an object that is one. Parts are kept one by one.

    `key` and `kept` are JSON. The value is at `start` to `end` in the text, or is an object that is
    divided into `parts`.
    """

    key: str
    level: int
    above: "_Part | None" = None
    start: int = 0
    end: int = 0
    parts: list["_Part"] = field(default_factory=list)
    kept: str = ""
    is_paid: bool = False


def _survey(text: str) -> tuple[_Part, int]:
    """The answer in parts, and how many values it has. Raises ValueError as `abridge` does."""
    opening = _object.match(text)
    if opening is None:
        raise ValueError("answer is not an object")
    answer = _Part("", level=0, is_paid=True)
    values, end = _divide(answer, text, opening.end())
    if _end.match(text, end) is None:
        raise ValueError("answer is not JSON")
    return answer, values


def _divide(part: _Part, text: str, position: int) -> tuple[int, int]:
    """Adds the parts of an object. Returns how many values it has, and where it ends.

    `position` is behind the opening brace.
    """
    values = 0
    while True:
        key = _expect(_key, text, position)
        member = _Part(key[1], part.level + 1, part, start=key.end())
        part.parts.append(member)
        opening = _object.match(text, member.start) if member.level < PART_LEVELS else None
        if opening is None:
            found, member.end = _skip(text, member.start, member.level)
        else:
            found, member.end = _divide(member, text, opening.end())
        values += found
        after = _expect(_after, text, member.end)
        position = after.end()
        if after[1] == "}":
            return values, position
        if after[1] == "]":
            raise ValueError("answer is not JSON")
        if part.level > 0 and len(part.parts) == MAX_VALUES:  # no more parts can be kept
            found, end = _skip(text, position, part.level, ["}"])
            return values + found, end


def _skip(text: str, position: int, level: int, closers: Iterable[str] = ()) -> tuple[int, int]:
    """How many values there are in the value at `position`, and where it ends.

    `level`: how deep it is nested. `closers`: the brackets that end it, if `position` is within it.
    """
    values = 0
    unclosed = list(closers)
    while True:
        depth = level + len(unclosed)
        if unclosed:
            simple = _members if unclosed[-1] == "}" else _elements
            while depth != MAX_DEPTH and (many := simple.match(text, position)):
                position = many.end()
                values += len(_leaves.findall(many[0])) if depth < MAX_DEPTH else 0
            if unclosed[-1] == "}":
                position = _expect(_key, text, position).end()
        if lists := _lists.match(text, position):
            deeper = lists[0].count("[")
            values += depth <= MAX_DEPTH < depth + deeper
            unclosed += ["]"] * deeper
            position = lists.end()
            continue
        value = _expect(_value, text, position)
        position = value.end()
        if value[2]:
            values += depth == MAX_DEPTH
            unclosed.append(CLOSING[value[2]])
            continue
        values += depth <= MAX_DEPTH
        while unclosed:
            ends = _ends.match(text, position)
            if ends and unclosed[-len(ends[0]) :] == ["]"] * len(ends[0]):
                del unclosed[-len(ends[0]) :]
                position = ends.end()
                continue
            after = _expect(_after, text, position)
            position = after.end()
            if after[1] == ",":
                break
            if after[1] != unclosed.pop():
                raise ValueError("answer is not JSON")
        else:
            return values, position


def _expect(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    found = pattern.match(text, position)
    if found is None:
        raise ValueError("answer is not JSON")
    return found


# Cutting: what is kept of it


class _Cut:
    """Keeps what there is room for. `text` is valid JSON. `values`: how many were kept whole."""

    def __init__(self, text: str) -> None:
        self.values = 0
        self._text = text
        self._room = MAX_PAGE_BYTES
        self._is_full = False

    def keep(self, answer: _Part) -> str:
        """The JSON of as many parts of the answer as there is room for, the smallest first.

        Short members of the answer come before all other parts, because status and metadata are
        such members: a report of a hundred thousand small parts would leave no room for them.
        """
        for part in sorted(_undivided(answer), key=lambda part: (_is_long(part), _size(part))):
            if not (self._pay_for_keys(part.above) and self._pay_for_keys(part)):
                break
            part.kept, _ = self._value(part.start, part.level)
        return _joined(answer) or "{}"

    def _pay_for_keys(self, part: _Part | None) -> bool:
        if part is not None and not part.is_paid:
            part.is_paid = True
            self._pay(1, _plain(part.key))  # the key may be drawn as a heading
        return not self._is_full

    def _value(self, position: int, level: int) -> tuple[str, int]:
        """What is kept of a value, and where it ends; the latter is undefined once it is full."""
        value = _expect(_value, self._text, position)
        if value[2] is None:
            return self._leaf(value[1]), value.end()
        if level == MAX_DEPTH:
            return self._nested(value.start(2))
        if not self._pay(1, ""):
            return "", position
        contents = self._elements if value[2] == "[" else self._members
        kept, position = contents(value.end(), level + 1)
        return _enclosed(value[2], kept), position

    def _elements(self, position: int, level: int) -> tuple[list[str], int]:
        kept = []
        after = ","
        while after == ",":
            element, position = self._value(position, level)
            kept.append(element)
            if self._is_full:
                break
            after, position = self._after(position)
        return kept, position

    def _members(self, position: int, level: int) -> tuple[list[str], int]:
        kept = []
        after = ","
        while after == ",":
            key = _expect(_key, self._text, position)
            name = _plain(key[1])
            self._pay(0, name)
            if self._is_full:
                break
            value, position = self._value(key.end(), level)
            kept.append(f"{_json(name)}:{value}" if value else "")
            if self._is_full:
                break
            after, position = self._after(position)
        return kept, position

    def _after(self, position: int) -> tuple[str, int]:
        after = _expect(_after, self._text, position)
        return after[1], after.end()

    def _leaf(self, token: str) -> str:
        if token.startswith('"'):
            text = _plain(token)
            return self._shortened(text, _json(text))
        if token[0] in "[{":
            token = token[0] + token[-1]
        return self._shortened(token, token)

    def _nested(self, start: int) -> tuple[str, int]:
        """A list or object that is nested too deep to be drawn, as a text of JSON."""
        _, end = _skip(self._text, start, MAX_DEPTH)
        source = self._text[start : min(end, start + ESCAPE_LENGTH * self._room)]
        text = neutral(_string.sub(lambda string: _json(_plain(string[0])), source))
        return self._shortened(text, _json(text)), end

    def _shortened(self, text: str, token: str) -> str:
        """The token of a text, or of as much of it as there is room for."""
        if self.values == MAX_VALUES:
            self._is_full = True
            return ""
        room = (self._room - MARKUP_BYTES) // TIMES_DRAWN
        if self._pay(1, text):
            self.values += 1
            return token
        beginning = _beginning(text, room)
        return _json(beginning + "…") if beginning else ""

    def _pay(self, nodes: int, text: str) -> bool:
        """Whether there is room for so many nodes and this text. Takes the room if there is."""
        cost = _page_bytes(nodes, _escaped(text))
        self._is_full = self._is_full or cost > self._room
        if not self._is_full:
            self._room -= cost
        return not self._is_full


def _undivided(part: _Part) -> Iterator[_Part]:
    if not part.parts:
        yield part
    for inner in part.parts:
        yield from _undivided(inner)


def _size(part: _Part) -> int:
    return len(part.key) + part.end - part.start


def _is_long(part: _Part) -> bool:
    """Whether the part is, or belongs to, a long member of the answer."""
    return _size(part if part.above is None or part.level == 1 else part.above) > SHORT_MEMBER


def _joined(part: _Part) -> str:
    if not part.parts:
        return part.kept
    members = ((inner.key, _joined(inner)) for inner in part.parts)
    return _enclosed("{", [f"{_json(_plain(key))}:{kept}" for key, kept in members if kept])


def _enclosed(opening: str, kept: Iterable[str]) -> str:
    """The JSON of a list or object with what is kept of it. Empty if that is nothing."""
    contents = ",".join(filter(None, kept))
    return f"{opening}{contents}{CLOSING[opening]}" if contents else ""


def _plain(string: str) -> str:
    return neutral(json.loads(string))


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _page_bytes(nodes: int, escaped: int) -> int:
    """How many bytes of a page nodes and their escaped texts take at most."""
    return MARKUP_BYTES * nodes + TIMES_DRAWN * escaped


def _beginning(text: str, room: int) -> str:
    """As much of a text as there is room for, to a CHUNK."""
    chunks = (text[start : start + CHUNK] for start in range(0, len(text), CHUNK))
    fitting = takewhile(lambda size: size <= room, accumulate(map(_escaped, chunks)))
    return text[: CHUNK * len(list(fitting))]


def _escaped(text: str) -> int:
    """How many bytes a text has in HTML."""
    more = sum(map(text.count, ESCAPED)) * (ESCAPED_BYTES - 1)
    return len(text.encode()) + more
