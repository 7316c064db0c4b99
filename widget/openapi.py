"""The host API described in OpenAPI 3.1, made from the models that validate it."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from widget import __version__
from widget.host_api import FieldNote, SessionResponse
from widget.session_request import SessionRequest
from widget.statuses import StatusesRequest, StatusesResponse
from widget.usage_report import UsageRequest, UsageResponse

REF = "#/components/schemas/{model}"


class ProblemDetails(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldNote]


async def describe(_: Request) -> Response:
    """GET /openapi.json"""
    return JSONResponse(DESCRIPTION)


def _description() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Candidate Intelligence widget, host API",
            "version": __version__,
            "description": "What the backend of an ATS calls to embed the widget.",
        },
        "paths": {
            "/api/v1/sessions": {"post": _open_session()},
            "/api/v1/statuses": {"post": _ask_for_statuses()},
            "/api/v1/usage": {"get": _ask_for_usage()},
            "/api/v1/candidates/{client_id}/{candidate_id}": {"delete": _erase()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "hostToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "One of the tokens in WIDGET_HOST_TOKEN.",
                }
            },
        },
        "security": [{"hostToken": []}],
    }


def _open_session() -> dict[str, Any]:
    return {
        "operationId": "openSession",
        "summary": "Open an embed session for one opening of a candidate profile",
        "requestBody": {"required": True, "content": _json_content(SessionRequest)},
        "responses": {
            "201": {"description": "Opened", "content": _json_content(SessionResponse)},
            "401": _problem("The bearer token is missing or wrong"),
            "413": _problem("The body is too large"),
            "415": _problem("The body is not application/json"),
            "422": _problem("A field is missing, unknown or not as it must be"),
            "503": _problem("The store does not answer"),
        },
    }


def _ask_for_statuses() -> dict[str, Any]:
    return {
        "operationId": "askForStatuses",
        "summary": "Ask where the reports of a client's candidates stand, for a list",
        "description": "Says nothing of what is in a report, and asks the Partner API nothing.",
        "requestBody": {"required": True, "content": _json_content(StatusesRequest)},
        "responses": {
            "200": {"description": "A status for each", "content": _json_content(StatusesResponse)},
            "401": _problem("The bearer token is missing or wrong"),
            "413": _problem("The body is too large"),
            "415": _problem("The body is not application/json"),
            "422": _problem("A field is missing, unknown or not as it must be"),
            "503": _problem("The store does not answer"),
        },
    }


def _ask_for_usage() -> dict[str, Any]:
    as_csv = {"text/csv": {"schema": {"type": "string"}}}
    return {
        "operationId": "askForUsage",
        "summary": "Ask how many runs each client had in each month",
        "parameters": [_month_parameter("from"), _month_parameter("to")],
        "responses": {
            "200": {
                "description": "What was counted; CSV for `Accept: text/csv`",
                "content": _json_content(UsageResponse) | as_csv,
            },
            "401": _problem("The bearer token is missing or wrong"),
            "422": _problem("A month is missing or not as it must be"),
            "503": _problem("The store does not answer"),
        },
    }


def _month_parameter(name: str) -> dict[str, Any]:
    schema = UsageRequest.model_json_schema()["properties"][name]
    return {"name": name, "in": "query", "required": True, "schema": schema, "example": "2026-11"}


def _erase() -> dict[str, Any]:
    return {
        "operationId": "eraseCandidate",
        "summary": "Erase everything that is kept on a candidate for a client",
        "description": "Identifiers are percent-encoded: a slash within one is sent as `%2F`.",
        "parameters": [_path_parameter("client_id"), _path_parameter("candidate_id")],
        "responses": {
            "204": {"description": "Nothing is kept any more, or there was nothing"},
            "401": _problem("The bearer token is missing or wrong"),
            "503": _problem("The store does not answer"),
        },
    }


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _json_content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=ProblemDetails.__name__)}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _schemas() -> dict[str, Any]:
    _, schemas = models_json_schema(
        [
            (SessionRequest, "validation"),
            (SessionResponse, "serialization"),
            (StatusesRequest, "validation"),
            (StatusesResponse, "serialization"),
            (UsageResponse, "serialization"),
            (ProblemDetails, "serialization"),
        ],
        ref_template=REF,
    )
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions


DESCRIPTION = _description()
