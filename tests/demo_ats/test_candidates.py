from starlette.testclient import TestClient

from demo_ats.ats.pipeline import Stage
from tests.demo_ats.network import EMBED_URL, WIDGET, Network


def test_the_board_shows_every_stage_and_its_candidates(ats: TestClient) -> None:
    page = ats.get("/").text

    assert all(f'data-stage="{stage}"' in page for stage in Stage)
    assert page.count('class="card"') >= 14
    assert "Inês Caldeworth" in page


def test_the_board_opens_no_sessions(ats: TestClient, network: Network) -> None:
    ats.get("/")
    assert network.sessions == []

    ats.post("/candidates/test_green/intelligence-session")
    assert len(network.sessions) == 1


def test_a_profile_leaves_the_frame_to_the_loader(ats: TestClient, network: Network) -> None:
    profile = ats.get("/candidates/test_green").text

    assert f'<script async src="{WIDGET}/embed.js"></script>' in profile
    assert 'session-url="/candidates/test_green/intelligence-session"' in profile
    assert EMBED_URL not in profile
    assert network.sessions == []


def test_one_profile_frames_the_widget_itself(ats: TestClient) -> None:
    profile = ats.get("/candidates/test_existing").text

    assert f'<iframe class="intelligence__frame" src="{EMBED_URL}"' in profile
    assert "embed.js" not in profile


def test_a_script_gets_a_session_for_its_candidate_and_recruiter_as_json(
    ats: TestClient, network: Network
) -> None:
    answer = ats.post("/candidates/test_green/intelligence-session")

    assert (answer.status_code, answer.json()) == (200, {"embed_url": EMBED_URL})
    [session] = network.sessions
    assert session["language"] == "en"
    assert session["client"] == {
        "id": "client_harbour_pine",
        "first_name": "Nadia",
        "last_name": "Ferrante-Cole",
        "company": "Harbour & Pine Search",
    }
    assert session["candidate"]["id"] == "test_green"
    assert session["candidate"]["company"] == "Brightmoor Logistics"
    assert "EXPERIENCE" in session["candidate"]["cv"]


def test_a_profile_is_complete_while_the_widget_is_down(ats: TestClient, network: Network) -> None:
    network.down = True

    profile = ats.get("/candidates/test_existing")

    assert profile.status_code == 200
    assert "Kornblum Analytics" in profile.text
    assert "cannot be reached" in profile.text
    assert '<a class="button button--quiet" href="/candidates/test_existing">Try again</a>' in (
        profile.text
    )
    assert "<iframe" not in profile.text


def test_names_and_cvs_are_text_and_never_markup(ats: TestClient) -> None:
    profile = ats.get("/candidates/test_hostile").text

    assert "Angle &lt;Bracket&gt; &amp; Sons" in profile
    assert "&lt;b&gt;not bold&lt;/b&gt;" in profile
    assert "{{ 7 * 7 }}" in profile


def test_a_candidate_who_is_not_there_is_a_page_of_its_own(ats: TestClient) -> None:
    answer = ats.get("/candidates/nobody")

    assert answer.status_code == 404
    assert "There is no such candidate." in answer.text
    assert "Larkfield" in answer.text


def test_a_script_gets_an_error_as_json_while_the_widget_is_down(
    ats: TestClient, network: Network
) -> None:
    network.down = True

    answer = ats.post("/candidates/test_red/intelligence-session")

    assert answer.status_code == 502
    assert answer.json() == {"error": "Candidate Intelligence does not answer."}


def test_a_candidate_moves_to_another_stage(ats: TestClient) -> None:
    profile = ats.post("/candidates/test_green/stage", data={"stage": "Offer"})

    assert profile.url.path == "/candidates/test_green"
    assert 'data-stage="Offer" aria-current="step"' in profile.text
    assert "Moved from Interview to Offer" in profile.text


def test_a_stage_that_does_not_exist_is_refused(ats: TestClient) -> None:
    answer = ats.post("/candidates/test_green/stage", data={"stage": "Limbo"})

    assert answer.status_code == 400
    assert 'data-stage="Interview" aria-current="step"' in ats.get("/candidates/test_green").text


def test_a_note_carries_the_name_of_its_recruiter(ats: TestClient) -> None:
    profile = ats.post("/candidates/test_red/notes", data={"note": "Call <again>."}).text

    assert "<b>Nadia Ferrante-Cole</b>" in profile
    assert "Call &lt;again&gt;." in profile


def test_an_empty_note_is_not_kept(ats: TestClient) -> None:
    profile = ats.post("/candidates/test_red/notes", data={"note": "  "}).text

    assert 'class="notes__by"' not in profile
