"""A run drawn through the real templates, without a server around it."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from tests.widget.markup import Markup
from tests.widget.widget_process import some_settings
from widget.abridgement import abridge
from widget.model import EmbedSession, Phase, Reason, Run
from widget.pages import Pages
from widget.panel import Panel, about_whom, panel_of
from widget.values import load

NOW = 1_700_000_000.0
PAGES = Pages(some_settings("sqlite:///:memory:"))


def a_run(
    resource: Mapping[str, Any] | None, phase: Phase = Phase.COMPLETED, **members: Any
) -> Run:
    run: dict[str, Any] = {
        "pair": "pair",
        "id": "run",
        "started_at": NOW - 75,
        "analysis_id": "analysis_1",
        "poll_after": NOW + 7,
        "interval": 10.0,
        "give_up_at": NOW + 600,
    }
    return Run(**run | members, phase=phase, resource=resource)


def draw(
    run: Run | None, watching: bool = True, profile_name: str = "", **of_session: Any
) -> Markup:
    """The partial that a browser gets, in a session with these members."""
    session = EmbedSession(id="1", pair="pair", language="en", expires_at=NOW + 1, **of_session)
    panel = panel_of(run, watching, NOW, 90, session.permissions)
    return draw_panel(about_whom(panel, profile_name), session)


def draw_panel(panel: Panel, session: EmbedSession | None = None) -> Markup:
    return Markup(page_of(panel, session).decode())


def page_of(panel: Panel, session: EmbedSession | None = None) -> bytes:
    scope = {
        "type": "http",
        "path_params": {"token": "token"},
        "headers": [(b"hx-request", b"true")],
    }
    return bytes(PAGES.widget(Request(scope), panel, session).body)


def draw_report(**members: Any) -> Markup:
    return draw(a_read_run({"id": "analysis_1", "status": "completed", **members}))


def draw_failure(error: Any) -> Markup:
    return draw(a_read_run({"error": error}, Phase.FAILED, reason=Reason.ANALYSIS_FAILED))


def a_read_run(answer: Any, phase: Phase = Phase.COMPLETED, **members: Any) -> Run:
    """A run whose resource is what is kept of an answer."""
    text, left_out = abridge(json.dumps(answer))
    return a_run(load(text), phase, left_out=left_out, **members)
