from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.demo_ats.network import Network


def call(at: str, method: str = "GET", **members: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "at": f"2026-11-24T10:00:{at}Z",
        "method": method,
        "path": "/api/v1/analyses/an_1",
        "analysis_id": "an_1",
        "candidate_id": "test_green",
        "status": 200,
        "retry_after": 10,
        "duration_ms": 12.34,
        "violation": None,
        **members,
    }


EARLY = call("21.500", status=429, retry_after=8, violation="early_poll")
LEDGER: dict[str, Any] = {
    "requests": [
        call("08.000", "POST", path="/api/v1/analyses", status=202),
        call("19.250"),
        EARLY,
    ],
    "billed": [
        {
            "at": "2026-11-24T10:00:40Z",
            "analysis_id": "an_1",
            "client_id": "client_harbour_pine",
            "client_company": "Harbour & Pine Search",
            "candidate_id": "test_green",
        }
    ],
    "violations": [EARLY],
}


@pytest.fixture(autouse=True)
def ledger(network: Network) -> None:
    network.ledger = LEDGER


def test_each_call_shows_what_it_was_and_the_time_since_the_one_before_it_the_newest_first(
    ats: TestClient,
) -> None:
    page = ats.get("/integration").text

    for text in ("POST", 'title="/api/v1/analyses/an_1"', ">202<", "10 s", "12.3 ms"):
        assert text in page
    assert '<a href="/candidates/test_green">Inês Caldeworth</a>' in page
    assert "11.2 s" in page
    assert "2.2 s" in page
    assert page.index(">429<") < page.index(">202<")


def test_violations_and_bills_are_counted_and_shown(ats: TestClient) -> None:
    page = ats.get("/integration").text

    assert "early poll" in page
    assert '<div class="total" data-level="bad"><dt>Violations</dt><dd>1' in page
    assert "<dt>Reports billed</dt><dd>1</dd>" in page
    assert "<b>Harbour &amp; Pine Search</b>" in page


def test_the_log_alone_is_what_the_page_asks_for_again(ats: TestClient) -> None:
    log = ats.get("/integration/log").text

    assert log in ats.get("/integration").text
    assert "<html" not in log


def test_clearing_the_log_empties_the_ledger(ats: TestClient) -> None:
    page = ats.post("/integration/log/clear")

    assert page.url.path == "/integration"
    assert "No calls yet." in page.text


def test_a_sandbox_that_is_down_is_said_in_plain_words(ats: TestClient, network: Network) -> None:
    network.down = True

    assert "The sandbox does not answer." in ats.get("/integration").text
    assert "The sandbox does not answer." in ats.post("/integration/log/clear").text


def test_an_answer_that_is_no_ledger_counts_as_no_answer(ats: TestClient, network: Network) -> None:
    network.ledger = {"requests": "many"}

    assert "The sandbox does not answer." in ats.get("/integration").text


def test_every_test_candidate_is_listed_with_what_it_does(ats: TestClient) -> None:
    page = ats.get("/integration").text

    assert '<a href="/candidates/test_failed">Aoife Drennan-Shaw</a>' in page
    assert '<span class="tag">fails</span> <code>test_failed</code>' in page
