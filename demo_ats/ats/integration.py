"""The integrators' page: every call to the Partner API as it happens, and what was billed."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.accounts import Accounts
from demo_ats.ats.pipeline import Pipeline
from demo_ats.ats.rendering import Rendering
from demo_ats.ats.wire import Ledger, LedgerUnavailable, Wire


class Integration:
    def __init__(
        self, wire: Wire, pipeline: Pipeline, accounts: Accounts, rendering: Rendering
    ) -> None:
        self._wire = wire
        self._pipeline = pipeline
        self._accounts = accounts
        self._page = rendering.page

    async def show(self, request: Request) -> Response:
        """GET /integration"""
        return await self._render(request, "integration.html")

    async def log(self, request: Request) -> Response:
        """GET /integration/log: the part of the page that changes"""
        return await self._render(request, "_wire.html")

    async def clear(self, request: Request) -> Response:
        """POST /integration/log/clear"""
        try:
            await self._wire.clear()
        except LedgerUnavailable:
            return await self._render(request, "integration.html")
        return RedirectResponse("/integration", 303)

    async def _render(self, request: Request, template: str) -> Response:
        tenant = self._accounts.current(request).company.id
        return self._page(
            request,
            template,
            ledger=await self._ledger_or_none(),
            find=partial(self._pipeline.find, tenant),
            test_candidates=[each for each in self._pipeline.of(tenant) if each.test],
        )

    async def _ledger_or_none(self) -> Ledger | None:
        try:
            return await self._wire.read()
        except LedgerUnavailable:
            return None
