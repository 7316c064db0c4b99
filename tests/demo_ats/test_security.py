import pytest
from starlette.testclient import TestClient

from tests.demo_ats.network import WIDGET

MOVE = "/candidates/test_green/stage"
OFFER = {"stage": "Offer"}


def test_only_the_widget_may_be_framed_and_its_loader_run_and_nobody_may_frame_the_ats(
    ats: TestClient,
) -> None:
    policy = ats.get("/").headers["Content-Security-Policy"]

    assert f"script-src 'self' {WIDGET}/embed.js;" in policy
    assert f"frame-src 'self' {WIDGET};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_profiles_are_not_kept_by_the_browser(ats: TestClient) -> None:
    assert ats.get("/candidates/test_green").headers["Cache-Control"] == "no-store"
    assert ats.get("/static/base.css").headers["Cache-Control"] == "no-cache"


def test_pages_carry_no_inline_script_or_style(ats: TestClient) -> None:
    for path in ("/", "/candidates/test_green", "/candidates/new", "/integration"):
        page = ats.get(path).text
        assert "<script>" not in page
        assert "style=" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8000"},
        {"Origin": "http://localhost:8000"},
        {},
    ],
)
def test_a_form_of_the_ats_itself_is_accepted(ats: TestClient, headers: dict[str, str]) -> None:
    assert ats.post(MOVE, data=OFFER, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8001"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(ats: TestClient, headers: dict[str, str]) -> None:
    assert ats.post(MOVE, data=OFFER, headers=headers).status_code == 403
    assert 'data-stage="Interview" aria-current="step"' in ats.get("/candidates/test_green").text


def test_a_link_from_another_site_opens_a_page(ats: TestClient) -> None:
    assert ats.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
