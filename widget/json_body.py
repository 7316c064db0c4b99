"""The JSON that an ATS sends: read, mended where that can be done, and held against a model."""

import codecs
import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from widget.problems import Problem

MAX_BODY_BYTES = 2 * 1024 * 1024
MAX_DIGITS = 1_001  # of a whole number; more than any text may have, and less than Python refuses

REPLACED = "Contained a lone surrogate, which became U+FFFD"
UNREADABLE = "The body cannot be read as JSON."
MESSAGES = {  # where Pydantic speaks of Python
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "list_type": "Input should be an array",
}

Note = dict[str, str]  # {field, message}, the field as a dotted path
M = TypeVar("M", bound=BaseModel)


async def read_json(request: Request) -> tuple[Any, list[Note]]:
    """What the body says, and what was mended in it. Raises Problem (413, 415, 422)."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "The body must be application/json.")
    body = await _body(request)
    warnings: list[Note] = []
    try:
        return _without_lone_surrogates(_parsed(body), "", warnings), warnings
    except RecursionError:
        _refuse("Nested too deep")


def validated(model: type[M], value: Any, context: Mapping[str, Any] | None = None) -> M:
    """`context`: what the model's validators need beside the value. Raises Problem (422)."""
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        errors = [note for detail in error.errors() for note in _notes(dict(detail))]
        raise Problem(422, "These data cannot be accepted.", errors) from None


def _notes(detail: dict[str, Any]) -> list[Note]:
    """One for each field. A custom error may be about several beside each other, its `fields`."""
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
    """Pydantic's own parser is not used, as it takes no lone surrogates."""
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogatepass")
        return json.loads(text, parse_int=lambda digits: int(digits[:MAX_DIGITS]))
    except UnicodeDecodeError as error:
        _refuse(f"Invalid UTF-8 at byte {error.start}")
    except json.JSONDecodeError as error:
        _refuse(f"Invalid JSON: {error.msg} at line {error.lineno} column {error.colno}")


def _refuse(message: str) -> NoReturn:
    raise Problem(422, UNREADABLE, [{"field": "", "message": message}]) from None


def _without_lone_surrogates(value: Any, field: str, warnings: list[Note]) -> Any:
    """The value with U+FFFD in their place. Each text that had one is added to the warnings."""
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
    """UTF-16 joins the two of a pair, where each came as a character of its own."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
