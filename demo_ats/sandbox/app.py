"""The Partner API's three calls over HTTP, and the sandbox's ledger."""

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo_ats.sandbox import pdf, reports
from demo_ats.sandbox.analyses import Analysis
from demo_ats.sandbox.bodies import Refusal, answer, create_body
from demo_ats.sandbox.ledger import Bill, Entry, Exchange, Ledger, masked, without_cv
from demo_ats.sandbox.scenarios import EXISTING_DAYS, scenario_of

RETRY_SECONDS = 10
SLOW_SECONDS = 4.0
OPENAPI = json.loads((Path(__file__).parent / "openapi.json").read_text())


class Sandbox:
    """Accepts `keys`. `speed` divides all times. `clock` and `sleep` are in seconds."""

    def __init__(
        self,
        keys: Sequence[str],
        speed: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._keys = keys
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._retry_after = max(1, round(RETRY_SECONDS / speed))
        self._analyses: dict[str, Analysis] = {}
        self._latest: dict[tuple[str, str, str], Analysis] = {}
        self._ledger = Ledger()

    async def analyses(self, request: Request) -> Response:
        return await self._recorded(request, self._create)

    async def analysis(self, request: Request) -> Response:
        call = self._cancel if request.method == "DELETE" else self._read
        return await self._recorded(request, call)

    async def ledger(self, request: Request) -> Response:
        """GET and DELETE /ledger. Needs no key. The Partner API has no ledger."""
        if request.method == "DELETE":
            self._ledger.clear()
            return Response(status_code=204)
        for analysis in self._analyses.values():  # one may have completed since its last call
            self._bill_if_complete(analysis)
        return JSONResponse(self._ledger.as_json())

    async def ledger_check(self, _: Request) -> Response:
        """GET /ledger/check: answers 409 if a call has broken a rule, so that a CI job can fail."""
        violations = self._ledger.violations()
        return JSONResponse({"violations": violations}, 409 if violations else 200)

    async def ledger_entry(self, request: Request) -> Response:
        exchange = self._ledger.exchanges.get(request.path_params["number"])
        if exchange is None:
            raise HTTPException(404)
        return JSONResponse(exchange.as_json())

    async def hosted_report(self, request: Request) -> Response:
        analysis_id = request.path_params["id"]
        signature = request.query_params.get("sig", "")
        if not hmac.compare_digest(signature, reports.signature(analysis_id)):
            raise HTTPException(403)
        analysis = self._analyses.get(analysis_id)
        if analysis is None:
            raise HTTPException(404)
        content = pdf.document(reports.printed(analysis.request, analysis.scenario))
        return Response(content, media_type="application/pdf")

    # The three calls

    async def _create(self, request: Request) -> Response:
        key = self._authenticate(request)
        body = await create_body(request)
        now = self._clock()
        existing = self._find(key, body)
        if existing is not None and not existing.is_over(now):
            request.state.violation = "second_post"
        analysis = existing or self._begin(key, body, now)
        request.state.analysis = analysis
        request.state.reused = analysis.is_over(now)
        await self._misbehave(analysis, request)
        now = self._clock()
        location = {"Location": f"/api/v1/analyses/{analysis.id}"}
        if analysis.is_over(now):
            return answer(analysis.resource(now, _origin(request)), 202, headers=location)
        return answer(analysis.accepted(now), 202, self._announce(analysis), location)

    async def _read(self, request: Request) -> Response:
        analysis = self._owned(request)
        now = self._clock()
        if not analysis.is_over(now) and now < analysis.wait_until:
            request.state.violation = "early_poll"
            left = max(1, round(analysis.wait_until - now))
            raise Refusal(429, "too_early", "Wait for Retry-After before the next request.", left)
        await self._misbehave(analysis, request)
        return self._resource(analysis, request)

    async def _cancel(self, request: Request) -> Response:
        analysis = self._owned(request)
        analysis.cancel(self._clock())
        return self._resource(analysis, request)

    def _resource(self, analysis: Analysis, request: Request) -> Response:
        now = self._clock()
        retry_after = None if analysis.is_over(now) else self._announce(analysis)
        return answer(analysis.resource(now, _origin(request)), 200, retry_after)

    # What they need

    def _authenticate(self, request: Request) -> str:
        given = request.headers.get("X-API-Key", "")
        if given not in self._keys:
            raise Refusal(401, "invalid_api_key", "The API key is missing or unknown.")
        return given

    def _owned(self, request: Request) -> Analysis:
        key = self._authenticate(request)
        analysis = self._analyses.get(request.path_params["id"])
        if analysis is None or analysis.key != key:
            raise Refusal(404, "not_found", "There is no such analysis.")
        request.state.analysis = analysis
        return analysis

    def _find(self, key: str, body: dict[str, Any]) -> Analysis | None:
        """The analysis of the same subject, if it is under way or complete."""
        latest = self._latest.get((key, body["client"]["id"], body["candidate"]["id"]))
        if latest is None or latest.status(self._clock()) in {"failed", "canceled"}:
            return None
        return latest

    def _begin(self, key: str, body: dict[str, Any], now: float) -> Analysis:
        scenario = scenario_of(body["candidate"]["id"])
        age = timedelta(days=EXISTING_DAYS if scenario.existing else 0)
        analysis = Analysis(
            key=key,
            request=body,
            scenario=scenario,
            seconds=scenario.seconds / self._speed,
            started_at=now,
            created_at=datetime.now(UTC) - age,
        )
        self._analyses[analysis.id] = self._latest[analysis.subject] = analysis
        return analysis

    def _announce(self, analysis: Analysis) -> int:
        analysis.wait_until = self._clock() + self._retry_after
        return self._retry_after

    async def _misbehave(self, analysis: Analysis, request: Request) -> None:
        """The temporary faults of `test_slow`, `test_errors` and `test_limited`.

        The POST is counted as well, so the second and third request are the first two GETs.
        """
        analysis.asked += 1
        match analysis.scenario.fault:
            case "slow":
                await self._sleep(SLOW_SECONDS / self._speed)
            case "errors" if request.method == "GET" and analysis.asked in {2, 3}:
                status = 500 if analysis.asked == 2 else 503
                raise Refusal(status, "internal_error", "Something went wrong.")
            case "limited" if request.method == "GET" and analysis.asked in {2, 3}:
                wait = self._announce(analysis)
                raise Refusal(429, "rate_limited", "Too many requests.", wait)

    # The ledger

    async def _recorded(
        self, request: Request, call: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        started = time.perf_counter()
        self._ledger.under_way += 1
        try:
            response = await call(request)
        except Refusal as refusal:
            response = _broken_gateway(refusal) or refusal.response()
        finally:
            self._ledger.under_way -= 1
        self._record(request, response, time.perf_counter() - started)
        return response

    def _record(self, request: Request, response: Response, seconds: float) -> None:
        analysis: Analysis | None = getattr(request.state, "analysis", None)
        retry_after = response.headers.get("Retry-After")
        self._ledger.calls += 1
        entry = Entry(
            number=self._ledger.calls,
            at=_iso_now(),
            method=request.method,
            path=request.url.path,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
            analysis_id=analysis.id if analysis else None,
            client_id=analysis.client_id if analysis else None,
            candidate_id=analysis.candidate_id if analysis else None,
            retry_after=int(retry_after) if retry_after else None,
            reused=getattr(request.state, "reused", False),
            violation=getattr(request.state, "violation", None),
        )
        exchange = Exchange(
            entry=entry,
            request_headers=masked(request.headers),
            request_body=without_cv(getattr(request.state, "body", None)),
            answer_headers=dict(response.headers),
            answer_body=bytes(response.body),
        )
        self._ledger.record(exchange, analysis.subject if analysis else None)
        if analysis is not None:
            self._bill_if_complete(analysis)

    def _bill_if_complete(self, analysis: Analysis) -> None:
        if analysis.scenario.existing or analysis.status(self._clock()) != "completed":
            return
        bill = Bill(
            at=_iso_now(),
            analysis_id=analysis.id,
            client_id=analysis.client_id,
            client_company=str(analysis.request["client"].get("company", "")),
            candidate_id=analysis.candidate_id,
        )
        self._ledger.bill(analysis.subject, bill)


def create_app(
    keys: Sequence[str],
    speed: float = 1,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Starlette:
    """The sandbox as an ASGI application. `speed` divides all times, `Retry-After` too."""
    sandbox = Sandbox(keys, speed, clock, sleep)
    return Starlette(
        routes=[
            Route("/api/v1/analyses", sandbox.analyses, methods=["POST"]),
            Route("/api/v1/analyses/{id}", sandbox.analysis, methods=["GET", "DELETE"]),
            Route("/api/ats/reports/{id}/pdf", sandbox.hosted_report),
            Route("/ledger", sandbox.ledger, methods=["GET", "DELETE"]),
            Route("/ledger/check", sandbox.ledger_check),
            Route("/ledger/requests/{number:int}", sandbox.ledger_entry),
            Route("/openapi.json", _describe),
        ],
        exception_handlers={HTTPException: _refuse},
    )


async def _describe(_: Request) -> Response:
    return JSONResponse(OPENAPI)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    code = error.detail.lower().replace(" ", "_")
    return Refusal(error.status_code, code, error.detail).response()


def _broken_gateway(refusal: Refusal) -> Response | None:
    """Turns a 503 into a 502 in HTML, as a proxy in front of a real server would send."""
    if refusal.status != 503:
        return None
    return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502)


def _iso_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")
