"""Hostile strings in every field, in a real browser: they are read, and do nothing.

A Partner API of a few lines answers with all of them at once. What the strings make of the HTML
is in `tests/widget/test_hostile.py`.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FrameLocator, Page, Request, expect
from starlette.applications import Starlette
from starlette.requests import Request as HTTPRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from demo_ats.servers import local
from tests import hostile
from tests.browser.recruiter import CLOSE, RUN, VIEW
from tests.serving import serving
from tests.widget.client import BEARER
from tests.widget.widget_process import some_settings
from widget.app import create_app
from widget.values import neutral

STRINGS = [*hostile.OWN, *hostile.naughty()]
TOGETHER = "\n".join([*hostile.OWN, *hostile.naughty()[::40]])  # as much as one answer may hold

SEEN: dict[str, Any] = {
    "quick_signal": dict.fromkeys(("level", "reason", "identityConfidence", "new"), TOGETHER),
    "signals": [
        dict.fromkeys(("statement", "sourceType", "sourceUrl", "reliability"), text)
        for text in STRINGS
    ],
}
REPORT: dict[str, Any] = {
    "report": {
        "candidateName": TOGETHER,
        "recommendation": {
            "decision": TOGETHER,
            "confidence": TOGETHER,
            "reason": TOGETHER,
            "evidence": STRINGS[::4],
            TOGETHER: TOGETHER,
        },
        "summary": TOGETHER,
        "values": [{text: text} for text in STRINGS[::2]],
        **{text: text for text in hostile.OWN},
    },
    "metadata": {
        "report_id": TOGETHER,
        "language": TOGETHER,
        "generated_at": TOGETHER,
        "pdf_download_url": "javascript:window.hacked=1",
        TOGETHER: TOGETHER,
    },
    TOGETHER: TOGETHER,
}


async def create(request: HTTPRequest) -> Response:
    """The candidate's id says how it goes on."""
    body = await request.json()
    if body["candidate"]["id"] == "fails":
        error = {"message": TOGETHER, "code": TOGETHER}
        return answer({"id": "an_1", "status": "failed", "error": error})
    return answer({"id": "an_2", "status": "processing", **SEEN}, {"Retry-After": "2"})


async def get(_: HTTPRequest) -> Response:
    return answer({"id": "an_2", "status": "completed", **SEEN, **REPORT})


def answer(resource: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """As ASCII, in which JSON can carry half a character."""
    return Response(json.dumps(resource), headers=headers, media_type="application/json")


PARTNER_API = Starlette(
    routes=[
        Route("/api/v1/analyses", create, methods=["POST"]),
        Route("/api/v1/analyses/an_2", get),
    ]
)


async def profile(request: HTTPRequest) -> Response:
    address = request.query_params["embed"]
    frame = f'<iframe title="Candidate Intelligence" src="{address}"></iframe>'
    return HTMLResponse(f"<!doctype html><title>Profile</title>{frame}")


ATS = Starlette(routes=[Route("/profile", profile)])


@dataclass(frozen=True)
class Servers:
    """The ATS is `localhost` and the widget `127.0.0.1`: two sites."""

    ats: str
    widget: str


@dataclass
class Watch:
    """Everything that a string may have brought about."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("dialog", lambda dialog: self._note(f"dialog {dialog.message}"))
        self.page.on("popup", lambda popup: self._note(f"popup {popup.url}"))
        self.page.on("download", lambda download: self._note(f"download {download.url}"))
        self.page.expose_function("violation", self._note)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " ({violatedDirective, blockedURI}) => violation(`${violatedDirective} ${blockedURI}`))"
        )

    def _note(self, what: str) -> None:
        self.happened.append(what)

    def nothing_happened(self) -> None:
        assert self.happened == []
        assert {urlsplit(request.url).hostname for request in self.requests} == {
            "localhost",
            "127.0.0.1",
        }
        assert len(self.page.frames) == 2
        for frame in self.page.frames:
            assert frame.evaluate("window.hacked === undefined")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    with ExitStack() as stack:
        ats = stack.enter_context(serving(ATS)).replace("127.0.0.1", "localhost")
        options = some_settings(
            f"sqlite:///{folder / 'widget.db'}",
            partner_api_url=stack.enter_context(serving(PARTNER_API)),
            allowed_origins=ats,
        )
        yield Servers(ats, stack.enter_context(serving(create_app(options))))


def opened(page: Page, servers: Servers, candidate_id: str) -> FrameLocator:
    """A profile of an ATS, with the widget framed in it."""
    person = {"id": candidate_id, "first_name": hostile.OWN[0], "last_name": hostile.OWN[3]}
    session = local.post(
        f"{servers.widget}/api/v1/sessions",
        headers=BEARER,
        json={"language": hostile.OWN[1], "client": person, "candidate": person},
    ).json()
    address = servers.widget + urlsplit(session["embed_url"]).path
    page.goto(f"{servers.ats}/profile?embed={address}")
    return page.frame_locator("iframe[title='Candidate Intelligence']")


def read(text: str) -> str:
    """A text as the widget sends it and an HTML parser keeps it."""
    return neutral(text).replace("\r\n", "\n").replace("\r", "\n")


def texts_of(frame: FrameLocator, selector: str) -> list[str]:
    found: list[str] = frame.locator(selector).evaluate_all("all => all.map(e => e.textContent)")
    return found


@pytest.mark.threat(name="injection")
def test_hostile_strings_are_read_and_do_nothing_while_a_run_goes_on_and_in_its_report(
    page: Page, servers: Servers
) -> None:
    watch = Watch(page)
    frame = opened(page, servers, "completes")
    root = frame.locator("#candidate-intelligence")

    frame.get_by_role("button", name=RUN).click()
    expect(root).to_have_attribute("data-state", "running")
    assert texts_of(frame, ".signal__statement") == [read(text) for text in STRINGS]
    watch.nothing_happened()

    expect(root).to_have_attribute("data-state", "open")
    assert texts_of(frame, ".signal__statement") == [read(text) for text in STRINGS]
    assert texts_of(frame, ".recommendation__decision") == [read(TOGETHER)]
    assert texts_of(frame, "#ci-report-title") == [f"Report on {read(TOGETHER)}"]
    values = texts_of(frame, "section:has(> div > h2:text-is('Values')) dd > p")
    assert values == [read(text) for text in STRINGS[::2]]
    links = frame.locator("a:not([href^='#'])").evaluate_all(
        "all => all.map(a => [a.protocol, a.target, a.rel])"
    )
    assert {tuple(link) for link in links} == {("https:", "_blank", "noopener noreferrer")}
    watch.nothing_happened()

    frame.get_by_role("button", name=CLOSE).click()
    expect(root).to_have_attribute("data-state", "closed")
    frame.get_by_role("button", name=VIEW).click()
    expect(root).to_have_attribute("data-state", "open")
    page.reload()
    expect(root).to_have_attribute("data-state", "closed")
    watch.nothing_happened()


def test_a_hostile_error_is_read_and_does_nothing(page: Page, servers: Servers) -> None:
    watch = Watch(page)
    frame = opened(page, servers, "fails")
    frame.get_by_role("button", name=RUN).click()
    expect(frame.locator("q")).to_be_visible()
    assert texts_of(frame, "q") == [read(TOGETHER)]
    watch.nothing_happened()
