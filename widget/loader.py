"""The loader that an ATS includes in its pages: the newest one, and each version by its hash.

    GET /embed.js              the newest version
    GET /embed-{version}.js    always the same bytes, for pages that set `integrity`
    GET /embed.d.ts            its types for TypeScript

A version is the beginning of a hash of the content. A release that changes `static/embed.js` keeps
the former one as `static/embed-{release}.js`, because pages still refer to it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from widget.assets import FOR_EVER, JAVASCRIPT, STATIC, Asset, answer_asset, without_comments

TEXTS_AND_PUNCTUATION = re.compile(r'("[^"\n]*"|`[^`]*`)| *([][{}(),;:?<>=+*&|!]+) *')
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}  # browsers require it to check `integrity`
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
    asset: Asset
    integrity: str

    @classmethod
    def read(cls, path: Path) -> Self:
        script = without_spaces(without_comments(path.read_text(encoding="utf-8")))
        asset = Asset.of(script, JAVASCRIPT)
        digest = base64.b64encode(hashlib.sha384(asset.content).digest()).decode()
        return cls(asset, f"sha384-{digest}")

    @property
    def version(self) -> str:
        return self.asset.version


def without_spaces(script: str) -> str:
    """The script without spaces beside punctuation, except within texts."""
    return TEXTS_AND_PUNCTUATION.sub(lambda match: match[1] or match[2], script)


CURRENT = Loader.read(STATIC / "embed.js")
LOADERS = {loader.version: loader for loader in map(Loader.read, STATIC.glob("embed*.js"))}
TYPES = Asset.of((STATIC / "embed.d.ts").read_text(encoding="utf-8"), "text/plain")


async def current_loader(request: Request) -> Response:
    """GET /embed.js"""
    return answer_asset(request, CURRENT.asset, FOR_MINUTES, ANY_ORIGIN)


async def versioned_loader(request: Request) -> Response:
    """GET /embed-{version}.js"""
    loader = LOADERS.get(request.path_params["version"])
    if loader is None:
        raise HTTPException(404, "There is no such version of the loader.")
    return answer_asset(request, loader.asset, FOR_EVER, ANY_ORIGIN)


async def type_declarations(request: Request) -> Response:
    """GET /embed.d.ts"""
    return answer_asset(request, TYPES, FOR_MINUTES, ANY_ORIGIN)


def snippet(origin: str) -> str:
    """What a developer of the ATS adds to its pages, for a widget at `origin`."""
    return SNIPPET.format(
        origin=origin,
        source=f"{origin}/embed-{CURRENT.version}.js",
        integrity=CURRENT.integrity,
    )
