"""One recruiter and two candidates, who recur everywhere."""

from collections.abc import Mapping
from typing import Any

IDA = {"id": "client-1", "first_name": "Ida", "last_name": "Moreau", "company": "Northbridge"}

MARA = {
    "id": "candidate-1",
    "first_name": "Mara",
    "last_name": "Lindqvist",
    "company": "Tide & Timber",
    "location": "Gothenburg",
    "role": "Bridge engineer",
    "cv": "Ten years of bridges.",
}
TOMAS = {"id": "candidate-2", "first_name": "Tomas", "last_name": "Brandl"}


def create_body(candidate: Mapping[str, Any] = MARA, **members: Any) -> dict[str, Any]:
    """The Partner API's create body for one of the two."""
    return {"language": "en", "client": IDA, "candidate": candidate, **members}
