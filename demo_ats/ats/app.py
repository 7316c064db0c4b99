"""The demo ATS: its parts and its addresses."""

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
from demo_ats.ats.board import Board
from demo_ats.ats.candidate_intelligence import CandidateIntelligence
from demo_ats.ats.candidates import Candidates
from demo_ats.ats.erasures import Erasures
from demo_ats.ats.events import Events
from demo_ats.ats.integration import Integration
from demo_ats.ats.intelligence import Intelligence
from demo_ats.ats.languages import choose_language
from demo_ats.ats.pipeline import Pipeline
from demo_ats.ats.rendering import Rendering
from demo_ats.ats.security import SameOrigin, SecurityHeaders, policy
from demo_ats.ats.settings import Settings
from demo_ats.ats.usage import Usage
from demo_ats.ats.wire import Wire

STATIC = Path(__file__).with_name("static")


def create_app(settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> Starlette:
    """The demo ATS as an ASGI application.

    `transport`: used by tests in place of the network to the widget and the sandbox.
    """
    everyone = people.load()
    accounts, pipeline = Accounts(everyone.users), Pipeline(everyone.candidates)
    access, rendering = Access(accounts, pipeline), Rendering(accounts)
    widget = CandidateIntelligence(
        settings.widget_url, settings.widget_token, settings.origin, transport
    )
    intelligence, erasures = Intelligence(access, widget), Erasures(widget)
    events = Events(settings.events_secret, pipeline, accounts)
    board = Board(access, pipeline, widget, events, rendering)
    candidates = Candidates(access, pipeline, intelligence, erasures, widget.loader_url, rendering)
    usage = Usage(access, widget, rendering)
    wire = Wire(settings.sandbox_url, transport)
    integration = Integration(wire, events, pipeline, accounts, rendering)

    async def failure(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        return rendering.page(request, "failure.html", status_code=error.status_code, error=error)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await erasures.close()
        await widget.close()
        await wire.close()

    app = Starlette(
        routes=[
            Route("/", board.show),
            Route("/board/changes", board.changes),
            Route("/candidates/new", candidates.new),
            Route("/candidates", candidates.add, methods=["POST"]),
            Route("/candidates/{id}", candidates.show),
            Route("/candidates/{id}/stage", candidates.move, methods=["POST"]),
            Route("/candidates/{id}/notes", candidates.add_note, methods=["POST"]),
            Route("/candidates/{id}/deletion", candidates.delete, methods=["POST"]),
            Route("/candidates/{id}/intelligence", intelligence.frame),
            Route(
                "/candidates/{id}/intelligence-session", intelligence.open_session, methods=["POST"]
            ),
            Route("/user", accounts.switch, methods=["POST"]),
            Route("/language", choose_language, methods=["POST"]),
            Route("/webhooks/candidate-intelligence", events.take, methods=["POST"]),
            Route("/usage", usage.show),
            Route("/integration", integration.show),
            Route("/integration/calls/{number:int}", integration.call),
            Route("/integration/events/{number:int}", integration.event),
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
    app.state.stop = events.stop
    return app


async def alive(_: Request) -> Response:
    """GET /healthz"""
    return PlainTextResponse("alive")
