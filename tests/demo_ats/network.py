"""The widget's host API and the sandbox's ledger in a few lines, for an ATS under test."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

WIDGET = "http://127.0.0.1:8001"
SANDBOX = "http://127.0.0.1:8002"
TOKEN = "host-token-of-the-tests"
EMBED_URL = f"{WIDGET}/embed/signed-token"

EMPTY_LEDGER: dict[str, Any] = {"requests": [], "billed": [], "violations": []}


@dataclass
class Network:
    """Answers as the widget and the sandbox do, and keeps what they were asked."""

    down: bool = False
    session_answer: httpx2.Response = field(
        default_factory=lambda: httpx2.Response(
            201, json={"token": "t", "embed_url": EMBED_URL, "expires_at": "2026-11-24T12:00:00Z"}
        )
    )
    ledger: dict[str, Any] = field(default_factory=lambda: EMPTY_LEDGER)
    requests: list[httpx2.Request] = field(default_factory=list)

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The bodies of the sessions that were asked for."""
        return [json.loads(r.content) for r in self.requests if r.url.path == "/api/v1/sessions"]

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.down:
            raise httpx2.ConnectError("Nobody listens.", request=request)
        match request.method, str(request.url):
            case "POST", url if url == f"{WIDGET}/api/v1/sessions":
                return self.session_answer
            case "GET", url if url == f"{SANDBOX}/ledger":
                return httpx2.Response(200, json=self.ledger)
            case "DELETE", url if url == f"{SANDBOX}/ledger":
                self.ledger = EMPTY_LEDGER
                return httpx2.Response(204)
        return httpx2.Response(404)
