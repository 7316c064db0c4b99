"""A server to compare the widget with: Starlette and Jinja2 alone, with default settings.

It has no sessions, no store, no log and no Content-Security-Policy. It renders the widget's own
templates, so that both send the same HTML, but with values that are made once.
"""

import argparse
import time

import uvicorn
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from widget.assets import static_url
from widget.model import Phase, Run
from widget.panel import panel_of
from widget.session_request import SessionRequest
from widget.templates import environment

PAGE = "/page"
PARTIAL = "/partial"
SESSION = "/session"
LEASE = 90.0
NONCE = "n" * 22
TOKEN = "t" * 66
ORIGIN = "http://127.0.0.1:8001"


def _context(run: Run | None) -> dict[str, object]:
    return {
        "panel": panel_of(run, True, time.time(), LEASE),
        "base": f"/embed/{TOKEN}",
        "visit": "v" * 8,
        "foreign": "",
        "sequence": 1_700_000_000_000,
        "opening": 1,
        "appearance": {},
        "hosts": ["http://localhost:8000"],
        "partner_host": "",
        "nonce": NONCE,
        "status": 200,
    }


def _running() -> Run:
    """A run in its first ten seconds: the API has answered `queued`, and nothing else."""
    now = time.time()
    return Run(
        pair="p", id="r", phase=Phase.RUNNING, started_at=now, analysis_id="a",
        resource={"status": "queued"}, resource_at=now, poll_after=now + 10, give_up_at=now + 600,
    )  # fmt: skip


IDLE = _context(None)
RUNNING = _context(_running())


def _as_it_comes(ours: Environment) -> Environment:
    """Jinja2's usual environment, with the widget's filters and globals, but not its speed-ups."""
    plain = Environment(
        loader=ours.loader,
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    plain.filters |= ours.filters
    plain.globals = {**ours.globals, "static": static_url, **plain.globals}
    plain.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return plain


TEMPLATES = _as_it_comes(environment("en"))


async def page(_: Request) -> Response:
    return HTMLResponse(TEMPLATES.get_template("page.html").render(IDLE))


async def partial(_: Request) -> Response:
    return HTMLResponse(TEMPLATES.get_template("_widget.html").render(RUNNING))


async def session(request: Request) -> Response:
    """Validates the body as the widget does. Nothing is stored, so the answer is made up."""
    asked = SessionRequest.model_validate_json(await request.body())
    answer = {"token": TOKEN, "embed_url": f"{ORIGIN}/embed/{TOKEN}", "expires_at": asked.language}
    return JSONResponse(answer, status_code=201)


app = Starlette(
    routes=[
        Route(PAGE, page),
        Route(PARTIAL, partial),
        Route(SESSION, session, methods=["POST"]),
    ]
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(app, port=parser.parse_args().port, log_level="warning", access_log=False)
