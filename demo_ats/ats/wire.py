"""The calls to the Partner API, read from the sandbox's ledger over HTTP."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

TIMEOUT_SECONDS = 3.0


class LedgerUnavailable(Exception):
    """The sandbox does not answer, or the answer is not a ledger."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)


class Call(_Entry):
    """One call to the Partner API. `retry_after` is in seconds."""

    number: int
    at: datetime
    method: str
    path: str
    status: int
    duration_ms: float
    analysis_id: str | None = None
    candidate_id: str | None = None
    retry_after: float | None = None
    violation: str | None = None


class Message(_Entry):
    """A request or an answer. `body` is the value of its JSON, or its text if it is not JSON."""

    headers: dict[str, str] = {}
    body: Any = None


class Exchange(_Entry):
    """A call with its request and its answer. Secrets are masked."""

    call: Call
    request: Message
    answer: Message


class Bill(_Entry):
    """One report that a client company pays for."""

    at: datetime
    analysis_id: str
    client_id: str
    client_company: str | None = None
    candidate_id: str


class Ledger(_Entry):
    requests: tuple[Call, ...] = ()
    billed: tuple[Bill, ...] = ()
    violations: tuple[Call, ...] = ()

    def calls(self) -> list[tuple[Call, float | None]]:
        """The calls, newest first, each with the seconds since the last call on its analysis."""
        return list(self._with_gaps())[::-1]

    def _with_gaps(self) -> Iterator[tuple[Call, float | None]]:
        last: dict[str | None, datetime] = {}
        for call in self.requests:
            before = last.get(call.analysis_id) if call.analysis_id else None
            yield call, (call.at - before).total_seconds() if before else None
            last[call.analysis_id] = call.at


class Wire:
    """Reads and clears the ledger. `transport` replaces the network in tests."""

    def __init__(
        self, sandbox_url: str, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx2.AsyncClient(
            base_url=sandbox_url, timeout=TIMEOUT_SECONDS, transport=transport
        )

    async def read(self) -> Ledger:
        """Raises LedgerUnavailable."""
        try:
            answer = await self._http.get("/ledger")
            answer.raise_for_status()
            return Ledger.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError) as error:
            raise LedgerUnavailable(str(error)) from error

    async def exchange(self, number: int) -> Exchange | None:
        """The call of that number. None if the sandbox does not answer, or no longer keeps it."""
        try:
            answer = await self._http.get(f"/ledger/requests/{number}")
            answer.raise_for_status()
            return Exchange.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValidationError):
            return None

    async def clear(self) -> None:
        """Raises LedgerUnavailable."""
        try:
            (await self._http.delete("/ledger")).raise_for_status()
        except httpx2.HTTPError as error:
            raise LedgerUnavailable(str(error)) from error

    async def close(self) -> None:
        await self._http.aclose()
