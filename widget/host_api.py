"""The ATS backend's door: it opens embed sessions, and has candidates erased."""

import hmac
from datetime import UTC, datetime
from urllib.parse import unquote

import structlog
from pydantic import BaseModel
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from widget import metrics
from widget.json_body import read_json, validated
from widget.problems import Problem
from widget.runs import Runs
from widget.session_request import SessionRequest, shorten_cv
from widget.sessions import Sessions
from widget.settings import Settings
from widget.telemetry import client_address

log = structlog.get_logger()


class Anything(PathConvertor):
    """The rest of a path, where a line feed may be part of an identifier."""

    regex = "(?s:.*)"


register_url_convertor("anything", Anything())


class FieldNote(BaseModel):
    """`field` is a dotted path into the body, such as `candidate.id`."""

    field: str
    message: str


class SessionResponse(BaseModel):
    """`warnings`: what was not as it must be, and was mended."""

    token: str
    embed_url: str
    expires_at: datetime
    warnings: list[FieldNote]


class HostAPI:
    def __init__(self, sessions: Sessions, runs: Runs, settings: Settings) -> None:
        self._sessions = sessions
        self._runs = runs
        self._tokens = [t.get_secret_value().encode() for t in settings.host_token]
        self._public_url = settings.public_url
        self._allowed_origins = settings.allowed_origins

    async def open_session(self, request: Request) -> Response:
        """POST /api/v1/sessions"""
        self._authenticate(request)
        body, warnings = await read_json(request)
        warnings += shorten_cv(body)
        asked = validated(SessionRequest, body, {"allowed_origins": self._allowed_origins})
        token, session = await self._sessions.open(
            asked.create_body(),
            asked.appearance.model_dump(exclude_none=True),
            permissions=frozenset(asked.permissions),
            origin=asked.origin,
            viewer_id=asked.viewer.id if asked.viewer else None,
        )
        metrics.sessions_opened.inc()
        answer = SessionResponse(
            token=token,
            embed_url=f"{self._public_url}/embed/{token}",
            expires_at=datetime.fromtimestamp(int(session.expires_at), UTC),
            warnings=[FieldNote(**warning) for warning in warnings],
        )
        return JSONResponse(answer.model_dump(mode="json"), status_code=201)

    async def erase(self, request: Request) -> Response:
        """DELETE /api/v1/candidates/{client_id}/{candidate_id}"""
        self._authenticate(request)
        await self._runs.erase(*_identifiers(request))
        return Response(status_code=204)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode()
        matches = [hmac.compare_digest(given, known) for known in self._tokens]
        if scheme.lower() != "bearer" or not any(matches):
            metrics.host_tokens_refused.inc()
            log.warning("host_token_refused", address=client_address(request.scope))
            raise Problem(401, "The bearer token is missing or wrong.")


def _identifiers(request: Request) -> tuple[str, str]:
    """Read from the path as it was sent, where a slash within an identifier is `%2F`."""
    path = request.scope["raw_path"].decode("ascii")
    segments = path.partition("/candidates/")[2].split("/")
    if len(segments) != 2 or "" in segments:
        raise Problem(404, "The path must be /api/v1/candidates/{client_id}/{candidate_id}.")
    client_id, candidate_id = (unquote(segment, errors="surrogateescape") for segment in segments)
    return client_id, candidate_id
