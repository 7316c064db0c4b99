"""Candidate Intelligence in an ATS: the backend's half of the integration, and the file to copy.

The page asks the backend for a session (`_intelligence.html`), the backend opens one for the
candidate whose profile is looked at, and the widget answers with the address to frame. The Partner
API's key stays with the widget, and the host token stays here.
"""

from dataclasses import asdict, dataclass

import httpx2

TIMEOUT_SECONDS = 5.0


class WidgetUnavailable(Exception):
    """The widget gave no session. The cause is for the log, not for the recruiter."""


@dataclass(frozen=True)
class Client:
    """The recruiter who looks, and the company that is billed. `id` is the company's in the ATS."""

    id: str
    first_name: str
    last_name: str
    company: str


@dataclass(frozen=True)
class Candidate:
    """Who the report is about. `id` is the ATS's own; `cv` is plain text."""

    id: str
    first_name: str
    last_name: str
    company: str = ""
    location: str = ""
    role: str = ""
    cv: str = ""


class CandidateIntelligence:
    """The widget's host API. `token` is the widget's WIDGET_HOST_TOKEN."""

    def __init__(
        self, widget_url: str, token: str, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.loader_url = f"{widget_url}/embed.js"
        self._http = httpx2.AsyncClient(
            base_url=widget_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    async def open_session(self, client: Client, candidate: Candidate, language: str) -> str:
        """The address for the iframe, good for one opening of one profile.

        Raises WidgetUnavailable.
        """
        body = {
            "language": language,
            "client": _filled_in(client),
            "candidate": _filled_in(candidate),
        }
        try:
            answer = await self._http.post("/api/v1/sessions", json=body)
            answer.raise_for_status()
            return str(answer.json()["embed_url"])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise WidgetUnavailable(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        await self._http.aclose()


def _filled_in(record: Client | Candidate) -> dict[str, str]:
    return {name: value for name, value in asdict(record).items() if value}
