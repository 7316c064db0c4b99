"""A candidate's profile, changes to it, and the form for a new candidate."""

from dataclasses import asdict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.access import Access
from demo_ats.ats.applications import TOO_LARGE, Application, read_application
from demo_ats.ats.erasures import Erasures
from demo_ats.ats.forms import text
from demo_ats.ats.intelligence import Intelligence
from demo_ats.ats.pipeline import Candidate, Pipeline, Stage
from demo_ats.ats.rendering import Rendering

PLAIN_IFRAME = "test_existing"  # this profile does without the element, to show that this works
MAX_NOTE_LENGTH = 5_000


class Candidates:
    def __init__(
        self,
        access: Access,
        pipeline: Pipeline,
        intelligence: Intelligence,
        erasures: Erasures,
        loader_url: str,
        rendering: Rendering,
    ) -> None:
        self._access = access
        self._pipeline = pipeline
        self._intelligence = intelligence
        self._erasures = erasures
        self._loader_url = loader_url
        self._page = rendering.page

    async def show(self, request: Request) -> Response:
        """GET /candidates/{id}"""
        candidate = self._access.candidate(request)
        plain = candidate.id == PLAIN_IFRAME
        return self._page(
            request,
            "candidate.html",
            candidate=candidate,
            stages=list(Stage),
            loader_url=None if plain else self._loader_url,
            embed_url=await self._intelligence.embed_url_or_none(request) if plain else None,
        )

    async def move(self, request: Request) -> Response:
        """POST /candidates/{id}/stage"""
        candidate = self._access.editable_candidate(request)
        stage = text(await request.form(), "stage")
        if stage not in list(Stage):
            raise HTTPException(400, "There is no such stage.")
        self._pipeline.move(candidate, Stage(stage))
        return _to_profile(candidate)

    async def add_note(self, request: Request) -> Response:
        """POST /candidates/{id}/notes"""
        candidate = self._access.editable_candidate(request)
        note = text(await request.form(), "note")[:MAX_NOTE_LENGTH]
        if note:
            self._pipeline.add_note(candidate, self._access.user(request).name, note)
        return _to_profile(candidate)

    async def delete(self, request: Request) -> Response:
        """POST /candidates/{id}/deletion"""
        candidate = self._access.editable_candidate(request)
        self._pipeline.delete(candidate)
        self._erasures.add(candidate.tenant, candidate.id)
        return RedirectResponse("/", 303)

    async def new(self, request: Request) -> Response:
        """GET /candidates/new"""
        self._access.user(request).must_edit()
        return self._form(request, Application(), 200)

    async def add(self, request: Request) -> Response:
        """POST /candidates"""
        user = self._access.user(request)
        user.must_edit()
        application = await read_application(request)
        if application is TOO_LARGE:
            return self._form(request, application, 413)
        if application.errors:
            return self._form(request, application, 422)
        return _to_profile(self._pipeline.add(user.company.id, **asdict(application.entries)))

    def _form(self, request: Request, application: Application, status: int) -> Response:
        return self._page(request, "new.html", status_code=status, application=application)


def _to_profile(candidate: Candidate) -> Response:
    return RedirectResponse(f"/candidates/{candidate.id}", 303)
