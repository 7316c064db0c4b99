"""The scripts and styles of the page, which browsers cache for a year.

    GET /static/{name}    each name contains the beginning of a hash of the content

Files are joined when the process starts, and compressed when they are first requested, so there is
no build step. The loader is served in the same way.
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Self

import brotli
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_PACKAGE = Path(__file__).parent
RESOURCES = _PACKAGE if (_PACKAGE / "static").is_dir() else _PACKAGE.parent
STATIC = RESOURCES / "static"

SCRIPTS = (
    "vendor/htmx-4.0.1.min.js",
    "vendor/hx-csp-4.0.1.min.js",
    "elapsed.js",
    "reconnecting.js",
    "leaving.js",
    "focus.js",
    "sandbox.js",
    "copying.js",
    "printing.js",
    "jumping.js",
    "times.js",
    "returning.js",
    "frame.js",
)
HASH_LENGTH = 12
REFUSALS = {"q=0", "q=0.0", "q=0.00", "q=0.000"}
JAVASCRIPT = "text/javascript"
FOR_EVER = "public, max-age=31536000, immutable"
CODINGS: Mapping[str, Callable[[bytes], bytes]] = {  # the one with the smallest results first
    "br": partial(brotli.compress, mode=brotli.MODE_TEXT, quality=11),
    "gzip": partial(gzip.compress, mtime=0),
    "identity": bytes,
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file. `version`: the beginning of a hash of its content."""

    version: str
    media_type: str
    content: bytes

    @classmethod
    def of(cls, text: str, media_type: str) -> Self:
        content = text.encode()
        return cls(hashlib.sha256(content).hexdigest()[:HASH_LENGTH], media_type, content)


def static_url(name: str) -> str:
    """The address of one of ASSETS. It changes with the content."""
    return f"/static/{_versioned(name)}"


async def static_file(request: Request) -> Response:
    """GET /static/{name}"""
    asset = _BY_ADDRESS.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    return answer_asset(request, asset, FOR_EVER, {})


def answer_asset(
    request: Request, asset: Asset, caching: str, headers: Mapping[str, str]
) -> Response:
    """The asset in a coding that the browser accepts, or a 304. `caching`: its Cache-Control."""
    # Weak, because it is the same for each coding (RFC 9110, 8.8.3.3).
    etag = f'W/"{asset.version}"'
    headers = {**headers, "Cache-Control": caching, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    accepted = accepted_codings(request)
    coding = next(coding for coding in CODINGS if coding in accepted)
    if coding != "identity":
        headers["Content-Encoding"] = coding
    content = _encoded(asset.content, coding)
    return Response(content, headers=headers, media_type=asset.media_type)


@cache
def _encoded(content: bytes, coding: str) -> bytes:
    """Compresses a file when it is first requested. The largest one takes 60 ms."""
    return CODINGS[coding](content)


def accepted_codings(request: Request) -> set[str]:
    """The content codings that the browser accepts (RFC 9110, 12.5.3), and `identity`."""
    asked = request.headers.get("Accept-Encoding", "").lower().replace(" ", "").split(",")
    parts = (part.partition(";") for part in asked)
    return {coding for coding, _, weight in parts if weight not in REFUSALS} | {"identity"}


def joined_scripts(*names: str) -> str:
    """Files of `static/` as one script. Each of ours is a block, so names do not collide."""
    return "".join(_script(name) for name in names)


def _script(name: str) -> str:
    source = (STATIC / name).read_text(encoding="utf-8")
    return f"{source};\n" if name.startswith("vendor/") else without_comments(source)


def without_comments(script: str) -> str:
    """The script without indentation, empty lines and lines that are only a comment."""
    lines = (line.strip() for line in script.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def stylesheet(name: str) -> str:
    """Without comments and without the spaces around what ends a declaration or a block."""
    source = (STATIC / name).read_text(encoding="utf-8")
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"\s*([{},;])\s*", r"\1", source.strip())


def icon(name: str) -> str:
    return without_comments((STATIC / name).read_text(encoding="utf-8"))


def _versioned(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{ASSETS[name].version}.{suffix}"


ASSETS = {
    "widget.css": Asset.of(stylesheet("widget.css"), "text/css"),
    "widget.js": Asset.of(joined_scripts(*SCRIPTS), JAVASCRIPT),
    "retrying.js": Asset.of(joined_scripts("retrying.js"), JAVASCRIPT),
    # Browsers request an icon if the page is opened outside of a frame.
    "icon.svg": Asset.of(icon("icon.svg"), "image/svg+xml"),
}
_BY_ADDRESS = {_versioned(name): asset for name, asset in ASSETS.items()}
