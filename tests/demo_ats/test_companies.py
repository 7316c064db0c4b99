import pytest
from starlette.testclient import TestClient

from tests.demo_ats.network import Network

QUELLWERK = {"company": "client_quellwerk", "return_to": "/candidates/test_green"}


def test_the_same_candidate_is_asked_about_for_the_other_company(
    ats: TestClient, network: Network
) -> None:
    ats.post("/candidates/test_green/intelligence-session")
    ats.post("/company", data=QUELLWERK)
    ats.post("/candidates/test_green/intelligence-session")

    first, second = network.sessions
    assert first["candidate"] == second["candidate"]
    assert first["client"]["id"] == "client_harbour_pine"
    assert second["client"] == {
        "id": "client_quellwerk",
        "first_name": "Jonas",
        "last_name": "Achterfeld",
        "company": "Quellwerk Talent",
    }


def test_the_choice_is_kept_in_a_cookie_that_scripts_cannot_read(ats: TestClient) -> None:
    answer = ats.post("/company", data=QUELLWERK, follow_redirects=False)

    assert answer.headers["Location"] == "/candidates/test_green"
    assert answer.headers["Set-Cookie"] == (
        "client_company=client_quellwerk; HttpOnly; Path=/; SameSite=lax"
    )
    assert 'aria-label="Client company: Quellwerk Talent' in ats.get("/").text


def test_a_company_that_does_not_exist_changes_nothing(ats: TestClient) -> None:
    ats.post("/company", data={"company": "client_nobody", "return_to": "/"})

    assert "client_company" not in ats.cookies


def test_a_cookie_that_names_no_company_means_the_first_one(ats: TestClient) -> None:
    ats.cookies.set("client_company", "client_nobody")

    assert 'aria-label="Client company: Harbour &amp; Pine Search' in ats.get("/").text


@pytest.mark.parametrize(
    "return_to", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\n/evil"]
)
def test_the_switch_never_leads_to_another_site(ats: TestClient, return_to: str) -> None:
    answer = ats.post(
        "/company", data={**QUELLWERK, "return_to": return_to}, follow_redirects=False
    )

    assert answer.headers["Location"] == "/"
