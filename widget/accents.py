"""The style sheet of an accent, at an address of its own.

A `<style>` in the page would have to be allowed by the Content-Security-Policy, and be sent with
every page. This one is cached, and a page without an accent does not request it.

    GET /accents/{rrggbb}.css
"""

import hashlib
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from widget.appearance import accent_style
from widget.assets import FOR_EVER

VERSION_LENGTH = 12


def accent_url(accent: str) -> str:
    """The address of the style sheet, which changes with its content. `accent`: `#rrggbb`."""
    colour = accent.lower()
    version = hashlib.sha256(accent_style(colour).encode()).hexdigest()[:VERSION_LENGTH]
    return f"/accents/{colour[1:]}.css?v={version}"


async def show_accent(request: Request) -> Response:
    """GET /accents/{rrggbb}.css"""
    colour = request.path_params["colour"]
    if not re.fullmatch("[0-9a-f]{6}", colour):
        raise HTTPException(404, "An accent is six hexadecimal digits, in lower case.")
    headers = {"Cache-Control": FOR_EVER}
    return Response(accent_style(f"#{colour}"), media_type="text/css", headers=headers)
