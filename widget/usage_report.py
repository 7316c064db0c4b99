"""The usage of each client by month, as JSON or CSV."""

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from widget.usage import Usage

Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


class UsageRequest(BaseModel):
    """The months that are asked for, such as `2026-11`. Both are included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: Annotated[Month, Field(alias="from")]
    last: Annotated[Month, Field(alias="to")]

    @field_validator("last")
    @classmethod
    def _is_not_before_the_first(cls, value: str, info: ValidationInfo) -> str:
        if value < info.data.get("first", value):
            raise PydanticCustomError("order", "Input should not be before `from`")
        return value


class ClientUsage(BaseModel):
    """`reused`: how many of `started` were answered with an existing report."""

    month: str
    client_id: str
    started: int
    completed: int
    failed: int
    canceled: int
    reused: int


class UsageResponse(BaseModel):
    usage: list[ClientUsage]


def as_rows(usage: Sequence[Usage]) -> list[ClientUsage]:
    return [
        ClientUsage(month=each.month, client_id=each.client_id, **each.counts) for each in usage
    ]


def as_csv(rows: Sequence[ClientUsage]) -> str:
    """CSV with a header line (RFC 4180)."""
    text = StringIO()
    writer = csv.DictWriter(text, list(ClientUsage.model_fields))
    writer.writeheader()
    writer.writerows(row.model_dump() for row in rows)
    return text.getvalue()


def prefers_csv(accept: str) -> bool:
    """Whether the header asks for CSV rather than JSON (RFC 9110, 12.5.1)."""
    return _quality(accept, "text/csv") > _quality(accept, "application/json")


def _quality(accept: str, media_type: str) -> float:
    """The quality of a media type that the header names. Wildcards do not count."""
    for choice in accept.lower().split(","):
        name, *parameters = (part.strip() for part in choice.split(";"))
        if name == media_type:
            return next((_number(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return 0.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
