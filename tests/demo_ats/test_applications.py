import re

import pytest
from starlette.testclient import TestClient

from demo_ats.ats.applications import MAX_BODY_BYTES
from demo_ats.sandbox.pdf import document
from tests.demo_ats.conftest import load_embed
from tests.demo_ats.network import Network

ADA = {
    "first_name": "  Adaline ",
    "last_name": "Quist",
    "role": "Baker",
    "company": "Crumb & Crust",
    "location": "Ghent, Belgium",
}


def test_a_new_candidate_has_a_profile_and_a_session(ats: TestClient, network: Network) -> None:
    profile = ats.post("/candidates", data={**ADA, "cv": "Bakes bread.\r\nAnd cakes."})

    assert profile.history[0].status_code == 303
    assert "Adaline Quist" in profile.text
    load_embed(ats, profile)
    candidate = network.sessions[-1]["candidate"]
    assert re.fullmatch(r"cand_\d+", candidate.pop("id"))
    assert candidate == {**ADA, "first_name": "Adaline", "cv": "Bakes bread.\nAnd cakes."}


def test_a_new_candidate_is_first_on_the_board(ats: TestClient) -> None:
    ats.post("/candidates", data=ADA)

    board = ats.get("/").text
    assert board.index("Adaline Quist") < board.index("Julien Marchetot")


def test_two_new_candidates_have_two_ids(ats: TestClient) -> None:
    first, second = (ats.post("/candidates", data=ADA).url for _ in range(2))

    assert first != second


def test_a_pdf_becomes_the_text_of_the_cv(ats: TestClient, network: Network) -> None:
    pdf = document(["Adaline Quist", "Baker since 2011"])

    load_embed(ats, ats.post("/candidates", data=ADA, files={"cv_file": ("cv.pdf", pdf)}))

    assert network.sessions[-1]["candidate"]["cv"] == "Adaline Quist\nBaker since 2011"


def test_a_file_takes_the_place_of_pasted_text(ats: TestClient, network: Network) -> None:
    entries = {**ADA, "cv": "pasted"}
    load_embed(ats, ats.post("/candidates", data=entries, files={"cv_file": ("cv.txt", b"filed")}))

    assert network.sessions[-1]["candidate"]["cv"] == "filed"


def test_an_empty_file_field_leaves_the_pasted_text(ats: TestClient, network: Network) -> None:
    entries = {**ADA, "cv": "pasted"}
    load_embed(ats, ats.post("/candidates", data=entries, files={"cv_file": ("", b"")}))

    assert network.sessions[-1]["candidate"]["cv"] == "pasted"


def test_missing_names_are_marked_and_the_rest_is_kept(ats: TestClient) -> None:
    page = ats.post("/candidates", data={"role": "Baker & <Chef>", "cv": "Bakes."})

    assert page.status_code == 422
    assert "Enter a first name." in page.text
    assert "Enter a last name." in page.text
    assert 'value="Baker &amp; &lt;Chef&gt;"' in page.text
    assert ">Bakes.</textarea>" in page.text


@pytest.mark.parametrize(
    ("field", "length", "message"),
    [
        ("first_name", 201, "Use 200 characters at most."),
        ("location", 201, "Use 200 characters at most."),
        ("cv", 200_001, "Use 200,000 characters at most."),
    ],
)
def test_a_text_that_is_too_long_is_marked(
    ats: TestClient, field: str, length: int, message: str
) -> None:
    page = ats.post("/candidates", data={**ADA, field: "x" * length})

    assert page.status_code == 422
    assert f'id="{field}-error">{message}' in page.text


def test_a_file_that_cannot_be_read_is_marked(ats: TestClient) -> None:
    page = ats.post("/candidates", data=ADA, files={"cv_file": ("cv.odt", b"PK")})

    assert page.status_code == 422
    assert 'id="cv_file-error">Choose a .txt, .pdf or .docx file.' in page.text
    assert 'value="Adaline"' in page.text


def test_a_body_that_is_far_too_large_is_not_read(ats: TestClient) -> None:
    page = ats.post(
        "/candidates", data=ADA, files={"cv_file": ("cv.txt", b"x" * (MAX_BODY_BYTES + 1))}
    )

    assert page.status_code == 413
    assert "The file is larger than 2 MB." in page.text


def test_a_file_in_the_place_of_a_name_is_no_name(ats: TestClient) -> None:
    page = ats.post("/candidates", files={"first_name": ("name.txt", b"Adaline")})

    assert "Enter a first name." in page.text
