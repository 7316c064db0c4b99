"""The three calls, as the documentation of the Partner API has them."""

from dataclasses import replace

import pytest

from tests.sandbox.conftest import ANALYSES, OTHER_KEY, Platform


def test_a_post_is_accepted_and_says_where_and_when_to_ask(platform: Platform) -> None:
    response = platform.post()
    body = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"{ANALYSES}/{body['id']}"
    assert response.headers["Retry-After"] == "10"
    assert body.keys() == {"id", "status", "candidate_id", "created_at"}
    assert (body["status"], body["candidate_id"]) == ("queued", "test_green")


def test_a_run_goes_through_its_stages_while_signals_arrive(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    stages, signals = [], []
    for _ in range(4):
        platform.wait(11)
        resource = platform.get(analysis_id).json()
        stages.append(resource["stage"])
        signals.append(len(resource["signals"]))
    assert sorted(set(stages), key=stages.index) == ["enrichment", "report", "done"]
    assert signals == sorted(signals)
    assert signals[0] < signals[-1]
    assert resource["status"] == "completed"
    assert resource["report"]["candidateName"] == "Mara Lindqvist"
    assert resource["metadata"]["report_id"] == analysis_id


@pytest.mark.parametrize("number", range(20))
def test_a_report_takes_half_a_minute_to_a_minute(platform: Platform, number: int) -> None:
    analysis_id = platform.post(f"candidate-{number}").json()["id"]
    platform.wait(29.9)
    assert platform.get(analysis_id).json()["status"] == "processing"
    platform.wait(30.2)
    assert platform.get(analysis_id).json()["status"] == "completed"


def test_a_get_before_retry_after_has_passed_is_a_violation(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    platform.wait(9.9)
    early = platform.get(analysis_id)
    assert early.status_code == 429
    assert early.headers["Retry-After"] == "1"
    assert [v["violation"] for v in platform.ledger()["violations"]] == ["early_poll"]
    platform.wait(0.2)
    assert platform.get(analysis_id).status_code == 200


def test_a_second_post_while_a_run_is_under_way_is_a_violation_and_bills_nothing_more(
    platform: Platform,
) -> None:
    first = platform.post().json()["id"]
    assert platform.post().json()["id"] == first
    assert [v["violation"] for v in platform.ledger()["violations"]] == ["second_post"]
    platform.wait(60)
    assert len(platform.ledger()["billed"]) == 1


def test_a_report_that_exists_comes_back_at_once_and_free_of_charge(platform: Platform) -> None:
    first = platform.post().json()["id"]
    platform.wait(60)
    again = platform.post()
    assert again.status_code == 202
    assert (again.json()["id"], again.json()["status"]) == (first, "completed")
    assert "Retry-After" not in again.headers
    ledger = platform.ledger()
    assert (len(ledger["billed"]), ledger["violations"]) == (1, [])


def test_another_client_company_is_billed_for_a_report_of_its_own(platform: Platform) -> None:
    platform.post(client_id="client-1")
    platform.post(client_id="client-2")
    platform.wait(60)
    assert [b["client_id"] for b in platform.ledger()["billed"]] == ["client-1", "client-2"]


def test_a_cancel_stops_a_run_with_what_it_had(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    platform.wait(25)
    before = platform.get(analysis_id).json()
    canceled = platform.delete(analysis_id)
    assert canceled.status_code == 200
    assert canceled.json()["status"] == "canceled"
    assert canceled.json()["signals"] == before["signals"] != []
    platform.wait(60)
    assert platform.get(analysis_id).json()["status"] == "canceled"
    assert platform.ledger()["billed"] == []


@pytest.mark.parametrize("candidate_id", ["test_green", "test_failed", "test_canceled"])
def test_a_cancel_of_what_is_over_changes_nothing(platform: Platform, candidate_id: str) -> None:
    analysis_id = platform.post(candidate_id).json()["id"]
    platform.wait(60)
    before = platform.get(analysis_id).json()
    assert platform.delete(analysis_id).json() == before


def test_a_run_that_was_canceled_can_be_started_again(platform: Platform) -> None:
    first = platform.post().json()["id"]
    platform.delete(first)
    assert platform.post().json()["id"] != first
    assert platform.ledger()["violations"] == []


def test_a_key_sees_only_what_it_created(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    other = replace(platform, key=OTHER_KEY)
    assert other.get(analysis_id).status_code == 404
    assert other.delete(analysis_id).status_code == 404
    assert other.post().json()["id"] != analysis_id


@pytest.mark.parametrize("key", ["", "ats_unknown"])
def test_without_a_known_key_nothing_is_answered(platform: Platform, key: str) -> None:
    stranger = replace(platform, key=key)
    assert stranger.post().status_code == 401
    assert stranger.get("any").status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"language": ""}, "language"),
        ({"client": {}}, "client.id"),
        ({"client": None}, "client.id"),
        ({"candidate": {"id": 7, "first_name": "A", "last_name": "B"}}, "candidate.id"),
        ({"candidate": {"id": "7"}}, "candidate.first_name"),
    ],
)
def test_a_create_body_that_lacks_something_is_refused_by_field(
    platform: Platform, change: dict[str, object], field: str
) -> None:
    response = platform.send("POST", ANALYSES, json=platform.body() | change)
    assert response.status_code == 422
    assert response.json()["error"]["details"] == [{"field": field, "message": "must be a text"}]


def test_what_is_no_json_is_refused(platform: Platform) -> None:
    assert platform.send("POST", ANALYSES, content="{").status_code == 400
    form = platform.http.post(ANALYSES, headers={"X-API-Key": platform.key}, data={"a": "b"})
    assert form.status_code == 415


def test_the_hosted_report_is_a_pdf_behind_a_signed_link(platform: Platform) -> None:
    analysis_id = platform.post("test_existing").json()["id"]
    link = platform.get(analysis_id).json()["metadata"]["pdf_download_url"]
    document = platform.http.get(link)
    assert document.headers["Content-Type"] == "application/pdf"
    assert document.content.startswith(b"%PDF-")
    assert platform.http.get(link + "0").status_code == 403


def test_the_ledger_can_be_cleared_but_what_was_billed_stays(platform: Platform) -> None:
    platform.post()
    platform.wait(60)
    platform.http.delete("/ledger")
    ledger = platform.ledger()
    assert ledger["requests"] == []
    assert len(ledger["billed"]) == 1
