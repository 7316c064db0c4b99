"""Statuses for lists, as an ATS asks for them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.widget.client import BEARER, client_of, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, completed, reply
from tests.widget.people import IDA, MARA
from tests.widget.widget_process import (
    COMPLETED,
    NOW,
    ORPHANED,
    STARTING,
    Clock,
    a_run,
)
from widget.model import Phase, Reason
from widget.statuses import MAX_CANDIDATES, status_of

ADDRESS = "/api/v1/statuses"
STARTED = "2023-11-14T22:13:20Z"  # the time at which the clock of the tests begins


@pytest.fixture
def http(
    settings: MakeSettings, database_url: str, partner: Partner, clock: Clock
) -> Iterator[TestClient]:
    with client_of(settings(database_url=database_url), partner, clock) as http:
        yield http


def ask(http: TestClient, *candidate_ids: Any, client_id: Any = IDA["id"]) -> Any:
    body = {"client_id": client_id, "candidate_ids": candidate_ids}
    response = http.post(ADDRESS, json=body, headers=BEARER)
    assert response.status_code == 200, response.text
    return response.json()["statuses"]


def run(http: TestClient, candidate_id: str, client_id: Any = IDA["id"]) -> str:
    """Presses Run in a new session, and returns its address."""
    address = open_session(http, MARA | {"id": candidate_id}, client=IDA | {"id": client_id})
    http.post(f"{address}/run")
    return address


def test_a_list_learns_where_each_candidate_stands_and_since_when(
    http: TestClient, partner: Partner, clock: Clock
) -> None:
    partner.on("POST", reply("queued"), completed(), reply("failed"), reply("queued"))
    addresses = [run(http, name) for name in ("running", "completed", "failed", "canceled")]
    clock.advance(5)
    http.post(f"{addresses[-1]}/cancellation")
    calls = len(partner.calls)
    assert ask(http, "none", "running", "completed", "failed", "canceled") == {
        "none": {"status": "none", "since": None},
        "running": {"status": "running", "since": STARTED},
        "completed": {"status": "completed", "since": STARTED},
        "failed": {"status": "failed", "since": STARTED},
        "canceled": {"status": "canceled", "since": "2023-11-14T22:13:25Z"},
    }
    assert len(partner.calls) == calls
    assert ask(http, "completed", client_id="another") == {
        "completed": {"status": "none", "since": None}
    }


def test_a_status_holds_when_the_report_is_fetched_again_and_is_gone_with_an_erasure(
    http: TestClient, partner: Partner, clock: Clock
) -> None:
    partner.on("POST", completed()).on("GET", completed())
    address = run(http, "cand/1")
    clock.advance(1000)
    assert 'data-state="open"' in http.get(f"{address}/run").text
    assert partner.count("GET") == 1
    assert ask(http, "cand/1")["cand/1"] == {"status": "completed", "since": STARTED}
    http.delete(f"/api/v1/candidates/{IDA['id']}/cand%2F1", headers=BEARER)
    assert ask(http, "cand/1")["cand/1"]["status"] == "none"


def test_whole_numbers_are_their_texts_and_nothing_is_told_of_another(
    http: TestClient, partner: Partner
) -> None:
    partner.on("POST", completed())
    run(http, "12", client_id=7)
    assert ask(http, 12, "012", 13, client_id=7).keys() == {"12", "012", "13"}
    assert ask(http, "12", 12, client_id="7") == {"12": {"status": "completed", "since": STARTED}}
    assert ask(http, "012", client_id="7")["012"]["status"] == "none"
    many = [f"candidate-{number}" for number in range(MAX_CANDIDATES)]
    assert ask(http, *many).keys() == set(many)


def test_the_status_is_what_the_button_shows() -> None:
    assert status_of(STARTING, NOW).status == "running"
    assert status_of(ORPHANED, NOW).status == "failed"
    assert status_of(a_run(Phase.CANCELING), NOW).status == "running"
    assert status_of(a_run(Phase.CANCELING, reason=Reason.ERASED), NOW).status == "none"
    assert status_of(replace(COMPLETED, ended_at=NOW), NOW).status == "completed"


BAD = {
    "{": "",
    "[]": "",
    '{"client_id": "1"}': "candidate_ids",
    '{"client_id": "1", "candidate_ids": []}': "candidate_ids",
    '{"client_id": "1", "candidate_ids": "1"}': "candidate_ids",
    '{"client_id": "", "candidate_ids": ["1"]}': "client_id",
    '{"client_id": null, "candidate_ids": ["1"]}': "client_id",
    '{"client_id": 1.5, "candidate_ids": ["1"]}': "client_id",
    '{"client_id": true, "candidate_ids": ["1"]}': "client_id",
    '{"client_id": "1", "candidate_ids": ["1", ""]}': "candidate_ids.1",
    '{"client_id": "1", "candidate_ids": ["1", {}]}': "candidate_ids.1",
    '{"client_id": "1", "candidate_ids": ["1"], "verdicts": true}': "verdicts",
    json.dumps({"client_id": "1", "candidate_ids": list(range(201))}): "candidate_ids",
    json.dumps({"client_id": "1", "candidate_ids": ["x" * 1001]}): "candidate_ids.0",
}


def test_bad_questions_are_refused_with_the_field(http: TestClient) -> None:
    headers = BEARER | {"Content-Type": "application/json"}
    for body, field in BAD.items():
        response = http.post(ADDRESS, content=body, headers=headers)
        assert response.status_code == 422, body
        assert {error["field"] for error in response.json()["errors"]} == {field}, body
    assert http.post(ADDRESS, content="{}", headers=BEARER).status_code == 415
    large = b"x" * (2 * 1024 * 1024 + 1)
    assert http.post(ADDRESS, content=large, headers=headers).status_code == 413
    assert http.post(ADDRESS, json={}).status_code == 401
    assert http.get(ADDRESS, headers=BEARER).status_code == 405
