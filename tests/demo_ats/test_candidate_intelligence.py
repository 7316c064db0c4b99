import httpx2
import pytest
from starlette.testclient import TestClient

from demo_ats.ats.candidate_intelligence import (
    Candidate,
    CandidateIntelligence,
    Client,
    WidgetUnavailable,
)
from tests.demo_ats.network import EMBED_URL, TOKEN, WIDGET, Network

pytestmark = pytest.mark.anyio

NADIA = Client("client_1", "Nadia", "Ferrante-Cole", "Harbour & Pine Search")
INES = Candidate("cand_1", "Inês", "Caldeworth", "Brightmoor", "Lisbon", "Engineer", "Eleven years")


def intelligence(network: Network) -> CandidateIntelligence:
    return CandidateIntelligence(WIDGET, TOKEN, network.transport)


async def test_a_session_gives_the_address_for_the_iframe(network: Network) -> None:
    assert await intelligence(network).open_session(NADIA, INES, "en") == EMBED_URL


async def test_the_body_is_the_create_body_of_the_partner_api(network: Network) -> None:
    await intelligence(network).open_session(NADIA, INES, "fr")

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
        }
    ]


async def test_what_is_not_known_of_a_candidate_is_left_out(network: Network) -> None:
    await intelligence(network).open_session(NADIA, Candidate("cand_2", "Elliot", "F."), "en")

    assert network.sessions[0]["candidate"] == {
        "id": "cand_2",
        "first_name": "Elliot",
        "last_name": "F.",
    }


async def test_the_host_token_travels_as_a_bearer_token(network: Network) -> None:
    await intelligence(network).open_session(NADIA, INES, "en")

    assert network.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


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
        await intelligence(network).open_session(NADIA, INES, "en")

    assert TOKEN not in str(caught.value)


async def test_a_widget_that_is_down_is_unavailable(network: Network) -> None:
    network.down = True

    with pytest.raises(WidgetUnavailable):
        await intelligence(network).open_session(NADIA, INES, "en")


def test_a_browser_without_scripts_gets_a_frame_whose_session_is_opened_when_it_loads(
    ats: TestClient, network: Network
) -> None:
    page = ats.get("/candidates/test_green").text

    assert '<noscript><iframe class="intelligence__frame" src="/candidates/test_green/int' in page
    assert network.sessions == []
    answer = ats.get("/candidates/test_green/intelligence", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, EMBED_URL)
    assert network.sessions[0]["candidate"]["id"] == "test_green"
