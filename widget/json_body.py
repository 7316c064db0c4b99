"""The JSON that an ATS sends: read, corrected if possible, and validated by a model."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from widget.problems import Problem

MAX_BODY_BYTES = 2 * 1024 * 1024
# Python refuses to parse integers of more than 4,300 digits. Cut to this length, one is still too
# long for any field, and is refused with a message about its field.
MAX_DIGITS = 1_001

SURROGATE = re.compile(rb"\xed[\xa0-\xbf]|\\u[dD][89a-fA-F]")  # in UTF-8, or escaped

REPLACED = "Contained a lone surrogate, which became U+FFFD"
UNREADABLE = "The body cannot be read as JSON."
MESSAGES = {  # in place of Pydantic's messages that name types of Python
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "list_type": "Input should be an array",
}

Note = dict[str, str]  # {field, message}, the field as a dotted path
M = TypeVar("M", bound=BaseModel)

_decoder = json.JSONDecoder(parse_int=lambda digits: int(digits[:MAX_DIGITS]))


async def read_json(request: Request) -> tuple[Any, list[Note]]:
    """The body's value, and notes on what was corrected in it. Raises Problem (413, 415, 422)."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "The body must be application/json.")
    body = await _body(request)
    warnings: list[Note] = []
    try:
        value = _parsed(body)
        # Few bodies have the bytes that a surrogate begins with, and `in` is much faster.
        if (b"\xed" in body or rb"\u" in body) and SURROGATE.search(body):
            value = _without_lone_surrogates(value, "", warnings)
        return value, warnings
    except RecursionError:
        _refuse("Nested too deep")


def validated(model: type[M], value: Any, context: Mapping[str, Any] | None = None) -> M:
    """The value as a model. `context` is for the model's validators. Raises Problem (422)."""
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        errors = [note for detail in error.errors() for note in _notes(dict(detail))]
        raise Problem(422, "These data cannot be accepted.", errors) from None


def _notes(detail: dict[str, Any]) -> list[Note]:
    """A note per field. A custom error about several fields of one object names its `fields`."""
    *parents, field = detail["loc"] or ("",)
    message = MESSAGES.get(detail["type"], detail["msg"])
    return [
        {"field": ".".join(map(str, [*parents, name])), "message": message}
        for name in detail.get("ctx", {}).get("fields", [field])
    ]


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    """Not by Pydantic's parser, which refuses lone surrogates."""
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogatepass")
        return _decoder.decode(text)
    except UnicodeDecodeError as error:
        _refuse(f"Invalid UTF-8 at byte {error.start}")
    except json.JSONDecodeError as error:
        _refuse(f"Invalid JSON: {error.msg} at line {error.lineno} column {error.colno}")


def _refuse(message: str) -> NoReturn:
    raise Problem(422, UNREADABLE, [{"field": "", "message": message}]) from None


def _without_lone_surrogates(value: Any, field: str, warnings: list[Note]) -> Any:
    """The value with U+FFFD in their place. Adds a warning for each text that had one."""
    match value:
        case str():
            text = _well_formed(value)
            if text.count("\ufffd") > value.count("\ufffd"):
                warnings.append({"field": field, "message": REPLACED})
            return text
        case dict():
            return {
                _well_formed(key): _without_lone_surrogates(
                    member, f"{field}.{key}" if field else key, warnings
                )
                for key, member in value.items()
            }
        case list():
            return [
                _without_lone_surrogates(item, f"{field}.{number}", warnings)
                for number, item in enumerate(value)
            ]
        case _:
            return value


def _well_formed(text: str) -> str:
    """The text without lone surrogates. UTF-16 joins two that form a pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
