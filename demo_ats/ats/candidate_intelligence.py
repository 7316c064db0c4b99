"""Candidate Intelligence in an ATS: the backend's part of the integration. Copy this file.

Your backend authenticates with the widget's host token. Only the widget has the Partner API's key.
Before you call `open_session`, check that the user may see the candidate.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote

import httpx2

TIMEOUT_SECONDS = 5.0
MAX_IDS = 200  # how many candidates the widget accepts in one request for statuses
MAX_AGE_SECONDS = 300  # an event with an older signature may be a replay, and is refused

Permission = Literal["run", "view"]


class WidgetUnavailable(Exception):
    """The widget gave no answer, or an error. The message is for the log, not for users."""


class NotFromTheWidget(Exception):
    """An event without a valid signature. Answer 400, and do nothing."""


@dataclass(frozen=True)
class Client:
    """The company that is billed, and its recruiter.

    `id` and `company` are the company's id in your ATS and its name, the other two the recruiter's.
    """

    id: str
    first_name: str
    last_name: str
    company: str


@dataclass(frozen=True)
class Candidate:
    """The person whom the report is about. `id` is theirs in your ATS. `cv` is plain text."""

    id: str
    first_name: str
    last_name: str
    company: str = ""
    location: str = ""
    role: str = ""
    cv: str = ""


class CandidateIntelligence:
    """The widget's host API. Every method that calls the widget may raise WidgetUnavailable.

    `token` is WIDGET_HOST_TOKEN, `origin` is the origin of the ATS's pages, which will frame the
    widget. `transport` replaces the network in tests.
    """

    def __init__(
        self,
        widget_url: str,
        token: str,
        origin: str,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.loader_url = f"{widget_url}/embed.js"
        self._origin = origin
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx2.AsyncClient(
            base_url=widget_url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        )

    async def open_session(
        self,
        client: Client,
        candidate: Candidate,
        viewer_id: str,
        permissions: Sequence[Permission],
        language: str,
    ) -> str:
        """Opens a session, and returns the address for the iframe.

        Open one each time that a user opens a profile, and give its address to this user only.
        """
        body = {
            "language": language,
            "client": asdict(client),
            "candidate": asdict(candidate),
            "viewer": {"id": viewer_id},
            "permissions": list(permissions),
            "origin": self._origin,
            "appearance": {"intro": True},
        }
        return str(await self._call("POST", "/api/v1/sessions", "embed_url", json=body))

    async def statuses(self, client_id: str, candidate_ids: Sequence[str]) -> dict[str, str]:
        """Returns `none`, `running`, `completed`, `failed` or `canceled` for each candidate id."""
        found: dict[str, str] = {}
        for start in range(0, len(candidate_ids), MAX_IDS):
            ids = candidate_ids[start : start + MAX_IDS]
            body = {"client_id": client_id, "candidate_ids": ids}
            told = await self._call("POST", "/api/v1/statuses", "statuses", json=body)
            found |= {candidate_id: each["status"] for candidate_id, each in told.items()}
        return found

    async def usage(self, first_month: str, last_month: str) -> list[dict[str, Any]]:
        """Returns one row for each client company and month, for your invoices.

        The months are written as `2026-01`. Both are included.
        """
        months = {"from": first_month, "to": last_month}
        return list(await self._call("GET", "/api/v1/usage", "usage", params=months))

    async def erase(self, client_id: str, candidate_id: str) -> None:
        """Has the widget delete all that it keeps about a candidate.

        Call it when your ATS deletes the candidate, and repeat it until it does not raise.
        """
        pair = f"{quote(client_id, safe='')}/{quote(candidate_id, safe='')}"
        await self._call("DELETE", f"/api/v1/candidates/{pair}")

    async def close(self) -> None:
        await self._http.aclose()

    async def _call(self, method: str, path: str, member: str = "", **parts: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **parts)
            if not answer.is_success:  # an error's text names fields, but no values
                raise WidgetUnavailable(f"{answer.status_code}: {answer.text[:500]}")
            return answer.json()[member] if member else None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise WidgetUnavailable(type(error).__name__) from error


def verified_event(secret: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Verifies a POST of the widget, and returns its event: `{type, timestamp, data}`.

    `secret` is WIDGET_EVENTS_SECRET. `headers` are looked up in lower case. An event may be
    delivered twice, with the same `webhook-id`. Raises NotFromTheWidget. Signatures follow
    https://www.standardwebhooks.com.
    """
    try:
        event_id, sent_at = headers["webhook-id"], headers["webhook-timestamp"]
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{event_id}.{sent_at}.".encode() + body, hashlib.sha256)
        expected = b"v1," + base64.b64encode(digest)
        given = headers["webhook-signature"].encode().split()
        if not any(hmac.compare_digest(expected, each) for each in given):
            raise NotFromTheWidget("The signature is not the widget's.")
        if abs(time.time() - int(sent_at)) > MAX_AGE_SECONDS:
            raise NotFromTheWidget("The signature is too old.")
    except (KeyError, ValueError) as error:
        raise NotFromTheWidget("The signature cannot be read.") from error
    event: dict[str, Any] = json.loads(body)
    return event
