import pytest
from starlette.testclient import TestClient

from tests.demo_ats.conftest import JONAS, MILO, NADIA, sign_in
from tests.demo_ats.network import Network


def test_the_same_candidate_is_asked_about_for_the_other_company(
    ats: TestClient, network: Network
) -> None:
    ats.post("/candidates/test_green/intelligence-session")
    sign_in(ats, JONAS)
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
    choice = {"user": JONAS, "return_to": "/candidates/test_green"}
    answer = ats.post("/user", data=choice, follow_redirects=False)

    assert answer.headers["Location"] == "/candidates/test_green"
    assert answer.headers["Set-Cookie"] == "user=user_jonas; HttpOnly; Path=/; SameSite=lax"
    assert 'aria-label="Jonas Achterfeld, recruiter at Quellwerk Talent' in ats.get("/").text


def test_a_user_who_does_not_exist_changes_nothing(ats: TestClient) -> None:
    ats.post("/user", data={"user": "user_nobody", "return_to": "/"})

    assert "user" not in ats.cookies


def test_a_cookie_that_names_no_user_means_the_first_one(ats: TestClient) -> None:
    ats.cookies.set("user", "user_nobody")

    assert 'aria-label="Nadia Ferrante-Cole, recruiter' in ats.get("/").text


@pytest.mark.parametrize("path", ["/user", "/language"])
@pytest.mark.parametrize(
    "return_to", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\n/evil"]
)
def test_a_switch_never_leads_to_another_site(ats: TestClient, path: str, return_to: str) -> None:
    choice = {"user": JONAS, "language": "de", "return_to": return_to}
    answer = ats.post(path, data=choice, follow_redirects=False)

    assert answer.headers["Location"] == "/"


def test_each_company_has_its_own_candidates_beside_the_shared_pool(ats: TestClient) -> None:
    board = ats.get("/").text
    assert "Amara Quaye-Lindell" in board
    assert "Marta Wilczanowska" not in board
    assert "Inês Caldeworth" in board

    sign_in(ats, JONAS)

    board = ats.get("/").text
    assert "Amara Quaye-Lindell" not in board
    assert "Marta Wilczanowska" in board
    assert "Inês Caldeworth" in board


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/intelligence"),
        ("POST", "/intelligence-session"),
        ("POST", "/stage"),
        ("POST", "/notes"),
    ],
)
def test_another_companys_candidate_is_answered_as_nobody(
    ats: TestClient, network: Network, method: str, path: str
) -> None:
    theirs = ats.request(method, f"/candidates/cand_1066{path}")
    nobody = ats.request(method, f"/candidates/cand_9999{path}")

    assert theirs.status_code == 404
    assert theirs.text.replace("cand_1066", "cand_9999") == nobody.text
    assert network.sessions == []


def test_notes_stages_and_activity_of_the_shared_pool_are_each_companys_own(
    ats: TestClient,
) -> None:
    ats.post("/candidates/test_green/notes", data={"note": "Ours alone."})
    ats.post("/candidates/test_green/stage", data={"stage": "Offer"})

    sign_in(ats, JONAS)
    profile = ats.get("/candidates/test_green").text

    assert "Ours alone." not in profile
    assert "event-sourcing" not in profile
    assert 'data-stage="Interview" aria-current="step"' in profile
    assert "Shared pool" in profile


def test_a_hiring_manager_looks_and_changes_nothing(ats: TestClient) -> None:
    sign_in(ats, MILO)

    board, profile = ats.get("/").text, ats.get("/candidates/test_green").text
    for path in ("/candidates/new", "/stage", "/notes"):
        assert path not in board + profile
    refused = [
        ats.get("/candidates/new"),
        ats.post("/candidates", data={"first_name": "Ada", "last_name": "Quist"}),
        ats.post("/candidates/test_green/stage", data={"stage": "Offer"}),
        ats.post("/candidates/test_green/notes", data={"note": "No."}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert ats.get("/candidates/test_green").text == profile


def test_a_session_names_its_viewer_and_lets_only_recruiters_run(
    ats: TestClient, network: Network
) -> None:
    for user in (NADIA, MILO):
        sign_in(ats, user)
        ats.post("/candidates/test_green/intelligence-session")

    told = [(each["viewer"]["id"], each["permissions"]) for each in network.sessions]
    assert told == [(NADIA, ["run", "view"]), (MILO, ["view"])]


@pytest.mark.parametrize(("chosen", "asked"), [("fr", "fr"), ("it", "it"), ("tlh", "en")])
def test_reports_come_in_the_language_that_was_chosen(
    ats: TestClient, network: Network, chosen: str, asked: str
) -> None:
    ats.post("/language", data={"language": chosen, "return_to": "/"})

    ats.post("/candidates/test_green/intelligence-session")

    assert network.sessions[-1]["language"] == asked
