"""An ATS whose pages are drawn by the frameworks of docs/frameworks.md.

It opens a session only for who sends its CSRF token, as ATSs do.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo_ats.servers import local
from tests.serving import serving

ROOT = Path(__file__).parents[2]
BUILD = Path(__file__).parent / "build"
PACKAGES = Path(__file__).parent / "node_modules"

MARA = "test_existing"
JONAS = "test_existing.2"
LENA = "test_existing.3"

# Each of these has kept an embed from working: https://tailwindcss.com/docs/preflight, next-themes'
# `disableTransitionOnChange`, and a reset for who wants less motion.
STYLE = """
  *, ::before, ::after {
    box-sizing: border-box; margin: 0; padding: 0; border: 0 solid; outline: none;
    outline-color: rgb(120 120 120 / .5);
    transition: none !important; animation: none !important;
  }
  :root { color-scheme: light; background: canvas; color: canvastext }
  :root.dark { color-scheme: dark }
  dialog { margin: auto; padding: 1rem; width: 40rem; max-width: 100% }
"""

# What the pages of servers have in the place of a component's own listener.
SCRIPT = """
  document.addEventListener("ci-state", ({ detail }) => {
    document.querySelector("output").textContent = detail.state
  })
"""

# Of the pages that a server draws: what loads the library, and what makes a link one of its own.
LIBRARIES = {
    "turbo": ("@hotwired/turbo/dist/turbo.es2017-umd.js", ""),
    "htmx": ("htmx.org/dist/htmx.js", 'hx-target="main" hx-select="main" hx-swap="outerHTML"'),
    "htmx2": ("htmx2/dist/htmx.js", 'hx-target="main" hx-select="main" hx-swap="outerHTML"'),
}


def snippets(heading: str) -> list[str]:
    """The pieces of code in a section of docs/frameworks.md."""
    page = (ROOT / "docs" / "frameworks.md").read_text()
    section = re.split(r"^## ", page, flags=re.MULTILINE)
    (text,) = (each for each in section if each.startswith(f"{heading}\n"))
    return re.findall(r"^```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@dataclass
class Ats:
    """`may_refuse`: whether a session may be asked for without the token."""

    widget: str = ""
    host_token: str = ""
    origin: str = ""
    token: str = ""
    token_header: str = "X-CSRF-Token"
    may_refuse: bool = False
    client_id: str = ""
    template: str = ""
    sessions: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.token = secrets.token_urlsafe()
        self.token_header = "X-CSRF-Token"
        self.may_refuse = False
        self.client_id = f"client-{secrets.token_hex(4)}"  # so that each test has its own reports
        self.sessions.clear()

    def page(self, body: str, script: str = "", head: str = "") -> str:
        return f"""<!doctype html>
          <html lang="en">
          <head>
            <title>Profile</title>
            <meta name="csrf-token" content="{self.token}">
            <link rel="icon" href="data:,">
            <style>{STYLE}</style>
            <script async src="{self.widget}/embed.js"></script>
            {head}
            {f'<script type="module" src="{script}"></script>' if script else ""}
          </head>
          <body>{body}</body>"""

    def open_session(self, candidate_id: str) -> str:
        self.sessions.append(candidate_id)
        answer = local.post(
            f"{self.widget}/api/v1/sessions",
            json={
                "language": "en",
                "client": {"id": self.client_id},
                "candidate": {"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"},
            },
            headers={"Authorization": f"Bearer {self.host_token}"},
        )
        return str(answer.raise_for_status().json()["embed_url"])


@contextmanager
def serving_ats() -> Iterator[Ats]:
    ats = Ats()
    with serving(_app(ats)) as origin:
        ats.origin = origin.replace("127.0.0.1", "localhost")  # another site than the widget's
        yield ats


def _app(ats: Ats) -> Starlette:
    async def session(request: Request) -> Response:
        if request.headers.get(ats.token_header) != ats.token:
            return Response(status_code=403)
        candidate = request.path_params["candidate"]
        return JSONResponse({"embed_url": await run_in_threadpool(ats.open_session, candidate)})

    async def component(request: Request) -> Response:
        name = request.path_params["name"]
        markup = (BUILD / f"{name}.html").read_text().replace("CSRF_TOKEN", ats.token)
        body = f'<div id="app">{markup}</div>'
        return HTMLResponse(ats.page(body, f"/build/{name}.js"))

    async def profile(request: Request) -> Response:
        return HTMLResponse(_profile(ats, **request.path_params))

    async def glance(request: Request) -> Response:
        return HTMLResponse(_glance(ats, request.path_params["library"]))

    async def template(_: Request) -> Response:
        return HTMLResponse(ats.page(f"<main>{ats.template}</main>"))

    return Starlette(
        routes=[
            Route("/candidates/{candidate}/intelligence-session", session, methods=["POST"]),
            Route("/components/{name}", component),
            Route("/template", template),
            Route("/{library}/candidates/{candidate}/{tab}", profile),
            Route("/{library}/glance", glance),
            Mount("/build", StaticFiles(directory=BUILD, check_dir=False)),
            Mount("/packages", StaticFiles(directory=PACKAGES, check_dir=False)),
        ]
    )


def _profile(ats: Ats, library: str, candidate: str, tab: str) -> str:
    source, attributes = LIBRARIES[library]

    def link(path: str, text: str) -> str:
        address = f"/{library}/candidates/{path}"
        more = f'{attributes} hx-push-url="true" hx-get="{address}"' if attributes else ""
        return f'<a href="{address}" {more}>{text}</a>'

    if attributes:
        to_glance = f'hx-get="/{library}/glance" hx-target="#glance"'
        place = '<div id="glance"></div>'
    else:
        to_glance = 'data-turbo-frame="glance"'
        place = '<turbo-frame id="glance"></turbo-frame>'
    cv = "<p>Ten years of assembly</p>" if tab == "cv" else ""
    hidden = "hidden" if tab == "cv" else ""
    body = f"""
      <main>
        <nav>
          {link(f"{MARA}/report", "Mara")}
          {link(f"{JONAS}/report", "Jonas")}
          {link(f"{candidate}/report", "Report")}
          {link(f"{candidate}/cv", "CV")}
          <a href="/{library}/glance" {to_glance}>Glance at Lena</a>
          <button onclick="document.documentElement.classList.toggle('dark')">Theme</button>
          <output></output>
        </nav>
        <div {hidden}>{_element(ats, library, candidate)}</div>
        {cv}
      </main>
      {place}"""
    head = f'<script src="/packages/{source}"></script><script>{SCRIPT}</script>'
    return ats.page(body, head=head)


def _glance(ats: Ats, library: str) -> str:
    dialog = f"""
      <dialog>
        <form method="dialog"><button>Done</button></form>
        {_element(ats, library, LENA)}
      </dialog>
      <script>document.querySelector("#glance dialog").showModal()</script>"""
    return f'<turbo-frame id="glance">{dialog}</turbo-frame>' if library == "turbo" else dialog


def _element(ats: Ats, library: str, candidate: str) -> str:
    """The page's own, for another candidate than 42. Turbo's ids have to be CSS identifiers."""
    (snippet,) = snippets("Turbo" if library == "turbo" else "htmx")
    snippet = snippet.replace('-42"', f'-{candidate.replace(".", "-")}"')
    return snippet.replace("42", candidate).replace("…", ats.token)
