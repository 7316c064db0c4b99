"""The loader that an ATS puts into its pages, under an address that moves and one that stays.

    GET /embed.js              the newest, for whoever wants each release by itself
    GET /embed-{version}.js    the same bytes for ever, for `integrity`
    GET /embed.d.ts            its types

A version is the beginning of a hash of its content. A release that changes `static/embed.js` keeps
the one before beside it as `static/embed-{release}.js`, as there are pages that name it.
"""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from widget.assets import FOR_EVER, STATIC, without_comments

VERSION_LENGTH = 12

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}  # without it, `integrity` cannot be checked
FOR_MINUTES = "public, max-age=300"

SNIPPET = """\
Once in each page that shows a profile:

  <script async src="{source}" integrity="{integrity}" crossorigin="anonymous"></script>

Where the report belongs, with the address of your own that opens a session:

  <candidate-intelligence session-url="/candidates/42/intelligence-session">
  </candidate-intelligence>

Or, without the loader, a plain frame with the embed_url of a session:

  <iframe src="{{embed_url}}" title="Candidate Intelligence" allow="clipboard-write"
          width="100%" height="640"></iframe>

If your pages send a Content-Security-Policy, add to it:

  script-src {source}; connect-src 'self'; frame-src {origin}"""


@dataclass(frozen=True, slots=True)
class Loader:
    content: bytes
    compressed: bytes
    version: str
    integrity: str

    @classmethod
    def read(cls, path: Path) -> Self:
        content = without_comments(path.read_text(encoding="utf-8")).encode()
        return cls(
            content=content,
            compressed=gzip.compress(content, mtime=0),
            version=hashlib.sha256(content).hexdigest()[:VERSION_LENGTH],
            integrity=f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}",
        )


CURRENT = Loader.read(STATIC / "embed.js")
LOADERS = {loader.version: loader for loader in map(Loader.read, STATIC.glob("embed*.js"))}


async def current_loader(request: Request) -> Response:
    """GET /embed.js"""
    return _answer(request, CURRENT, FOR_MINUTES)


async def versioned_loader(request: Request) -> Response:
    """GET /embed-{version}.js"""
    loader = LOADERS.get(request.path_params["version"])
    if loader is None:
        raise HTTPException(404, "There is no such version of the loader.")
    return _answer(request, loader, FOR_EVER)


async def type_declarations(_: Request) -> Response:
    """GET /embed.d.ts"""
    content = (STATIC / "embed.d.ts").read_text(encoding="utf-8")
    return PlainTextResponse(content, headers=ANY_ORIGIN | {"Cache-Control": FOR_MINUTES})


def snippet(origin: str) -> str:
    """What the developer of an ATS puts into its pages, for a widget at `origin`."""
    return SNIPPET.format(
        origin=origin,
        source=f"{origin}/embed-{CURRENT.version}.js",
        integrity=CURRENT.integrity,
    )


def _answer(request: Request, loader: Loader, caching: str) -> Response:
    etag = f'"{loader.version}"'
    headers = ANY_ORIGIN | {"Cache-Control": caching, "ETag": etag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(loader.compressed, media_type="text/javascript", headers=headers)
    return Response(loader.content, media_type="text/javascript", headers=headers)
