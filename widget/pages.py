"""HTML answers from templates, each with its own Content-Security-Policy and nonce."""

import gzip
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from widget.assets import accepted_codings
from widget.languages import foreign, interface_language, language_tag, preferred_language
from widget.links import link
from widget.long_words import with_soft_breaks
from widget.model import EmbedSession
from widget.panel import Panel
from widget.security import MAX_POLICY_BYTES, embed_policy, new_nonce
from widget.settings import Settings
from widget.templates import environment

COMPRESSION_LEVEL = 1  # half the time of the usual 6, for a tenth more bytes


class Pages:
    def __init__(self, settings: Settings) -> None:
        self._allowed_origins = settings.allowed_origins
        partner = link(settings.partner_api_url, or_local=True)
        self._partner_host = partner.host if partner else ""
        # Pages without a session are only a sentence. If a policy with all origins is longer than
        # proxies allow, any https page may frame them.
        is_short = len(embed_policy(new_nonce(), self._allowed_origins)) <= MAX_POLICY_BYTES
        self._framed_without_session = self._allowed_origins if is_short else ("https:",)

    def widget(
        self,
        request: Request,
        panel: Panel,
        session: EmbedSession | None = None,
        sequence: int = 0,
        status: int = 200,
    ) -> Response:
        """The widget as a whole page or, if htmx asks, as a partial.

        `sequence` must be different in each answer. It is in the address of the next poll, and htmx
        polls again only if the morph has changed that address.
        """
        token = request.path_params["token"]
        language = interface_language(session.language) if session else _asked_by(request)
        return self._render(
            request,
            "_widget.html" if wants_partial(request) else "page.html",
            language,
            status,
            self._hosts(session) if session else self._framed_without_session,
            panel=panel,
            base=f"/embed/{token}",
            visit=session.visit if session else "",
            sequence=sequence,
            opening=session.openings + 1 if session else 1,
            foreign=foreign(_language_of_texts(panel, session), language),
            appearance=session.appearance if session else {},
            hosts=self._hosts(session),
            partner_host=self._partner_host,
        )

    def failure(self, request: Request, status: int) -> Response:
        """A page that says what went wrong. htmx does not swap it in, so the screen stays."""
        framed_by = self._framed_without_session
        response = self._render(request, "failure.html", _asked_by(request), status, framed_by)
        if wants_partial(request):
            response.headers["HX-Reswap"] = "none"
        return response

    def _hosts(self, session: EmbedSession | None) -> Sequence[str]:
        return (session.origin,) if session and session.origin else self._allowed_origins

    def _render(
        self,
        request: Request,
        template: str,
        language: str,
        status: int,
        framed_by: Sequence[str],
        **context: Any,
    ) -> Response:
        nonce = new_nonce()
        html = (
            environment(language)
            .get_template(template)
            .render(nonce=nonce, status=status, **context)
        )
        content = with_soft_breaks(html).encode()
        headers = {
            "Content-Security-Policy": embed_policy(nonce, framed_by),
            "Vary": "HX-Request, Accept-Language, Accept-Encoding",
        }
        # Compression allows no BREACH attack. It needs a text of the attacker's choice in the page,
        # next to a secret, and a page contains nothing of its request except the token.
        if "gzip" in accepted_codings(request):
            content = gzip.compress(content, COMPRESSION_LEVEL)
            headers["Content-Encoding"] = "gzip"
        return HTMLResponse(content, status, headers)


def _language_of_texts(panel: Panel, session: EmbedSession | None) -> str:
    """The language that the report names, or else the one that the ATS asked for."""
    said = language_tag(panel.report.language) if panel.report else ""
    return said or (session.language if session else "")


def _asked_by(request: Request) -> str:
    """The browser's language, for pages without a session."""
    return preferred_language(request.headers.get("Accept-Language", ""))


def wants_partial(request: Request) -> bool:
    return request.headers.get("HX-Request") == "true"
