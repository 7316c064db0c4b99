"""The one file to copy: what it asks the widget, what it makes of the answers, whom it believes."""

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from demo_ats.ats.candidate_intelligence import (
    MAX_AGE_SECONDS,
    MAX_IDS,
    Candidate,
    CandidateIntelligence,
    Client,
    NotFromTheWidget,
    WidgetUnavailable,
    verified_event,
)
from tests.demo_ats.network import ATS, EMBED_URL, EVENTS_SECRET, TOKEN, WIDGET, Network

pytestmark = pytest.mark.anyio

NADIA = Client("client_1", "Nadia", "Ferrante-Cole", "Harbour & Pine Search")
INES = Candidate("cand_1", "Inês", "Caldeworth", "Brightmoor", "Lisbon", "Engineer", "Eleven years")
EVENT = json.dumps({"type": "report.viewed", "data": {"candidate_id": "cand_ê"}}).encode()


def intelligence(network: Network) -> CandidateIntelligence:
    return CandidateIntelligence(WIDGET, TOKEN, ATS, network.transport)


def open_a_session(network: Network) -> Awaitable[str]:
    return intelligence(network).open_session(NADIA, INES, "user_1", ["view"], "fr")


async def test_a_session_is_for_one_user_and_one_candidate_and_gives_the_address_for_the_iframe(
    network: Network,
) -> None:
    assert await open_a_session(network) == EMBED_URL

    assert network.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert network.sessions == [
        {
            "language": "fr",
            "client": {
                "id": "client_1",
                "first_name": "Nadia",
                "last_name": "Ferrante-Cole",
                "company": "Harbour & Pine Search",
            },
            "candidate": {
                "id": "cand_1",
                "first_name": "Inês",
                "last_name": "Caldeworth",
                "company": "Brightmoor",
                "location": "Lisbon",
                "role": "Engineer",
                "cv": "Eleven years",
            },
            "viewer": {"id": "user_1"},
            "permissions": ["view"],
            "origin": ATS,
            "appearance": {"intro": True},
        }
    ]


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(401, json={"title": "Unauthorized"}),
        httpx2.Response(503, text="<html>Busy</html>"),
        httpx2.Response(201, text="<html>Not JSON</html>"),
        httpx2.Response(201, json={"token": "no address"}),
        httpx2.Response(201, json=["no object"]),
    ],
)
async def test_any_other_answer_means_that_the_widget_is_unavailable(
    network: Network, answer: httpx2.Response
) -> None:
    network.session_answer = answer

    with pytest.raises(WidgetUnavailable) as caught:
        await open_a_session(network)

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda widget: widget.statuses("client_1", ["cand_1"]),
        lambda widget: widget.usage("2026-01", "2026-11"),
        lambda widget: widget.erase("client_1", "cand_1"),
    ],
    ids=["statuses", "usage", "erase"],
)
async def test_a_widget_that_is_down_is_unavailable(
    network: Network, call: Callable[[CandidateIntelligence], Awaitable[Any]]
) -> None:
    network.down = True

    with pytest.raises(WidgetUnavailable) as caught:
        await call(intelligence(network))

    assert "cand_1" not in str(caught.value)


async def test_statuses_of_a_long_list_are_asked_for_in_parts(network: Network) -> None:
    ids = [f"cand_{number}" for number in range(MAX_IDS + 1)]
    network.statuses = {ids[0]: "completed", ids[-1]: "running"}

    found = await intelligence(network).statuses("client_1", ids)

    assert (found[ids[0]], found[ids[1]], found[ids[-1]]) == ("completed", "none", "running")
    assert list(found) == ids
    assert len(network.requests) == 2


async def test_usage_is_asked_for_by_month(network: Network) -> None:
    network.usage = [{"month": "2026-11", "client_id": "client_1", "completed": 3}]

    assert await intelligence(network).usage("2026-01", "2026-11") == network.usage
    assert str(network.requests[0].url.query, "ascii") == "from=2026-01&to=2026-11"


async def test_identifiers_of_an_erasure_may_have_any_characters(network: Network) -> None:
    await intelligence(network).erase("a/b", "c d?é")

    assert network.erased == ["/api/v1/candidates/a%2Fb/c%20d%3F%C3%A9"]


def signed(body: bytes = EVENT, secret: str = EVENTS_SECRET, age: float = 0) -> dict[str, str]:
    sent = datetime.fromtimestamp(time.time() - age, UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", sent, body.decode()),
    }


async def test_an_event_that_the_reference_library_signed_is_believed() -> None:
    assert verified_event(EVENTS_SECRET, signed(), EVENT) == json.loads(EVENT)


async def test_while_the_secret_is_replaced_one_of_two_signatures_is_enough() -> None:
    other = signed(secret="whsec_bmV3IHNlY3JldA==")["webhook-signature"]
    headers = signed()
    headers["webhook-signature"] = f"{other} {headers['webhook-signature']}"

    assert verified_event(EVENTS_SECRET, headers, EVENT) == json.loads(EVENT)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(time.time()) - 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": ""},
        signed(body=b"{}"),
        signed(secret="whsec_bmV3IHNlY3JldA=="),
        signed(age=MAX_AGE_SECONDS + 2),
        signed(age=-MAX_AGE_SECONDS - 86_400),
    ],
)
async def test_a_signature_that_is_wrong_or_old_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(NotFromTheWidget):
        verified_event(EVENTS_SECRET, signed() | changed, EVENT)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_without_one_of_its_headers_an_event_is_refused(missing: str) -> None:
    headers = {name: value for name, value in signed().items() if name != missing}

    with pytest.raises(NotFromTheWidget):
        verified_event(EVENTS_SECRET, headers, EVENT)


def test_a_browser_without_scripts_gets_a_frame_whose_session_is_opened_when_it_loads(
    ats: TestClient, network: Network
) -> None:
    page = ats.get("/candidates/test_green").text

    assert '<noscript><iframe class="intelligence__frame" src="/candidates/test_green/int' in page
    assert network.sessions == []
    answer = ats.get("/candidates/test_green/intelligence", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, EMBED_URL)
    assert network.sessions[0]["candidate"]["id"] == "test_green"
