"""The integrators' page: calls to the Partner API, what they cost, and the widget's events."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.accounts import Accounts
from demo_ats.ats.events import Delivery, Events
from demo_ats.ats.pipeline import Pipeline
from demo_ats.ats.rendering import Rendering
from demo_ats.ats.wire import Call, Exchange, Ledger, LedgerUnavailable, Message, Wire

WEBHOOK_PATH = "/webhooks/candidate-intelligence"


class Integration:
    def __init__(
        self,
        wire: Wire,
        events: Events,
        pipeline: Pipeline,
        accounts: Accounts,
        rendering: Rendering,
    ) -> None:
        self._wire = wire
        self._events = events
        self._pipeline = pipeline
        self._accounts = accounts
        self._page = rendering.page

    async def show(self, request: Request) -> Response:
        """GET /integration"""
        return await self._render(request, "integration.html")

    async def log(self, request: Request) -> Response:
        """GET /integration/log: the part of the page that changes"""
        return await self._render(request, "_wire.html")

    async def call(self, request: Request) -> Response:
        """GET /integration/calls/{number}: one call to the Partner API"""
        exchange = await self._wire.exchange(request.path_params["number"])
        if exchange is None:
            raise HTTPException(404, "This call is no longer kept.")
        return self._page(request, "exchange.html", exchange=exchange)

    async def event(self, request: Request) -> Response:
        """GET /integration/events/{number}: one delivery of an event"""
        number = request.path_params["number"]
        found = next((each for each in self._events.deliveries if each.number == number), None)
        if found is None:
            raise HTTPException(404, "This event is no longer kept.")
        return self._page(request, "exchange.html", exchange=_exchange(found))

    async def clear(self, request: Request) -> Response:
        """POST /integration/log/clear"""
        self._events.deliveries.clear()
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
            deliveries=list(self._events.deliveries)[::-1],
            find=partial(self._pipeline.find, tenant),
            find_user=self._accounts.find,
            test_candidates=[each for each in self._pipeline.of(tenant) if each.test],
        )

    async def _ledger_or_none(self) -> Ledger | None:
        try:
            return await self._wire.read()
        except LedgerUnavailable:
            return None


def _exchange(delivery: Delivery) -> Exchange:
    """The delivery in the form of a call, so that one template shows both. Hides the signature."""
    return Exchange(
        call=Call(
            number=delivery.number,
            at=delivery.at,
            method="POST",
            path=WEBHOOK_PATH,
            status=204,
            duration_ms=0,
        ),
        request=Message(
            headers={**delivery.headers, "webhook-signature": "v1,…"}, body=delivery.event
        ),
        answer=Message(),
    )
