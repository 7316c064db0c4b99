"""The application: its parts, its addresses and its error handlers."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp

from widget import __version__, metrics
from widget.accents import show_accent
from widget.assets import static_file
from widget.database import DatabaseUnavailable, connect
from widget.deliveries import Deliveries
from widget.embed import Embed
from widget.errors import Errors
from widget.health import Health, alive
from widget.host_api import HostAPI
from widget.limits import LIMITS, Limits
from widget.loader import current_loader, type_declarations, versioned_loader
from widget.network import way_out
from widget.openapi import describe
from widget.pages import Pages
from widget.partner_api import PartnerAPI
from widget.patience import LimitedPatience
from widget.problems import Problem, answer_problem
from widget.runs import Runs
from widget.seal import Seal
from widget.security import SecurityHeaders
from widget.sessions import Lapsed, NotIssued, Sessions
from widget.settings import Settings
from widget.store import Store
from widget.sweeper import Sweeper
from widget.telemetry import AccessLog, configure_logging

FINISH_SECONDS = 3.0

log = structlog.get_logger()


def create_app(
    options: Settings,
    transport: httpx2.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.time,
    limits: Limits = LIMITS,
) -> ASGIApp:
    """The widget as an ASGI application. `transport` stands in for the Partner API's network."""
    seal = Seal([secret.get_secret_value() for secret in options.secret_key])
    database = connect(options.database_url, limits)
    store = Store(database, seal, tells=options.events_url is not None)
    key = options.partner_api_key.get_secret_value()
    transport = transport or way_out(options, limits)
    partner = PartnerAPI(options.partner_api_url, key, transport, limits)
    runs = Runs(store, partner, options, clock, limits)
    sweeper = Sweeper(store, runs, options, clock)
    deliveries = Deliveries(store, options, clock=clock)
    sessions = Sessions(store, options, clock)
    pages = Pages(options)
    host = HostAPI(store, sessions, runs, options, clock)
    embed = Embed(sessions, runs, pages, options, clock)
    failures = Errors(pages)
    health = Health(store, limits.ready_seconds)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await _open(store)
        background = [asyncio.create_task(sweeper.go_on())]
        if options.events_url:
            background.append(asyncio.create_task(deliveries.go_on()))
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(runs.finish(FINISH_SECONDS), deliveries.finish(FINISH_SECONDS))
            await deliveries.close()
            await partner.close()
            await store.close()

    routes = [  # those that are asked for most come first, as Starlette tries one after the other
        Route("/embed/{token}/run", embed.watch, methods=["GET"]),
        Route("/embed/{token}", embed.show),
        Route("/api/v1/sessions", host.open_session, methods=["POST"]),
        Route("/embed/{token}/run", embed.start, methods=["POST"]),
        Route("/embed/{token}/report", embed.view),
        Route("/embed/{token}/cancellation", embed.cancel, methods=["POST"]),
        Route("/embed/{token}/leave", embed.leave, methods=["POST"]),
        Route("/api/v1/statuses", host.statuses, methods=["POST"]),
        Route("/api/v1/usage", host.usage, methods=["GET"]),
        Route("/api/v1/candidates/{pair:anything}", host.erase, methods=["DELETE"]),
        Route("/openapi.json", describe),
        Route("/embed.js", current_loader),
        Route("/embed-{version}.js", versioned_loader),
        Route("/embed.d.ts", type_declarations),
        Route("/accents/{colour}.css", show_accent),
        Route("/healthz", alive),
        Route("/readyz", health.ready),
        Route("/static/{name}", static_file),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            Problem: answer_problem,
            HTTPException: failures.http,
            NotIssued: failures.not_issued,
            Lapsed: failures.lapsed,
            ClientDisconnect: failures.disconnected,
            DatabaseUnavailable: failures.unavailable,
            Exception: failures.unexpected,
        },
        lifespan=lifespan,
    )
    # No redirect from `/path/` to `/path`: it would contain the Host that the request claims.
    app.router.redirect_slashes = False
    patient = LimitedPatience(app, limits.request_seconds)
    secure = SecurityHeaders(patient, https=options.public_url.startswith("https:"))
    return AccessLog(secure, routes)


def create_worker(options: Settings, limits: Limits = LIMITS) -> ASGIApp:
    """The application of a process of `candidate-widget serve`, which it may change globally."""
    configure_logging(options.log_format)
    if metrics.LOST_BECAUSE is not None:
        log.error("metrics_lost", cause=metrics.LOST_BECAUSE)
    app = create_app(options, limits=limits)
    # Exempt all objects so far from garbage collection. They live as long as the process, and
    # scanning them would stop the event loop for 30 ms each time.
    gc.collect()
    gc.freeze()
    return app


async def _open(store: Store) -> None:
    try:
        await store.open()
    except Exception as error:
        cause = str(error) if isinstance(error, DatabaseUnavailable) else None
        log.error("start_failed", cause=cause, exc_info=True)
        raise
    log.info("started", version=__version__)
