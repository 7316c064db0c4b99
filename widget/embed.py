"""What the iframe requests: the page of an embed session, and its partials for htmx.

Each address answers with a whole page or, if htmx asks, with the partial that htmx morphs into
`#candidate-intelligence`. Both come from the same template, so they cannot differ.

    GET  /embed/{token}               the button, with the report closed
    GET  /embed/{token}/run           the run under way, then its report
    GET  /embed/{token}/report        the report
    POST /embed/{token}/run           start a run
    POST /embed/{token}/cancellation  cancel it
    POST /embed/{token}/leave         the page has been left

HEAD is answered as GET is, and has no effect.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from widget.background import at_once, in_background
from widget.button import State
from widget.model import EmbedSession, Permission, Reason, Run
from widget.pages import Pages, wants_partial
from widget.panel import about_whom, panel_of
from widget.runs import Runs
from widget.sessions import Sessions
from widget.settings import Settings
from widget.values import outweighs

MAX_QUICK_VALUES = 500  # a report with more values is drawn in a thread

# Reasons for which the panel names the details that were sent, because one may be the cause.
ABOUT_DETAILS = {Reason.ANALYSIS_FAILED, Reason.REFUSED}


class Embed:
    def __init__(
        self,
        sessions: Sessions,
        runs: Runs,
        pages: Pages,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = sessions
        self._runs = runs
        self._pages = pages
        self._lease = settings.lease
        self._clock = clock

    async def show(self, request: Request) -> Response:
        session, run = await self._enter(request)
        return await self._answer(request, session, run, watching=False)

    async def watch(self, request: Request) -> Response:
        session, run = await self._enter(request)
        if run is not None and (not run.ended or Permission.VIEW in session.permissions):
            run = await self._refreshed(request, run)
        return await self._answer(request, session, run, watching=True)

    async def view(self, request: Request) -> Response:
        session, run = await self._enter(request, Permission.VIEW)
        if run is not None:
            run = await self._refreshed(request, run)
        return await self._answer(request, session, run, watching=True)

    async def start(self, request: Request) -> Response:
        session, _ = await self._enter(request, Permission.RUN)
        starts_at = await self._runs.start(session)
        if starts_at is None:
            return await self._after_change(request, session)
        run = await self._runs.current(session)
        return await self._answer(request, session, run, watching=True, starts_at=starts_at)

    async def cancel(self, request: Request) -> Response:
        session, run = await self._enter(request, Permission.RUN)
        if run is not None:
            await self._runs.cancel(run, session)
        return await self._after_change(request, session)

    async def leave(self, request: Request) -> Response:
        session, _ = await self._sessions.find(request.path_params["token"])
        await self._sessions.leave(session, request.query_params.get("visit", ""))
        return Response(status_code=204)

    async def _enter(
        self, request: Request, needed: Permission | None = None
    ) -> tuple[EmbedSession, Run | None]:
        session, run = await self._sessions.find(request.path_params["token"])
        if needed is not None and needed not in session.permissions:
            raise HTTPException(403)
        if request.method == "HEAD":
            return session, run
        if wants_partial(request) or request.method == "POST":
            await self._sessions.renew(session)
        else:
            session = await self._sessions.begin_visit(session)
        if run is not None:
            await self._runs.keep(run)
        return session, run

    async def _refreshed(self, request: Request, run: Run) -> Run | None:
        return run if request.method == "HEAD" else await self._runs.refresh(run)

    async def _after_change(self, request: Request, session: EmbedSession) -> Response:
        if not wants_partial(request):
            address = request.url_for("watch", **request.path_params)
            if "opening" in request.query_params:
                address = address.include_query_params(opening=_opening(request))
            return RedirectResponse(f"{address.path}?{address.query}".rstrip("?"), 303)
        run = await self._runs.current(session)
        return await self._answer(request, session, run, watching=True)

    async def _answer(
        self,
        request: Request,
        session: EmbedSession,
        run: Run | None,
        watching: bool,
        starts_at: float | None = None,
    ) -> Response:
        """`starts_at`: when a run may be started, if this request has asked for it too early."""
        is_quick = run is None or not outweighs(run.resource, MAX_QUICK_VALUES)
        do = at_once if is_quick else in_background
        now = self._clock()
        panel = await do(panel_of, run, watching, now, self._lease, session.permissions)
        if starts_at is not None:
            panel = replace(panel, starts_at=datetime.fromtimestamp(starts_at, UTC))
        if panel.reason is Reason.CANCELED and watching and run is not None:
            elsewhere = run.canceled_by not in {None, session.id}
            panel = replace(panel, canceled_elsewhere=elsewhere)
        if panel.state is State.IDLE and panel.reason in ABOUT_DETAILS:
            panel = replace(panel, sent=await self._sessions.details_of(session))
        if run is not None and panel.report is not None:
            panel = await do(about_whom, panel, await self._sessions.name_of(session))
            session = await self._open_report(request, session, run)
        return await do(self._pages.widget, request, panel, session, int(now * 1000))

    async def _open_report(self, request: Request, session: EmbedSession, run: Run) -> EmbedSession:
        """Records an opening, unless it is known. Returns the session with the new count."""
        if request.method == "HEAD" or _opening(request) <= session.openings:
            return session
        await self._runs.open_report(session, run)
        return replace(session, openings=session.openings + 1)


def _opening(request: Request) -> int:
    """The number of this opening of the report in the session.

    The page's link names the next number, so a reload or a second click names a known one.
    """
    number = request.query_params.get("opening", "")
    return int(number) if number.isdecimal() and number.isascii() and len(number) < 10 else 1
