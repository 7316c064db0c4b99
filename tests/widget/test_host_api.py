"""The ATS backend's door, as an ATS knocks at it."""

import hmac
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from tests.serving import serving
from tests.widget.client import client_of, open_session
from tests.widget.conftest import MakeSettings
from tests.widget.partner import KEY, Partner, completed
from tests.widget.people import IDA, MARA, create_body
from tests.widget.widget_process import HOST_TOKEN
from widget.app import create_app
from widget.json_body import MAX_BODY_BYTES

SECOND_TOKEN = "the-token-of-another-backend"
ALLOWED = ["http://localhost:8000", "https://other.example", "https://*.ats.example.com"]
JSON = {"Content-Type": "application/json"}
SESSIONS = "/api/v1/sessions"


@dataclass
class ATS:
    """A backend that knows the token, and the Partner API behind the widget."""

    http: TestClient
    partner: Partner
    database: Path

    def post(self, body: Any, token: str | None = HOST_TOKEN, **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(SESSIONS, content=content, headers=JSON | bearer(token) | headers)

    def erase(
        self, client_id: str, candidate_id: str, token: str | None = HOST_TOKEN
    ) -> httpx2.Response:
        path = f"/api/v1/candidates/{quote(client_id, safe='')}/{quote(candidate_id, safe='')}"
        return self.http.delete(path, headers=bearer(token))

    def opens(self, **changes: Any) -> str:
        """The path of a new session's page."""
        return open_session(self.http, **changes)

    def errors(self, body: Any) -> dict[str, str]:
        response = self.post(body)
        assert response.status_code == 422, response.text
        return {error["field"]: error["message"] for error in response.json()["errors"]}


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@pytest.fixture
def ats(settings: MakeSettings, partner: Partner, tmp_path: Path) -> Iterator[ATS]:
    options = settings(
        host_token=f"{HOST_TOKEN},{SECOND_TOKEN}",
        public_url="https://widget.example",
        allowed_origins=",".join(ALLOWED),
    )
    with client_of(options, partner) as http:
        yield ATS(http, partner, tmp_path / "widget.db")


def changed(path: str, value: Any) -> dict[str, Any]:
    """The create body with another value at a dotted path."""
    body: dict[str, Any] = json.loads(json.dumps(create_body()))
    *parents, last = path.split(".")
    target = body
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value
    return body


def without(path: str) -> dict[str, Any]:
    body = changed(path, None)
    *parents, last = path.split(".")
    target = body
    for parent in parents:
        target = target[parent]
    del target[last]
    return body


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert KEY not in response.text
    assert HOST_TOKEN not in response.text
    return problem


# Opening a session


def test_a_session_is_opened(ats: ATS) -> None:
    response = ats.post(create_body())
    assert response.status_code == 201
    answer = response.json()
    assert answer.keys() == {"token", "embed_url", "expires_at", "warnings"}
    assert answer["warnings"] == []
    assert answer["embed_url"] == f"https://widget.example/embed/{answer['token']}"
    remaining = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
    assert 3500 < remaining.total_seconds() <= 3600
    assert not any(value in response.text for value in [*IDA.values(), *MARA.values()])
    assert ats.partner.calls == []


def test_the_least_that_opens_a_session(ats: ATS) -> None:
    for name in ("first_name", "last_name"):
        candidate = {"id": "k", name: "M"}
        least = {"language": "en", "client": {"id": "c"}, "candidate": candidate}
        assert ats.post(least).status_code == 201


def test_the_partner_api_gets_what_the_ats_gave_and_nothing_that_stays_in_the_widget(
    ats: ATS,
) -> None:
    given: dict[str, Any] = {
        "language": "fr-CH",
        "client": {**IDA, "id": 7, "company": ""},
        "candidate": {**MARA, "role": " ", "first_name": None, "last_name": "Løvë 李\0\u202e😀"},
        "appearance": {"theme": "dark", "accent": "#0aF09c", "intro": True},
        "viewer": {"id": "mara@example.com"},
        "permissions": ["view", "run"],
        "origin": "http://localhost:8000",
    }
    embed = ats.post(given).json()["token"]
    ats.http.post(f"/embed/{embed}/run")
    client = {**IDA, "id": "7"}
    del client["company"]
    candidate = {**MARA, "last_name": "Løvë 李\0\u202e😀"}
    del candidate["role"], candidate["first_name"]
    assert ats.partner.bodies == [{"language": "fr-CH", "client": client, "candidate": candidate}]


@pytest.mark.parametrize("path", ["language", "client", "client.id", "candidate", "candidate.id"])
def test_a_required_field_that_is_missing_or_empty_is_named(ats: ATS, path: str) -> None:
    assert ats.errors(without(path)) == {path: "Field required"}
    assert list(ats.errors(changed(path, None))) == [path]
    if path not in {"client", "candidate"}:
        assert list(ats.errors(changed(path, ""))) == [path]


def test_a_candidate_without_any_name_is_refused(ats: ATS) -> None:
    needed = "One of first_name and last_name is required"
    for first, last in [("", ""), (None, None), (" ", "\t\n"), ("\u3000", "\u00a0")]:
        candidate = {**MARA, "first_name": first, "last_name": last}
        assert ats.errors(create_body(candidate=candidate)) == {
            "candidate.first_name": needed,
            "candidate.last_name": needed,
        }
    assert list(ats.errors(create_body(candidate={"id": "k", "first_name": 7}))) == [
        "candidate.first_name"
    ]


def test_an_id_may_be_a_whole_number_and_is_then_its_decimal_text(ats: ATS) -> None:
    for number in (42, 0, -7, 2**63, 10**999):
        embed = ats.opens(client={"id": number}, candidate={**MARA, "id": number})
        ats.http.post(f"{embed}/run")
        body = ats.partner.bodies.pop()
        assert body["client"]["id"] == body["candidate"]["id"] == str(number)
        assert ats.erase(str(number), str(number)).status_code == 204
        assert ats.http.get(embed).status_code == 410
    for path in ("client.id", "candidate.id"):
        for value in (True, False, 1.5, 42.0, 1e3):
            assert ats.errors(changed(path, value)) == {path: "Input should be a valid string"}
        for value in (10**1000, 10**4299):
            assert list(ats.errors(changed(path, value))) == [path]
    endless = json.dumps(create_body()).replace('"candidate-1"', "9" * 100_000)
    assert list(ats.errors(endless.encode())) == ["candidate.id"]


DETAILS = [
    *("client.first_name", "client.last_name", "client.company"),
    *("candidate.first_name", "candidate.last_name"),
    *("candidate.company", "candidate.location", "candidate.role"),
]


@pytest.mark.parametrize("path", [*DETAILS, "candidate.cv"])
def test_the_rest_is_optional(ats: ATS, path: str) -> None:
    for body in (without(path), changed(path, None), changed(path, "")):
        assert ats.post(body).status_code == 201


@pytest.mark.parametrize(
    "path",
    [
        *("langauge", "client.ID", "candidate.cv_text", "candidate.id ", "appearance.colour"),
        *("viewer.name", "permission"),
    ],
)
def test_a_field_that_is_unknown_is_named(ats: ATS, path: str) -> None:
    body = changed(path, "x")
    if "viewer" in body:
        body["viewer"]["id"] = "v"
    assert list(ats.errors(body)) == [path]


@pytest.mark.parametrize("value", [7, 1.5, True, ["x"], {"x": "y"}])
@pytest.mark.parametrize("path", ["language", "candidate.first_name", "candidate.cv", "origin"])
def test_only_text_is_text(ats: ATS, path: str, value: object) -> None:
    assert ats.errors(changed(path, value)) == {path: "Input should be a valid string"}


def test_everything_that_is_wrong_is_named_at_once(ats: ATS) -> None:
    body = changed("candidate.id", 7.5) | {"extra": 1}
    del body["language"]
    body["client"]["company"] = "x" * 1001
    assert ats.errors(body).keys() == {"language", "client.company", "candidate.id", "extra"}


@pytest.mark.parametrize("path", ["language", "client.id", "candidate.id", *DETAILS])
def test_a_text_may_be_a_thousand_characters_long(ats: ATS, path: str) -> None:
    body = json.dumps(changed(path, "é" * 1000), ensure_ascii=False).encode()
    assert ats.post(body).status_code == 201
    assert ats.errors(changed(path, "x" * 1001)) == {
        path: "String should have at most 1000 characters"
    }


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("theme", ["light", "dark", "auto"], ["Dark", "", None]),
        ("accent", ["#00ffAA", None], ["red", "#fff", "#00ff0g", "#00ff00\n", "#00ff00;x"]),
        ("font", ["system", "serif", "mono"], ["Arial"]),
        ("density", ["compact", "comfortable"], ["cosy"]),
        ("radius", ["none", "small", "large"], ["4px"]),
        ("intro", [True, False], ["true", 1, None]),
    ],
)
def test_the_appearance_is_one_of_what_there_is(
    ats: ATS, field: str, good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        assert ats.post(create_body(appearance={field: value})).status_code == 201
    for value in bad:
        errors = ats.errors(create_body(appearance={field: value}))
        assert list(errors) == [f"appearance.{field}"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{",
        b"{}}",
        b'{"language": NaN}',
        b'{"language": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b'{"language": "\\ud800"}',
        b'{"\\udc00": "x"}',
        b"[" * 500_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_no_json_object_is_a_422(ats: ATS, body: bytes) -> None:
    problem = assert_problem(ats.post(body), 422)
    assert all(error.keys() == {"field", "message"} for error in problem["errors"])


def test_of_a_key_that_comes_twice_the_last_one_counts(ats: ATS) -> None:
    good = json.dumps(create_body()).removeprefix("{")
    assert ats.post(f'{{"language": 7, {good}'.encode()).status_code == 201
    assert list(ats.errors(f'{{{good.removesuffix("}")}, "language": 7}}'.encode())) == ["language"]


@pytest.mark.threat(name="read logs")
def test_no_message_repeats_a_value(ats: ATS) -> None:
    body = changed("appearance", {"theme": "hush", "accent": "hush", "font": ["hush"]})
    body |= {"language": ["hush"], "client": "hush"}
    body["candidate"] = {"id": "hush" * 1000, "first_name": {"hush": "hush"}, "cv": 7}
    response = ats.post(body)
    assert response.status_code == 422
    assert "hush" not in response.text


# What is mended


def warned(response: httpx2.Response) -> list[tuple[str, str]]:
    assert response.status_code == 201, response.text
    return [(warning["field"], warning["message"]) for warning in response.json()["warnings"]]


def test_a_longer_cv_is_cut_and_named(ats: ATS) -> None:
    for letter in ("é", "😀"):
        body = json.dumps(changed("candidate.cv", letter * 200_000), ensure_ascii=False).encode()
        assert warned(ats.post(body)) == []
    longer = changed("candidate.cv", "y" * 200_000 + "zz")
    longer["candidate"]["id"] = "another"
    response = ats.post(longer)
    assert [field for field, _ in warned(response)] == ["candidate.cv"]
    ats.http.post(f"/embed/{response.json()['token']}/run")
    assert ats.partner.bodies[0]["candidate"]["cv"] == "y" * 200_000


def test_a_cv_of_175000_letters_that_each_take_six_bytes_is_taken(ats: ATS) -> None:
    assert warned(ats.post(json.dumps(changed("candidate.cv", "я" * 175_000)).encode())) == []


def test_a_byte_order_mark_before_the_json_is_passed_over(ats: ATS) -> None:
    assert warned(ats.post(b"\xef\xbb\xbf" + json.dumps(create_body()).encode())) == []


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"M\\ud800", "M\ufffd"),
        (b"\\uDFFFra\\udc00", "\ufffdra\ufffd"),
        (b"\\ude00\\ud83d", "\ufffd\ufffd"),
        (b"\\ud83d\\ud83d\\ude00", "\ufffd😀"),
        (b"M\xed\xa0\x80ra", "M\ufffdra"),
        (b"\\ufffd\\ud800", "\ufffd\ufffd"),
        (b"\\ud83d\\ude00", "😀"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
        (b"\\ufffd", "\ufffd"),
        (b"\\\\ud800", "\\ud800"),
    ],
)
def test_a_lone_surrogate_becomes_a_replacement_character_and_is_named(
    ats: ATS, sent: bytes, read: str
) -> None:
    body = json.dumps(changed("candidate.first_name", "HERE")).encode().replace(b"HERE", sent)
    response = ats.post(body)
    is_mended = read.count("\ufffd") > sent.count(b"ufffd")
    assert [field for field, _ in warned(response)] == ["candidate.first_name"] * is_mended
    ats.http.post(f"/embed/{response.json()['token']}/run")
    assert ats.partner.bodies[0]["candidate"]["first_name"] == read


def test_everything_that_was_mended_is_named_and_a_field_that_is_unknown_is_still_refused(
    ats: ATS,
) -> None:
    body = changed("candidate.cv", "x\ud800" * 100_001) | {"language": "en\udfff"}
    body["client"]["company"] = "\udbff"
    fields = [field for field, _ in warned(ats.post(body))]
    assert sorted(fields) == ["candidate.cv", "candidate.cv", "client.company", "language"]
    assert list(ats.errors({**create_body(), "x\ud800": 1})) == ["x\ufffd"]
    assert list(ats.errors({**create_body(), "permissions": ["\ud800"]})) == ["permissions.0"]


# Who looks, what they may do, and where


def test_who_looks_is_an_id_of_the_ats(ats: ATS) -> None:
    viewer: Any
    for viewer in ({"id": "user-3"}, {"id": 3}, None):
        assert ats.post(create_body(viewer=viewer)).status_code == 201
    for viewer in ({}, {"id": ""}, {"id": None}, {"id": True}):
        assert list(ats.errors(create_body(viewer=viewer))) == ["viewer.id"]
    for viewer in ("user-3", 3, []):
        assert ats.errors(create_body(viewer=viewer)) == {"viewer": "Input should be an object"}


def test_what_the_viewer_may_do_is_at_least_one_of_two_things(ats: ATS) -> None:
    permissions: Any
    for permissions in (["run"], ["view"], ["view", "run"], ["run", "run"]):
        assert ats.post(create_body(permissions=permissions)).status_code == 201
    for permissions, field in [
        ([], "permissions"),
        (None, "permissions"),
        ("run", "permissions"),
        ({"run": True}, "permissions"),
        (["run", "erase"], "permissions.1"),
        (["Run"], "permissions.0"),
        ([None], "permissions.0"),
    ]:
        assert list(ats.errors(create_body(permissions=permissions))) == [field]


def test_the_origin_of_a_session_is_one_that_the_settings_cover(ats: ATS) -> None:
    for origin in (None, "http://localhost:8000", "HTTP://LocalHost:08000/", ALLOWED[1]):
        assert ats.post(create_body(origin=origin)).status_code == 201
    for tenant in ("https://acme.ats.example.com", "https://a.b.ats.example.com:443"):
        assert ats.post(create_body(origin=tenant)).status_code == 201
    for origin in [
        *("", "null", "*", "https://*", "https://*.ats.example.com", "https://ats.example.com"),
        *("https://evil-ats.example.com", "https://a.ats.example.com:8443", "https://evil.com"),
        *("http://a.ats.example.com", "https://a.ats.example.com.", "https://a.ats.example.com/x"),
        *("https://evil.com#.ats.example.com", "https://evil.com/.ats.example.com"),
        *("https://u@a.ats.example.com", "http://localhost", "https://localhost:8000"),
        *("https://a.ats.example.com https://evil.com", "a.ats.example.com", "x" * 1001),
    ]:
        assert list(ats.errors(create_body(origin=origin))) == ["origin"], origin


# Size and type


def exactly(size: int) -> bytes:
    body = json.dumps(create_body()).encode()
    return body + b" " * (size - len(body))


def test_a_body_may_be_as_large_as_the_limit(ats: ATS) -> None:
    assert ats.post(exactly(MAX_BODY_BYTES)).status_code == 201
    assert_problem(ats.post(exactly(MAX_BODY_BYTES + 1)), 413)


@pytest.mark.threat(name="exhaustion")
def test_a_body_in_chunks_is_counted_as_it_comes(ats: ATS) -> None:
    def chunks(size: int) -> Iterator[bytes]:
        body = exactly(size)
        for start in range(0, size, 65536):
            yield body[start : start + 65536]

    def post(size: int) -> httpx2.Response:
        return ats.http.post(SESSIONS, content=chunks(size), headers=JSON | bearer(HOST_TOKEN))

    assert post(MAX_BODY_BYTES).status_code == 201
    assert_problem(post(MAX_BODY_BYTES + 1), 413)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 201),
        ("application/json;charset=utf-8;x=y", 201),
        ("text/json", 415),
        ("application/jsonp", 415),
        ("application/problem+json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_only_json_is_taken(ats: ATS, content_type: str, status: int) -> None:
    response = ats.post(create_body(), **{"Content-Type": content_type})
    assert response.status_code == status
    if status == 415:
        assert_problem(response, 415)


# Who knocks


@pytest.mark.parametrize("token", [HOST_TOKEN, SECOND_TOKEN])
def test_each_of_the_tokens_opens(ats: ATS, token: str) -> None:
    assert ats.post(create_body(), token).status_code == 201
    assert ats.erase("client-1", "candidate-1", token).status_code == 204


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        HOST_TOKEN,
        f"Basic {HOST_TOKEN}",
        f"Token {HOST_TOKEN}",
        f"Bearer {HOST_TOKEN}x",
        f"Bearer {HOST_TOKEN[:-1]}",
        f"Bearer {HOST_TOKEN.upper()}",
        f"Bearer {HOST_TOKEN},{SECOND_TOKEN}",
        f"Bearer {HOST_TOKEN} {SECOND_TOKEN}",
        f"Bearer Bearer {HOST_TOKEN}",
        f"Bearer {KEY}",
        "Bearer é",
        f"Bearer x, Bearer {HOST_TOKEN}",
    ],
)
def test_without_a_token_nothing_is_done(ats: ATS, authorization: str | None) -> None:
    sent = {} if authorization is None else {"Authorization": authorization.encode()}
    headers = [*JSON.items(), *sent.items()]
    for response in (
        ats.http.post(SESSIONS, json=create_body(), headers=headers),  # type: ignore[arg-type]
        ats.http.delete("/api/v1/candidates/a/b", headers=headers),  # type: ignore[arg-type]
    ):
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_spelled_in_any_case(ats: ATS) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {HOST_TOKEN}"}
        assert ats.http.post(SESSIONS, json=create_body(), headers=headers).status_code == 201


def test_of_two_headers_only_the_first_is_looked_at(ats: ATS) -> None:
    two = [("Authorization", "Bearer wrong"), ("Authorization", f"Bearer {HOST_TOKEN}")]
    assert_problem(ats.http.post(SESSIONS, json=create_body(), headers=two), 401)


@pytest.mark.threat(name="guessed host token")
def test_a_token_is_compared_with_each_known_one_in_constant_time(
    ats: ATS, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, known: bytes) -> bool:
        compared.append((given, known))
        return hmac.compare_digest(given, known)

    monkeypatch.setattr("widget.host_api.hmac", SimpleNamespace(compare_digest=compare))
    for token in (HOST_TOKEN, "wrong"):
        compared.clear()
        ats.post(create_body(), token)
        known = [HOST_TOKEN.encode(), SECOND_TOKEN.encode()]
        assert compared == [(token.encode(), each) for each in known]


@pytest.mark.threat(name="guessed host token")
def test_who_has_no_token_learns_nothing_of_the_body(ats: ATS) -> None:
    for body, headers in ((b"{", {}), (b"{}", {"Content-Type": "text/plain"})):
        assert_problem(ats.post(body, None, **headers), 401)


# Everything else


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", SESSIONS, 405, "POST"),
        ("PUT", SESSIONS, 405, "POST"),
        ("GET", "/api/v1/candidates/a/b", 405, "DELETE"),
        ("POST", "/healthz", 405, "GET, HEAD"),
        ("GET", "/", 404, None),
        ("GET", "/api/v1", 404, None),
        ("GET", "/api/v2/sessions", 404, None),
    ],
)
def test_any_other_address_or_method_is_a_problem_too(
    ats: ATS, method: str, path: str, status: int, allow: str | None
) -> None:
    response = ats.http.request(method, path, headers=bearer(HOST_TOKEN))
    assert_problem(response, status)
    allowed = response.headers.get("Allow")
    assert (None if allowed is None else ", ".join(sorted(allowed.split(", ")))) == allow


# Erasing


UNUSUAL = [
    *("a/b", "/", "//a//", "../../x", "a%2Fb", "%", "%25", "a b+c", "a?b=c&d", "a#b"),
    *("mara@example.com", "Ünïcödé 李", "😀", "nul\0", "line\nfeed", "candidates/x", "\ufffd"),
    *("a;b=c,d", "'\"<>\\"),
]


@pytest.mark.parametrize("unusual", UNUSUAL)
def test_whatever_an_identifier_is_made_of_its_candidate_can_be_erased(
    ats: ATS, unusual: str
) -> None:
    kept = ats.opens(candidate={**MARA, "id": "kept"})
    for client_id, candidate_id in ((unusual, "k"), ("c", unusual), (unusual, unusual)):
        embed = ats.opens(
            client={"id": client_id}, candidate={**MARA, "id": candidate_id, "cv": "CV"}
        )
        assert ats.http.get(embed).status_code == 200
        assert ats.erase(client_id, candidate_id).status_code == 204
        assert ats.http.get(embed).status_code == 410
    assert ats.http.get(kept).status_code == 200


def test_another_pair_that_reads_the_same_when_joined_is_not_erased(ats: ATS) -> None:
    embed = ats.opens(client={"id": "a/b"}, candidate={**MARA, "id": "c"})
    assert ats.erase("a", "b/c").status_code == 204
    assert ats.http.get(embed).status_code == 200


@pytest.mark.parametrize("path", ["a", "a/b/c", "a/", "/b", "a//b", "/", ""])
def test_a_path_that_names_no_pair_is_a_404(ats: ATS, path: str) -> None:
    response = ats.http.request(
        "DELETE", f"/api/v1/candidates/{path}", headers=bearer(HOST_TOKEN), follow_redirects=False
    )
    assert_problem(response, 404)


def test_bytes_that_are_no_text_name_nobody(ats: ATS) -> None:
    embed = ats.opens(client={"id": "c"}, candidate={**MARA, "id": "\ufffd"})
    response = ats.http.delete("/api/v1/candidates/c/%FF", headers=bearer(HOST_TOKEN))
    assert response.status_code == 204
    assert ats.http.get(embed).status_code == 200


def test_erasing_what_was_never_there_is_fine(ats: ATS) -> None:
    assert ats.erase("nobody", "nobody").status_code == 204
    assert ats.erase("nobody", "nobody").content == b""


@pytest.mark.threat(name="stolen database")
def test_erasing_leaves_nothing_in_any_table(ats: ATS) -> None:
    ats.partner.on("POST", completed(summary="Solid."))
    embed = ats.opens()
    ats.http.post(f"{embed}/run")
    engine = create_engine(f"sqlite:///{ats.database}")

    both = text("SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM runs)")
    with engine.connect() as connection:
        assert connection.execute(both).one() == (1, 1)
        assert ats.erase(IDA["id"], MARA["id"]).status_code == 204
        assert connection.execute(both).one() == (0, 0)
    engine.dispose()


def test_a_candidate_who_was_erased_while_a_run_was_under_way_is_canceled_and_gone(
    ats: ATS,
) -> None:
    embed = ats.opens()
    ats.http.post(f"{embed}/run")
    assert ats.erase(IDA["id"], MARA["id"]).status_code == 204
    assert ats.partner.count("DELETE") == 1
    assert ats.http.get(embed).status_code == 410
    page = ats.http.get(ats.opens()).text
    assert 'data-state="idle"' in page
    assert 'class="notice"' not in page.partition("<template")[0]


# Over a real connection


def test_over_a_real_connection_a_slash_is_a_slash_and_a_body_is_not_read_to_its_end(
    settings: MakeSettings,
) -> None:
    with serving(create_app(settings())) as origin, httpx2.Client(trust_env=False) as http:
        body = create_body(client={"id": "a/b"}, candidate={**MARA, "id": "c/d"})
        opened = http.post(f"{origin}{SESSIONS}", json=body, headers=bearer(HOST_TOKEN))
        embed = origin + urlsplit(opened.json()["embed_url"]).path
        assert http.get(embed).status_code == 200
        path = f"{origin}/api/v1/candidates/a%2Fb/c%2Fd"
        assert http.delete(path, headers=bearer(HOST_TOKEN)).status_code == 204
        assert http.get(embed).status_code == 410
        assert status_of_an_endless_body(origin) == 413


def status_of_an_endless_body(origin: str) -> int:
    """Of a body that is announced as far larger, and sent up to a little more than the limit."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
    connection.putrequest("POST", SESSIONS)
    for name, value in (JSON | bearer(HOST_TOKEN)).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders(b" " * (MAX_BODY_BYTES + 1))
    try:
        return connection.getresponse().status
    finally:
        connection.close()
