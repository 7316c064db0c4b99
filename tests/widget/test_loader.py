"""The loader as an ATS's pages get it, and what `candidate-widget snippet` says of it."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.widget.client import open_session
from tests.widget.conftest import MakeSettings
from widget.__main__ import main
from widget.assets import STATIC
from widget.loader import Loader

WIDGET = "https://widget.example.com"
MAX_GZIPPED_BYTES = 3 * 1024


@pytest.fixture
def printed(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What `candidate-widget snippet` prints."""
    options = settings()
    for name in ("partner_api_key", "secret_key", "host_token"):
        value = getattr(options, name)
        secret = value[0] if isinstance(value, tuple) else value
        monkeypatch.setenv(f"WIDGET_{name.upper()}", secret.get_secret_value())
    monkeypatch.setenv("WIDGET_PARTNER_API_URL", options.partner_api_url)
    monkeypatch.setenv("WIDGET_ALLOWED_ORIGINS", "https://ats.example.com")
    monkeypatch.setenv("WIDGET_PUBLIC_URL", WIDGET)
    assert main(["snippet"]) == 0
    return capsys.readouterr().out


def script_of(printed: str) -> tuple[str, str]:
    """Path and integrity of the script that a page is told to load."""
    found = re.search(rf'src="{WIDGET}(/embed-\w+\.js)" integrity="(sha384-\S+)"', printed)
    assert found is not None, printed
    return found[1], found[2]


def test_the_loader_is_smaller_than_3_kb(http: TestClient) -> None:
    answer = http.get("/embed.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < MAX_GZIPPED_BYTES
    assert len(gzip.compress(answer.content)) < MAX_GZIPPED_BYTES


def test_pages_of_any_origin_may_run_the_loader_and_check_its_integrity(http: TestClient) -> None:
    headers = http.get("/embed.js").headers
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_the_moving_address_is_asked_again_after_minutes(http: TestClient) -> None:
    assert http.get("/embed.js").headers["Cache-Control"] == "public, max-age=300"


def test_the_printed_address_never_changes_its_content(http: TestClient, printed: str) -> None:
    path, integrity = script_of(printed)
    answer = http.get(path)
    digest = base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
    assert integrity == f"sha384-{digest}"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content == http.get("/embed.js").content


def test_the_snippet_has_all_that_an_ats_puts_into_its_pages(printed: str) -> None:
    path, _ = script_of(printed)
    assert 'crossorigin="anonymous"' in printed
    assert '<candidate-intelligence session-url="' in printed
    assert f"script-src {WIDGET}{path}; connect-src 'self'; frame-src {WIDGET}" in printed


@pytest.mark.parametrize("version", ["000000000000", "..%2Fwidget", "x"])
def test_a_version_that_never_was_is_a_404(http: TestClient, version: str) -> None:
    assert http.get(f"/embed-{version}.js").status_code == 404


def test_a_version_tells_one_content_from_another(tmp_path: Path) -> None:
    source = (STATIC / "embed.js").read_text()
    changed = tmp_path / "embed.js"
    changed.write_text(source.replace("10_000", "11_000"))
    assert Loader.read(changed).version != Loader.read(STATIC / "embed.js").version


def test_the_types_name_the_events_that_there_are(http: TestClient) -> None:
    answer = http.get("/embed.d.ts")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    said = set(re.findall(r'tell\("(\w+)"', (STATIC / "frame.js").read_text())) | {"error"}
    assert set(re.findall(r'"ci-(\w+)":', answer.text)) == said


def test_the_page_knows_who_may_frame_it(http: TestClient) -> None:
    assert 'data-hosts="http://localhost:8000"' in http.get(open_session(http)).text
