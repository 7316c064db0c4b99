"""The demo ATS, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo_ats.ats import people
from demo_ats.ats.access import Access
from demo_ats.ats.accounts import Accounts
from demo_ats.ats.candidate_intelligence import CandidateIntelligence
from demo_ats.ats.candidates import Candidates
from demo_ats.ats.integration import Integration
from demo_ats.ats.intelligence import Intelligence
from demo_ats.ats.languages import choose_language
from demo_ats.ats.pipeline import Pipeline
from demo_ats.ats.rendering import Rendering
from demo_ats.ats.security import SameOrigin, SecurityHeaders, policy
from demo_ats.ats.settings import Settings
from demo_ats.ats.wire import Wire

STATIC = Path(__file__).with_name("static")


def create_app(settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> Starlette:
    """The demo ATS; `transport` stands in for the network to the widget and the sandbox."""
    everyone = people.load()
    accounts, pipeline = Accounts(everyone.users), Pipeline(everyone.candidates)
    access, rendering = Access(accounts, pipeline), Rendering(accounts)
    widget = CandidateIntelligence(settings.widget_url, settings.widget_token, transport)
    intelligence = Intelligence(access, widget)
    wire = Wire(settings.sandbox_url, transport)
    candidates = Candidates(access, pipeline, intelligence, widget.loader_url, rendering)
    integration = Integration(wire, pipeline, accounts, rendering)

    async def failure(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        return rendering.page(request, "failure.html", status_code=error.status_code, error=error)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await widget.close()
        await wire.close()

    return Starlette(
        routes=[
            Route("/", candidates.board),
            Route("/candidates/new", candidates.new),
            Route("/candidates", candidates.add, methods=["POST"]),
            Route("/candidates/{id}", candidates.show),
            Route("/candidates/{id}/stage", candidates.move, methods=["POST"]),
            Route("/candidates/{id}/notes", candidates.add_note, methods=["POST"]),
            Route("/candidates/{id}/intelligence", intelligence.frame),
            Route(
                "/candidates/{id}/intelligence-session", intelligence.open_session, methods=["POST"]
            ),
            Route("/user", accounts.switch, methods=["POST"]),
            Route("/language", choose_language, methods=["POST"]),
            Route("/integration", integration.show),
            Route("/integration/log", integration.log),
            Route("/integration/log/clear", integration.clear, methods=["POST"]),
            Route("/healthz", alive),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(SecurityHeaders, policy=policy(settings.widget_url)),
            Middleware(SameOrigin),
        ],
        exception_handlers={HTTPException: failure},
        lifespan=lifespan,
    )


async def alive(_: Request) -> Response:
    """GET /healthz"""
    return PlainTextResponse("alive")
