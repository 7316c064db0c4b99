"""The ATS backend's door: it opens embed sessions, and has candidates erased."""

import hmac
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from widget import metrics
from widget.problems import Problem
from widget.runs import Runs
from widget.sessions import Sessions
from widget.settings import Settings

MAX_BODY_BYTES = 1024 * 1024
MAX_CV_LENGTH = 200_000
MAX_TEXT_LENGTH = 1_000

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_LENGTH)]
RequiredText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_LENGTH)]
CVText = Annotated[str, StringConstraints(max_length=MAX_CV_LENGTH)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Client(_Model):
    """The recruiter, and the company that is billed. `id` is the ATS's own."""

    id: RequiredText
    first_name: Text | None = None
    last_name: Text | None = None
    company: Text | None = None


class Candidate(_Model):
    """Who the report is about. `id` is the ATS's own; `cv` is plain text."""

    id: RequiredText
    first_name: RequiredText
    last_name: RequiredText
    company: Text | None = None
    location: Text | None = None
    role: Text | None = None
    cv: CVText | None = None


class Appearance(_Model):
    """How the widget looks. It stays in the widget."""

    theme: Literal["light", "dark", "auto"] = "auto"
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    font: Literal["system", "serif", "mono"] = "system"
    density: Literal["compact", "comfortable"] = "comfortable"
    radius: Literal["none", "small", "large"] = "small"


class SessionRequest(_Model):
    """The Partner API's create body, and how the widget should look."""

    language: RequiredText
    client: Client
    candidate: Candidate
    appearance: Appearance = Field(default_factory=Appearance)

    def create_body(self) -> dict[str, Any]:
        return self.model_dump(exclude={"appearance"}, exclude_none=True)


class Anything(PathConvertor):
    """The rest of a path, where a line feed may be part of an identifier."""

    regex = "(?s:.*)"


register_url_convertor("anything", Anything())


class SessionResponse(_Model):
    token: str
    embed_url: str
    expires_at: datetime


class HostAPI:
    def __init__(self, sessions: Sessions, runs: Runs, settings: Settings) -> None:
        self._sessions = sessions
        self._runs = runs
        self._tokens = [t.get_secret_value().encode() for t in settings.host_token]
        self._public_url = settings.public_url

    async def open_session(self, request: Request) -> Response:
        """POST /api/v1/sessions"""
        self._authenticate(request)
        _require_json(request)
        asked = _validated(await _body(request))
        token, session = await self._sessions.open(
            asked.create_body(), asked.appearance.model_dump(exclude_none=True)
        )
        metrics.sessions_opened.inc()
        answer = SessionResponse(
            token=token,
            embed_url=f"{self._public_url}/embed/{token}",
            expires_at=datetime.fromtimestamp(int(session.expires_at), UTC),
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
            raise Problem(401, "The bearer token is missing or wrong.")


def _identifiers(request: Request) -> tuple[str, str]:
    """Read from the path as it was sent, where a slash within an identifier is `%2F`."""
    path = request.scope["raw_path"].decode("ascii")
    segments = path.partition("/candidates/")[2].split("/")
    if len(segments) != 2 or "" in segments:
        raise Problem(404, "The path must be /api/v1/candidates/{client_id}/{candidate_id}.")
    client_id, candidate_id = (unquote(segment, errors="surrogateescape") for segment in segments)
    return client_id, candidate_id


def _require_json(request: Request) -> None:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "The body must be application/json.")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _validated(body: bytes) -> SessionRequest:
    try:
        return SessionRequest.model_validate_json(body)
    except ValidationError as error:
        errors = [
            {"field": ".".join(map(str, detail["loc"])), "message": detail["msg"]}
            for detail in error.errors(include_url=False, include_context=False)
        ]
        raise Problem(422, "The session cannot be opened with these data.", errors) from None
