"""What the sandbox tells of what it was asked, for a demo and for the CI of whoever uses it."""

from jsonschema import Draft202012Validator

from demo_ats.sandbox.app import OPENAPI
from tests.sandbox.conftest import ANALYSES, KEY, Platform

CV = "Bakes bread since 2011."


def test_each_pair_has_its_counts(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    platform.post()
    platform.get(analysis_id)
    platform.wait(60)
    platform.get(analysis_id)
    platform.post()
    platform.delete(analysis_id)
    platform.post("test_failed", "client-2")

    ledger = platform.ledger()

    described = {**OPENAPI["components"]["schemas"]["Ledger"], "components": OPENAPI["components"]}
    Draft202012Validator(described).validate(ledger)
    counts = "posts", "gets", "deletes", "reused", "early_polls", "second_posts", "billed"
    assert ledger["pairs"] == [
        {"client_id": client_id, "candidate_id": candidate_id}
        | dict(zip(counts, counted, strict=True))
        for client_id, candidate_id, *counted in (
            ("client-1", "test_green", 3, 2, 1, 1, 1, 1, 1),
            ("client-2", "test_failed", 1, 0, 0, 0, 0, 0, 0),
        )
    ]


def test_a_ci_learns_by_the_status_alone_whether_there_was_a_violation(platform: Platform) -> None:
    analysis_id = platform.post().json()["id"]
    assert platform.http.get("/ledger/check").status_code == 200

    platform.get(analysis_id)

    answer = platform.http.get("/ledger/check")
    assert answer.status_code == 409
    assert [call["violation"] for call in answer.json()["violations"]] == ["early_poll"]
    platform.http.delete("/ledger")
    assert platform.http.get("/ledger/check").json() == {"violations": []}


def test_each_call_can_be_read_whole_without_its_key_and_cv(platform: Platform) -> None:
    body = platform.body() | {"language": "de"}
    body["candidate"]["cv"] = CV
    platform.send("POST", ANALYSES, json=body)
    platform.send("POST", ANALYSES, json={"candidate": {"cv": CV}})
    platform.send("POST", ANALYSES, json=["no object"])

    numbers = [call["number"] for call in platform.ledger()["requests"]]
    told = [platform.http.get(f"/ledger/requests/{number}") for number in numbers]
    accepted, refused, _ = (answer.json() for answer in told)

    assert accepted["request"]["headers"]["x-api-key"] == "ats_…"
    assert accepted["request"]["body"]["candidate"]["first_name"] == "Mara"
    assert accepted["request"]["body"]["candidate"]["cv"] == "(23 characters)"
    assert accepted["answer"]["headers"]["retry-after"] == "10"
    assert accepted["answer"]["body"]["status"] == "queued"
    assert refused["answer"]["body"]["error"]["code"] == "invalid_request"
    assert not any(secret in answer.text for answer in told for secret in (KEY, CV))


def test_a_page_of_a_proxy_is_told_as_its_text(platform: Platform) -> None:
    list(platform.watch("test_errors"))
    (broken,) = (call for call in platform.ledger()["requests"] if call["status"] == 502)

    told = platform.http.get(f"/ledger/requests/{broken['number']}").json()

    assert "502 Bad Gateway" in told["answer"]["body"]


def test_a_call_that_never_was_is_not_found(platform: Platform) -> None:
    assert platform.http.get("/ledger/requests/1").status_code == 404
