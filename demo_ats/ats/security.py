"""Security headers of the ATS's pages, and protection from cross-site request forgery."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def policy(widget_url: str) -> dict[str, list[str]]:
    """The Content-Security-Policy of an ATS that frames the widget."""
    return {
        "default-src": ["'none'"],
        "script-src": ["'self'", f"{widget_url}/embed.js"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'", widget_url],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


class SecurityHeaders:
    def __init__(self, app: ASGIApp, policy: Mapping[str, Sequence[str]]) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": "; ".join(
                " ".join([directive, *sources]) for directive, sources in policy.items()
            ),
            # With "no-referrer", browsers would send `Origin: null` with the ATS's own forms.
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers["Cache-Control"] = _caching(scope["path"])
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _caching(path: str) -> str:
    return "no-cache" if path.startswith("/static/") else "no-store"


class SameOrigin:
    """Refuses requests that other sites make a browser send (https://words.filippo.io/csrf/)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and _is_cross_origin(Headers(scope=scope))
        )
        app = PlainTextResponse("This came from another site.", 403) if refused else self._app
        await app(scope, receive, send)


def _is_cross_origin(headers: Headers) -> bool:
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    # Every browser sends at least one of the two headers. A request without both is not a
    # browser's, and so carries no user's cookies.
    origin = headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("Host")
