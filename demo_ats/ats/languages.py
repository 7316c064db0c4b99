"""The language of a browser's reports. The ATS itself is in English."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.forms import local_path, text

COOKIE = "language"

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "it": "Italiano",
}


def current_language(request: Request) -> str:
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else next(iter(LANGUAGES))


async def choose_language(request: Request) -> Response:
    """POST /language"""
    form = await request.form()
    response = RedirectResponse(local_path(text(form, "return_to")), 303)
    if text(form, "language") in LANGUAGES:
        response.set_cookie(COOKIE, text(form, "language"), httponly=True, samesite="lax")
    return response
