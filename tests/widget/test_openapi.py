"""The description of the host API, and the host API held against it."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import Case

from tests.serving import serving
from tests.widget.client import BEARER
from tests.widget.widget_process import some_settings
from widget.app import create_app
from widget.openapi import DESCRIPTION
from widget.session_request import MAX_TEXT_LENGTH

ATS = "http://localhost:8000"


def test_the_description_is_valid_openapi_3_1() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_it_describes_each_call_and_each_status_of_the_host_api() -> None:
    described = {
        (method, path): set(operation["responses"])
        for path, operations in DESCRIPTION["paths"].items()
        for method, operation in operations.items()
    }
    assert described == {
        ("post", "/api/v1/sessions"): {"201", "401", "413", "415", "422", "503"},
        ("post", "/api/v1/statuses"): {"200", "401", "413", "415", "422", "503"},
        ("get", "/api/v1/usage"): {"200", "401", "422", "503"},
        ("delete", "/api/v1/candidates/{client_id}/{candidate_id}"): {"204", "401", "503"},
    }


def test_it_says_what_is_required_and_that_nothing_else_is_taken() -> None:
    schemas: dict[str, Any] = DESCRIPTION["components"]["schemas"]
    required = {name: schema.get("required") for name, schema in schemas.items()}
    assert required["SessionRequest"] == ["language", "client", "candidate"]
    assert required["Client"] == ["id"]
    assert required["Candidate"] == ["id"]
    one_of_the_names = schemas["Candidate"]["anyOf"]
    assert [choice["required"] for choice in one_of_the_names] == [["first_name"], ["last_name"]]
    assert required["StatusesRequest"] == ["client_id", "candidate_ids"]
    closed = "StatusesRequest SessionRequest Client Candidate Appearance Viewer"
    for name in closed.split():
        assert schemas[name]["additionalProperties"] is False


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The widget over a real connection: what may be in a path is decided there."""
    with TemporaryDirectory() as folder:
        options = some_settings(f"sqlite:///{Path(folder) / 'widget.db'}")
        with serving(create_app(options)) as origin:
            yield origin


# A body that breaks the schema by its length alone is too large as well.
REFUSALS = {"expected-statuses": [401, 404, 405, 413, 415, 422]}
# That a range must not end before it begins is more than a schema can say.
RANGES = {"expected-statuses": ["2xx", 422]}
CONFIG = schemathesis.Config.from_dict(
    {
        "seed": 1,
        "checks": {"negative_data_rejection": REFUSALS},
        "operations": [
            {
                "include-path": "/api/v1/usage",
                "checks": {"positive_data_acceptance": RANGES, "negative_data_rejection": REFUSALS},
            }
        ],
    }
)


@schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG).parametrize()
def test_whatever_may_be_sent_is_answered_as_described(case: Case[Any], origin: str) -> None:
    _take_an_allowed_origin(case.body)
    response = case.call_and_validate(base_url=origin, headers=BEARER)
    assert response.status_code < 500


def _take_an_allowed_origin(body: Any) -> None:
    """Which ones there are is for the settings to say, and not for the description."""
    match body:
        case {"origin": str(origin)} if len(origin) <= MAX_TEXT_LENGTH:
            body["origin"] = ATS
