"""Events of the widget: believed when signed, written down once, and seen on the board."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from tests.demo_ats.conftest import JONAS, sign_in
from tests.demo_ats.network import EVENTS_SECRET, Network

HARBOUR = "client_harbour_pine"
numbers = count()


def deliver(
    ats: TestClient, event_type: str, event_id: str | None = None, **data: Any
) -> httpx2.Response:
    """What the widget does, with a new id unless one is given."""
    about = {"client_id": HARBOUR, "candidate_id": "test_green", "viewer_id": None, **data}
    body = json.dumps({"type": event_type, "timestamp": "2026-11-25T10:00:00Z", "data": about})
    name, sent = event_id or f"msg_{next(numbers)}", datetime.now(UTC)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(EVENTS_SECRET).sign(name, sent, body),
    }
    return ats.post("/webhooks/candidate-intelligence", content=body, headers=headers)


def test_an_event_is_written_into_the_candidates_activity(ats: TestClient) -> None:
    assert deliver(ats, "report.completed").status_code == 204
    deliver(ats, "report.viewed", viewer_id="user_milo")

    profile = ats.get("/candidates/test_green").text
    assert "Intelligence report ready" in profile
    assert "Intelligence report opened by Milo Strandquist" in profile


def test_an_event_is_the_one_companys_alone(ats: TestClient) -> None:
    deliver(ats, "report.completed")

    sign_in(ats, JONAS)
    assert "report ready" not in ats.get("/candidates/test_green").text


def test_an_event_that_comes_twice_counts_once(ats: TestClient) -> None:
    for _ in range(2):
        assert deliver(ats, "report.failed", "msg_twice").status_code == 204

    profile = ats.get("/candidates/test_green").text
    assert profile.count("Intelligence report failed") == 1
    assert ats.get("/integration").text.count(">again<") == 1


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("report.completed", {"candidate_id": "cand_deleted"}),
        ("report.completed", {"client_id": "client_nobody"}),
        ("candidate.erased", {}),
        ("report.invented_later", {}),
    ],
)
def test_what_the_ats_has_no_use_for_is_taken_all_the_same(
    ats: TestClient, event_type: str, data: dict[str, str]
) -> None:
    assert deliver(ats, event_type, **data).status_code == 204


def test_an_event_without_a_valid_signature_is_refused(ats: TestClient) -> None:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "0", "webhook-signature": "v1,AAAA"}
    refused = ats.post("/webhooks/candidate-intelligence", content=b"{}", headers=headers)

    assert refused.status_code == 400
    assert "None yet." in ats.get("/integration").text


def test_a_body_that_is_too_large_is_not_read(ats: TestClient) -> None:
    answer = ats.post("/webhooks/candidate-intelligence", content=b"x" * 70_000)

    assert answer.status_code == 413


def test_an_event_can_be_read_whole_without_its_signature(ats: TestClient) -> None:
    deliver(ats, "report.viewed", viewer_id="user_milo")

    page = ats.get("/integration").text
    event = ats.get("/integration/events/1").text

    assert 'href="/integration/events/1"' in page
    assert "report.viewed" in page
    assert "Inês Caldeworth, by Milo Strandquist" in page
    assert "<dt>webhook-id</dt>" in event
    assert "<dd>v1,…</dd>" in event
    assert "&#34;candidate_id&#34;: &#34;test_green&#34;" in event
    assert ats.get("/integration/events/2").status_code == 404


def test_the_board_shows_who_has_a_report(ats: TestClient, network: Network) -> None:
    network.statuses = {"test_green": "completed", "test_red": "running", "test_failed": "failed"}

    board = ats.get("/").text

    def card(candidate_id: str) -> str:
        return board.partition(f'id="report-{candidate_id}">')[2].partition("</span>")[0]

    assert "Report" in card("test_green")
    assert card("test_red").endswith("Running")
    assert card("test_failed").endswith("Run failed")
    assert card("test_orange") == ""


def test_the_board_is_complete_while_the_widget_is_down(ats: TestClient, network: Network) -> None:
    network.down = True

    board = ats.get("/")

    assert board.status_code == 200
    assert "Inês Caldeworth" in board.text
    assert "Who has a report cannot be told at the moment." in board.text
