"""What every answer tells a browser."""

from collections.abc import Iterator

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.widget.client import BEARER, client_of, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.partner import KEY
from tests.widget.people import IDA, MARA, create_body
from tests.widget.widget_process import HOST_TOKEN, SECRET
from widget.app import create_app
from widget.assets import ASSETS, static_url
from widget.embed import Embed
from widget.security import embed_policy, new_nonce

ORIGINS = ["http://localhost:8000", "https://ats.example.com"]


@pytest.fixture
def http(settings: MakeSettings) -> Iterator[TestClient]:
    app = create_app(settings(allowed_origins=",".join(ORIGINS)))
    with TestClient(
        app,
        base_url="http://127.0.0.1:8001",
        raise_server_exceptions=False,
        follow_redirects=False,
    ) as client:
        yield client


def policy_of(response: httpx2.Response) -> dict[str, list[str]]:
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in (directive.split() for directive in directives)}


@pytest.mark.threat(name="injection")
def test_the_policy_of_the_embed_directive_by_directive() -> None:
    policy = embed_policy("n0nce", ORIGINS)
    assert dict(directive.split(" ", 1) for directive in policy.split("; ")) == {
        "default-src": "'none'",
        "script-src": "'nonce-n0nce'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "http://localhost:8000 https://ats.example.com",
        "require-trusted-types-for": "'script'",
        "trusted-types": "htmx",
    }


def test_a_nonce_is_long_and_used_once() -> None:
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) >= 22 for nonce in nonces)


ADDRESSES = [
    ("GET", "{embed}", 200),
    ("GET", "{embed}/run", 200),
    ("POST", "{embed}/leave", 204),
    ("GET", "{embed}/leave", 405),
    ("GET", "{embed}/nowhere", 404),
    ("GET", "/embed/never-issued", 404),
    ("GET", static_url("widget.css"), 200),
    ("GET", "/static/nowhere.css", 404),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/", 404),
    ("GET", "/api/v1/sessions", 405),
    ("POST", "/api/v1/sessions", 401),
    ("POST", "/api/v1/sessions/", 404),
]


@pytest.mark.threat(name="found address")
@pytest.mark.parametrize(("method", "address", "status"), ADDRESSES)
def test_every_answer_carries_the_headers(
    http: TestClient, method: str, address: str, status: int
) -> None:
    response = http.request(method, address.format(embed=open_session(http)))
    assert response.status_code == status
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "Cache-Control" in response.headers
    assert "Set-Cookie" not in response.headers
    assert "Strict-Transport-Security" not in response.headers
    assert "Access-Control-Allow-Origin" not in response.headers
    policy = policy_of(response)
    assert policy["default-src"] == ["'none'"]
    assert "unsafe" not in str(policy)
    assert policy["frame-ancestors"] in (ORIGINS, ["'none'"])


@pytest.mark.threat(name="secret in the page")
def test_no_answer_holds_a_secret_and_no_header_a_person(http: TestClient) -> None:
    embed = open_session(http)
    answers = [http.request(method, a.format(embed=embed)) for method, a, _ in ADDRESSES]
    answers += [
        http.post(f"{embed}/run"),
        http.get(f"{embed}/run"),
        http.post("/api/v1/sessions", headers=BEARER, json=create_body()),
        http.post("/api/v1/sessions", headers=BEARER, json=create_body(unknown=HOST_TOKEN)),
        http.delete("/api/v1/candidates/client-1/candidate-1", headers=BEARER),
    ]
    for answer in answers:
        for secret in (KEY, HOST_TOKEN, SECRET):
            assert secret not in f"{answer.headers} {answer.text}"
        for value in (MARA | IDA).values():
            assert value not in str(answer.headers)


@pytest.mark.threat(name="clickjacking")
def test_only_the_embed_may_be_framed(http: TestClient) -> None:
    embed = open_session(http)
    for address in (embed, f"{embed}/run", f"{embed}/nowhere", "/embed/never-issued"):
        assert policy_of(http.get(address))["frame-ancestors"] == ORIGINS
    for address in ("/healthz", "/openapi.json", static_url("widget.js"), "/nowhere"):
        assert policy_of(http.get(address))["frame-ancestors"] == ["'none'"]


def test_whatever_goes_wrong_in_the_frame_is_a_page(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = open_session(http)
    answers = [http.get(f"{embed}/leave"), http.get(f"{embed}/nowhere")]

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Embed, "_enter", broken)
    answers.append(http.get(embed))
    assert [answer.status_code for answer in answers] == [405, 404, 500]
    for answer in answers:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert 'class="notice"' in answer.text
        assert "secret detail" not in answer.text
        assert policy_of(answer)["frame-ancestors"] == ORIGINS
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.threat(name="eavesdropping")
@pytest.mark.parametrize("public_url", ["https://widget.example", "http://127.0.0.1:8001"])
def test_browsers_are_told_to_stay_with_https_where_the_public_url_is(
    settings: MakeSettings, public_url: str
) -> None:
    with client_of(settings(public_url=public_url)) as http:
        is_told = "Strict-Transport-Security" in http.get("/healthz").headers
    assert is_told is public_url.startswith("https:")


@pytest.mark.threat(name="found address")
def test_what_is_about_a_person_is_kept_by_no_cache(http: TestClient) -> None:
    embed = open_session(http)
    for address in (embed, f"{embed}/run", f"{embed}/nowhere"):
        assert http.get(address).headers["Cache-Control"] == "no-store"


def test_static_files_are_served_as_what_they_are_and_nothing_else_is(http: TestClient) -> None:
    for name in ASSETS:
        media_type = http.get(static_url(name)).headers["Content-Type"].partition(";")[0]
        assert media_type in {
            "text/css",
            "text/javascript",
            "application/javascript",
            "image/svg+xml",
        }
    for address in ("/static/", "/static/..%2Fwidget%2Fsettings.py", "/static/%2Fetc%2Fpasswd"):
        assert http.get(address).status_code == 404
