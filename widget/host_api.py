"""What the ATS backend requests: sessions, statuses, usage, and erasures."""

import hmac
import time
from collections.abc import Callable
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
from widget.statuses import StatusesRequest, StatusesResponse, status_of
from widget.store import Store
from widget.telemetry import client_address
from widget.usage_report import UsageRequest, UsageResponse, as_csv, as_rows, prefers_csv

log = structlog.get_logger()


class Anything(PathConvertor):
    """The rest of a path. Unlike Starlette's `path`, it matches line feeds in identifiers."""

    regex = "(?s:.*)"


register_url_convertor("anything", Anything())


class FieldNote(BaseModel):
    """`field` is a dotted path into the body, such as `candidate.id`."""

    field: str
    message: str


class SessionResponse(BaseModel):
    """`warnings`: what was wrong with the body, and was corrected."""

    token: str
    embed_url: str
    expires_at: datetime
    warnings: list[FieldNote]


class HostAPI:
    """`clock` gives seconds since the epoch."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        runs: Runs,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._runs = runs
        self._clock = clock
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
        return Response(answer.model_dump_json(), 201, media_type="application/json")

    async def statuses(self, request: Request) -> Response:
        """POST /api/v1/statuses"""
        self._authenticate(request)
        body, _ = await read_json(request)
        asked = validated(StatusesRequest, body)
        pairs = {name: self._store.pair(asked.client_id, name) for name in asked.candidate_ids}
        runs = await self._store.outlines(list(pairs.values()))
        now = self._clock()
        answer = StatusesResponse(
            statuses={name: status_of(runs.get(pair), now) for name, pair in pairs.items()}
        )
        return JSONResponse(answer.model_dump(mode="json"))

    async def usage(self, request: Request) -> Response:
        """GET /api/v1/usage"""
        self._authenticate(request)
        asked = validated(UsageRequest, dict(request.query_params))
        rows = as_rows(await self._store.usage(asked.first, asked.last))
        headers = {"Vary": "Accept"}
        if prefers_csv(request.headers.get("Accept", "")):
            return Response(as_csv(rows), headers=headers, media_type="text/csv; header=present")
        return JSONResponse(UsageResponse(usage=rows).model_dump(), headers=headers)

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
    """The client's and the candidate's id, from the raw path: a slash within one is `%2F`."""
    path = request.scope["raw_path"].decode("ascii")
    segments = path.partition("/candidates/")[2].split("/")
    if len(segments) != 2 or "" in segments:
        raise Problem(404, "The path must be /api/v1/candidates/{client_id}/{candidate_id}.")
    client_id, candidate_id = (unquote(segment, errors="surrogateescape") for segment in segments)
    return client_id, candidate_id
