"""The addresses that open a session for a profile: for the element, and for a plain iframe."""

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from demo_ats.ats import candidate_intelligence
from demo_ats.ats.access import Access
from demo_ats.ats.accounts import User
from demo_ats.ats.candidate_intelligence import CandidateIntelligence, WidgetUnavailable
from demo_ats.ats.languages import current_language
from demo_ats.ats.pipeline import Candidate

log = logging.getLogger("demo_ats")


class Intelligence:
    def __init__(self, access: Access, intelligence: CandidateIntelligence) -> None:
        self._access = access
        self._intelligence = intelligence

    async def open_session(self, request: Request) -> Response:
        """POST /candidates/{id}/intelligence-session: `{"embed_url": …}` for the element"""
        embed_url = await self.embed_url_or_none(request)
        if embed_url is None:
            return JSONResponse({"error": "Candidate Intelligence does not answer."}, 502)
        return JSONResponse({"embed_url": embed_url})

    async def frame(self, request: Request) -> Response:
        """GET /candidates/{id}/intelligence: redirects to the session, for pages without scripts"""
        embed_url = await self.embed_url_or_none(request)
        if embed_url is None:
            raise HTTPException(502, "Candidate Intelligence does not answer.")
        return RedirectResponse(embed_url, 303)

    async def embed_url_or_none(self, request: Request) -> str | None:
        """Opens a session for the candidate in the path. None if the widget is unavailable.

        Raises HTTPException (404) if the user may not see the candidate.
        """
        candidate, user = self._access.candidate(request), self._access.user(request)
        try:
            return await self._intelligence.open_session(
                _client(user),
                _subject(candidate),
                viewer_id=user.id,
                permissions=["run", "view"] if user.may_edit else ["view"],
                language=current_language(request),
            )
        except WidgetUnavailable as error:
            log.warning("No Candidate Intelligence session: %s", error)
            return None


def _client(user: User) -> candidate_intelligence.Client:
    return candidate_intelligence.Client(
        id=user.company.id,
        first_name=user.first_name,
        last_name=user.last_name,
        company=user.company.name,
    )


def _subject(candidate: Candidate) -> candidate_intelligence.Candidate:
    return candidate_intelligence.Candidate(
        id=candidate.id,
        first_name=candidate.first_name,
        last_name=candidate.last_name,
        company=candidate.company,
        location=candidate.location,
        role=candidate.role,
        cv=candidate.cv,
    )
