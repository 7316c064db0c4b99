"""An ATS of a few lines: pages that a test has written, and a backend that opens sessions."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from demo_ats.servers import local

TIMEOUT_SECONDS = 10


@dataclass
class HostPages:
    """`pages` by their path. `trouble`, while it is set, is the status of each session; `odd` has
    answers by candidate: status, media type, body. Those that redirect lead to `/login`."""

    origin: str
    widget: str = ""
    host_token: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    trouble: HTTPStatus | None = None
    odd: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    client_id: str = ""
    appearance: dict[str, str] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)

    def has(self, body: str, head: str = "", path: str = "/") -> str:
        """Puts up a page with the loader. Returns its address."""
        loader = f'<script async src="{self.widget}/embed.js"></script>'
        self.pages[path] = f"<!doctype html><html><head>{head}{loader}</head><body>{body}</body>"
        return self.origin + path

    def reset(self) -> None:
        self.pages.clear()
        self.headers.clear()
        self.sessions.clear()
        self.appearance.clear()
        self.odd.clear()
        self.trouble = None
        self.client_id = f"client-{secrets.token_hex(4)}"  # so that each test has its own reports

    def open_session(self, candidate_id: str) -> tuple[HTTPStatus, dict[str, Any]]:
        self.sessions.append(candidate_id)
        if self.trouble is not None:
            return self.trouble, {}
        answer = local.post(
            f"{self.widget}/api/v1/sessions",
            json={
                "language": "en",
                "appearance": self.appearance,
                "client": {"id": self.client_id},
                "candidate": {"id": candidate_id, "first_name": "Mara", "last_name": "Lindqvist"},
            },
            headers={"Authorization": f"Bearer {self.host_token}"},
            timeout=TIMEOUT_SECONDS,
        )
        return HTTPStatus.OK, {"embed_url": answer.raise_for_status().json()["embed_url"]}


@contextmanager
def serving() -> Iterator[HostPages]:
    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.host = host = HostPages(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    host: HostPages

    def do_GET(self) -> None:
        page = self.host.pages.get(self.path)
        status = HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK
        self._answer(status, (page or "").encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        candidate_id = self.path.rpartition("/")[2]
        if candidate_id in self.host.odd:
            status, media_type, text = self.host.odd[candidate_id]
            self._answer(status, text.encode(), media_type)
        else:
            status, body = self.host.open_session(candidate_id)
            self._answer(status, json.dumps(body).encode(), "application/json")

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", "/login")
        for name, value in self.host.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
