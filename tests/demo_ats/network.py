"""The widget's host API and the sandbox's ledger in a few lines, for an ATS under test."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

WIDGET = "http://127.0.0.1:8001"
SANDBOX = "http://127.0.0.1:8002"
ATS = "http://localhost:8000"
TOKEN = "host-token-of-the-tests"
EVENTS_SECRET = "whsec_" + base64.b64encode(b"the events' secret of the tests").decode()
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
    statuses: dict[str, str] = field(default_factory=dict)
    usage: list[dict[str, Any]] = field(default_factory=list)
    exchanges: dict[int, dict[str, Any]] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=lambda: EMPTY_LEDGER)
    requests: list[httpx2.Request] = field(default_factory=list)

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The bodies of the sessions that were asked for."""
        return [json.loads(r.content) for r in self.requests if r.url.path == "/api/v1/sessions"]

    @property
    def erased(self) -> list[str]:
        """The paths of the erasures that were asked for."""
        return [r.url.raw_path.decode() for r in self.requests if r.method == "DELETE"]

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
            case "POST", url if url == f"{WIDGET}/api/v1/statuses":
                asked = json.loads(request.content)["candidate_ids"]
                told = {
                    id: {"status": self.statuses.get(id, "none"), "since": None} for id in asked
                }
                return httpx2.Response(200, json={"statuses": told})
            case "GET", url if url.startswith(f"{WIDGET}/api/v1/usage?"):
                return httpx2.Response(200, json={"usage": self.usage})
            case "DELETE", url if url.startswith(f"{WIDGET}/api/v1/candidates/"):
                return httpx2.Response(204)
            case "GET", url if url.startswith(f"{SANDBOX}/ledger/requests/"):
                exchange = self.exchanges.get(int(url.rpartition("/")[2]))
                return httpx2.Response(200 if exchange else 404, json=exchange)
            case "GET", url if url == f"{SANDBOX}/ledger":
                return httpx2.Response(200, json=self.ledger)
            case "DELETE", url if url == f"{SANDBOX}/ledger":
                self.ledger = EMPTY_LEDGER
                return httpx2.Response(204)
        return httpx2.Response(404)
