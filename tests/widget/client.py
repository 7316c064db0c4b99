"""A browser and an ATS's backend in one client of the widget, without a network."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from starlette.testclient import TestClient

from tests.widget.partner import Partner
from tests.widget.people import IDA, MARA, create_body
from tests.widget.widget_process import HOST_TOKEN, PATIENT
from widget.app import create_app
from widget.settings import Settings

BEARER = {"Authorization": f"Bearer {HOST_TOKEN}"}


def client_of(
    options: Settings, partner: Partner | None = None, clock: Callable[[], float] = time.time
) -> TestClient:
    transport = httpx2.MockTransport(partner.answer) if partner else None
    return TestClient(
        create_app(options, transport, clock, PATIENT), base_url="http://127.0.0.1:8001"
    )


def open_session(http: httpx2.Client, candidate: Mapping[str, Any] = MARA, **members: Any) -> str:
    """The path of the session's page."""
    body = create_body(candidate, **members)
    response = http.post("/api/v1/sessions", headers=BEARER, json=body)
    assert response.status_code == 201, response.text
    return httpx2.URL(response.json()["embed_url"]).path


def erase_mara(http: httpx2.Client) -> None:
    http.delete(f"/api/v1/candidates/{IDA['id']}/{MARA['id']}", headers=BEARER).raise_for_status()
