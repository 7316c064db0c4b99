"""Response headers for browsers: what may run, who may frame the widget, what stays private."""

import secrets
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NONCE_BYTES = 16

COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",  # other origins frame it and run its loader
    "Cross-Origin-Embedder-Policy": "require-corp",  # required to be framed by isolated pages
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NO_CONTENT_POLICY = {"default-src": ["'none'"], "frame-ancestors": ["'none'"]}
HSTS = "max-age=31536000"
MAX_POLICY_BYTES = 3 * 1024  # by default, nginx refuses answers with more than 4 KiB of headers


def new_nonce() -> str:
    return secrets.token_urlsafe(NONCE_BYTES)


def embed_policy(nonce: str, framed_by: Sequence[str]) -> str:
    """The Content-Security-Policy of a page: htmx under Trusted Types, and nothing inline."""
    return serialize(
        {
            "default-src": ["'none'"],
            "script-src": [f"'nonce-{nonce}'"],
            "style-src": ["'self'"],
            "img-src": ["'self'"],
            "connect-src": ["'self'"],
            "form-action": ["'self'"],
            "base-uri": ["'none'"],
            "frame-ancestors": framed_by,
            "require-trusted-types-for": ["'script'"],
            "trusted-types": ["htmx"],
        }
    )


def serialize(policy: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(" ".join([directive, *sources]) for directive, sources in policy.items())


class SecurityHeaders:
    """Middleware: adds these headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        headers = {**COMMON_HEADERS, "Content-Security-Policy": serialize(NO_CONTENT_POLICY)}
        if https:
            headers["Strict-Transport-Security"] = HSTS
        self._headers = Headers(headers).raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in self._headers if header[0] not in own]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
