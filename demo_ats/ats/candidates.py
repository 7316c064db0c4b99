"""The pages of the pipeline: the board, a candidate's profile, a new candidate."""

import logging
from dataclasses import asdict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from demo_ats.ats import candidate_intelligence
from demo_ats.ats.applications import TOO_LARGE, Application, read_application
from demo_ats.ats.candidate_intelligence import CandidateIntelligence, WidgetUnavailable
from demo_ats.ats.companies import Companies, Company
from demo_ats.ats.forms import text
from demo_ats.ats.pipeline import Candidate, Pipeline, Stage
from demo_ats.ats.rendering import Rendering

LANGUAGE = "en"
PLAIN_IFRAME = "test_existing"  # the one whose profile does without the loader
MAX_NOTE_LENGTH = 5_000

log = logging.getLogger("demo_ats")


class Candidates:
    def __init__(
        self,
        pipeline: Pipeline,
        companies: Companies,
        intelligence: CandidateIntelligence,
        rendering: Rendering,
    ) -> None:
        self._pipeline = pipeline
        self._companies = companies
        self._intelligence = intelligence
        self._page = rendering.page

    async def board(self, request: Request) -> Response:
        """GET /"""
        return self._page(
            request, "board.html", stages=self._pipeline.stages(), count=len(self._pipeline)
        )

    async def show(self, request: Request) -> Response:
        """GET /candidates/{id}"""
        candidate = self._find(request)
        plain = candidate.id == PLAIN_IFRAME
        return self._page(
            request,
            "candidate.html",
            candidate=candidate,
            stages=list(Stage),
            loader_url=None if plain else self._intelligence.loader_url,
            embed_url=await self._embed_url_or_none(request, candidate) if plain else None,
        )

    async def open_session(self, request: Request) -> Response:
        """POST /candidates/{id}/intelligence-session: `{"embed_url": …}` for the loader"""
        embed_url = await self._embed_url_or_none(request, self._find(request))
        if embed_url is None:
            return JSONResponse({"error": "Candidate Intelligence does not answer."}, 502)
        return JSONResponse({"embed_url": embed_url})

    async def frame(self, request: Request) -> Response:
        """GET /candidates/{id}/intelligence: where a frame goes in a browser without scripts"""
        embed_url = await self._embed_url_or_none(request, self._find(request))
        if embed_url is None:
            raise HTTPException(502, "Candidate Intelligence does not answer.")
        return RedirectResponse(embed_url, 303)

    async def move(self, request: Request) -> Response:
        """POST /candidates/{id}/stage"""
        candidate = self._find(request)
        stage = text(await request.form(), "stage")
        if stage not in list(Stage):
            raise HTTPException(400, "There is no such stage.")
        self._pipeline.move(candidate, Stage(stage))
        return _to_profile(candidate)

    async def add_note(self, request: Request) -> Response:
        """POST /candidates/{id}/notes"""
        candidate = self._find(request)
        note = text(await request.form(), "note")[:MAX_NOTE_LENGTH]
        if note:
            author = self._companies.current(request).recruiter
            self._pipeline.add_note(candidate, author, note)
        return _to_profile(candidate)

    async def new(self, request: Request) -> Response:
        """GET /candidates/new"""
        return self._form(request, Application(), 200)

    async def add(self, request: Request) -> Response:
        """POST /candidates"""
        application = await read_application(request)
        if application is TOO_LARGE:
            return self._form(request, application, 413)
        if application.errors:
            return self._form(request, application, 422)
        return _to_profile(self._pipeline.add(**asdict(application.entries)))

    def _form(self, request: Request, application: Application, status: int) -> Response:
        return self._page(request, "new.html", status_code=status, application=application)

    def _find(self, request: Request) -> Candidate:
        candidate = self._pipeline.find(request.path_params["id"])
        if candidate is None:
            raise HTTPException(404, "There is no such candidate.")
        return candidate

    async def _embed_url_or_none(self, request: Request, candidate: Candidate) -> str | None:
        company = self._companies.current(request)
        try:
            return await self._intelligence.open_session(
                _client(company), _subject(candidate), LANGUAGE
            )
        except WidgetUnavailable as error:
            log.warning("No Candidate Intelligence session: %s", error)
            return None


def _client(company: Company) -> candidate_intelligence.Client:
    return candidate_intelligence.Client(
        id=company.id,
        first_name=company.recruiter_first_name,
        last_name=company.recruiter_last_name,
        company=company.name,
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


def _to_profile(candidate: Candidate) -> Response:
    return RedirectResponse(f"/candidates/{candidate.id}", 303)
