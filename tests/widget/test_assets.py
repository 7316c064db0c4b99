"""The page's files as a browser gets them."""

import gzip
import re
from pathlib import Path

import brotli
import pytest
from starlette.testclient import TestClient

from widget.assets import ASSETS, SCRIPTS, STATIC, static_url
from widget.loader import CURRENT, TYPES

DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
NAMES = list(ASSETS)
SERVED = {static_url(name): asset for name, asset in ASSETS.items()} | {
    "/embed.js": CURRENT.asset,
    f"/embed-{CURRENT.version}.js": CURRENT.asset,
    "/embed.d.ts": TYPES,
}


def content_of(http: TestClient, address: str, accepted: str) -> tuple[str | None, bytes]:
    """The coding that was chosen, and what came."""
    with http.stream("GET", address, headers={"Accept-Encoding": accepted}) as answer:
        return answer.headers.get("Content-Encoding"), b"".join(answer.iter_raw())


@pytest.mark.parametrize("address", SERVED)
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("BR;q=1, gzip;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0, gzip; q=0", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_file_comes_in_the_smallest_coding_that_the_browser_takes(
    http: TestClient, address: str, accepted: str, coding: str | None
) -> None:
    chosen, content = content_of(http, address, accepted)
    assert chosen == coding
    assert DECODERS[coding](content) == SERVED[address].content


@pytest.mark.parametrize("address", SERVED)
def test_a_file_that_is_known_is_not_sent_again(http: TestClient, address: str) -> None:
    first = http.get(address)
    assert first.headers["Vary"] == "Accept-Encoding"
    for known in (first.headers["ETag"], f'"another", {first.headers["ETag"]}'):
        again = http.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert http.get(address, headers={"If-None-Match": '"another"'}).content == first.content


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_kept_for_a_year_and_never_asked_for_again(http: TestClient, name: str) -> None:
    answer = http.get(static_url(name))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_name_changes_with_the_content_and_no_other_is_answered(http: TestClient) -> None:
    addresses = {static_url(name) for name in NAMES}
    assert all(re.fullmatch(r"/static/\w+-[0-9a-f]{12}\.(css|js|svg)", a) for a in addresses)
    for address in addresses:
        former = re.sub("-.{12}", "-000000000000", address)
        assert http.get(former).status_code == 404


def test_vendored_scripts_come_whole_and_first() -> None:
    served = ASSETS["widget.js"].content.decode()
    vendored = [(STATIC / name).read_text() for name in SCRIPTS if name.startswith("vendor/")]
    assert served.startswith(";\n".join(vendored))


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_script_can_be_joined_with_others(path: Path) -> None:
    """It declares nothing outside of a block of its own."""
    top_level = [line for line in path.read_text().splitlines() if re.match(r"\w", line)]
    declarations = r"(const|let|var|class|function|async)\b"
    if path.name != "embed.js":  # served by itself
        assert [line for line in top_level if re.match(declarations, line)] == []


def test_every_script_of_the_page_is_served() -> None:
    by_themselves = {"embed.js", "retrying.js"}
    there_are = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    assert set(SCRIPTS) == there_are - by_themselves


def test_comments_and_indentation_stay_here() -> None:
    styles = ASSETS["widget.css"].content.decode()
    assert "/*" not in styles
    assert "\n " not in styles
    assert "// " not in ASSETS["retrying.js"].content.decode()
