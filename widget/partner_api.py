"""The client of the Partner API, v1: three calls, each logged and measured."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote

import httpx2
import structlog

from widget import __version__, metrics
from widget.answers import (
    Answer,
    AnswerLost,
    PartnerError,
    Unavailable,
    read_answer,
    read_body,
)
from widget.limits import LIMITS, Limits
from widget.network import connect, explain
from widget.telemetry import REQUEST_ID_HEADER, request_id

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)

# An error needs an operator: with a key that is refused, every run fails.
LEVELS = {"ok": logging.INFO, "Unauthorized": logging.ERROR}

log = structlog.get_logger()


class PartnerAPI:
    """The client. Every call may raise PartnerError, and no exception of the HTTP library.

    `transport` stands in for the network.
    """

    def __init__(
        self,
        origin: str,
        key: str,
        transport: httpx2.AsyncBaseTransport | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._origin = origin
        self._limits = limits
        self._client = httpx2.AsyncClient(
            headers={
                "X-API-Key": key,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "Content-Type": "application/json",
                "User-Agent": f"candidate-widget/{__version__}",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # keeps none
            timeout=httpx2.Timeout(
                limits.call_seconds, connect=limits.connect_seconds, pool=limits.pool_seconds
            ),
            follow_redirects=False,
            trust_env=False,
            transport=transport or connect(limits=limits),
        )

    async def create(self, body: Mapping[str, Any]) -> Answer:
        """POST /api/v1/analyses. `body` is the documented create body."""
        return await self._call("POST", "/api/v1/analyses", json.dumps(body).encode())

    async def get(self, analysis_id: str) -> Answer:
        """GET /api/v1/analyses/{id}"""
        return await self._call("GET", _path(analysis_id), analysis_id=analysis_id)

    async def cancel(self, analysis_id: str) -> Answer:
        """DELETE /api/v1/analyses/{id}. Its answer may have no body."""
        return await self._call("DELETE", _path(analysis_id), analysis_id=analysis_id, empty=b"{}")

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        analysis_id: str | None = None,
        empty: bytes = b"",
    ) -> Answer:
        """Makes a call, logs it and measures it.

        `analysis_id`: the analysis that the call is about. `empty`: read in place of an empty body.
        """
        call = _Call(method, time.perf_counter())
        try:
            response, body = await self._exchange(method, path, content)
            call.status = response.status_code
            answer = await read_answer(response, body or empty, analysis_id)
        except PartnerError as error:
            call.fail(error)
            raise
        except asyncio.CancelledError:
            call.end("Stopped", None)
            raise
        call.end("ok", answer.retry_after)
        return answer

    async def _exchange(
        self, method: str, path: str, content: bytes | None
    ) -> tuple[httpx2.Response, bytes]:
        try:
            headers = {REQUEST_ID_HEADER: request_id()}
            async with asyncio.timeout(self._limits.call_seconds):
                async with self._client.stream(
                    method, self._origin + path, content=content, headers=headers
                ) as response:
                    return response, await read_body(response)
        except NOT_SENT as error:
            word, detail = explain(error)
            raise Unavailable(word, detail=detail) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            word, detail = explain(error)
            raise AnswerLost(word, detail=detail) from None


@dataclass
class _Call:
    """One call, for the log and the metrics."""

    method: str
    started: float
    status: int | None = None

    def fail(self, error: PartnerError) -> None:
        self.end(type(error).__name__, error.retry_after, error.cause, error.detail)

    def end(
        self,
        outcome: str,
        retry_after: float | None,
        cause: str | None = None,
        detail: str | None = None,
    ) -> None:
        seconds = time.perf_counter() - self.started
        metrics.partner_api_seconds.labels(self.method, outcome).observe(seconds)
        log.log(
            LEVELS.get(outcome, logging.WARNING),
            "partner_api_call",
            method=self.method,
            outcome=outcome,
            status=self.status,
            cause=cause,
            detail=detail,
            seconds=round(seconds, 3),
            retry_after=retry_after,
        )


def _path(analysis_id: str) -> str:
    return f"/api/v1/analyses/{quote(analysis_id, safe='')}"
