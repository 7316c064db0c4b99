"""The widget alone, served on a port of its own, with a Partner API that says what a test wants."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo_ats.sandbox import reports
from demo_ats.sandbox.scenarios import SCENARIOS
from demo_ats.servers import local
from tests.serving import serving
from tests.widget.client import BEARER
from tests.widget.partner import Partner, reply
from tests.widget.people import MARA, create_body
from tests.widget.widget_process import some_settings
from widget.app import create_app
from widget.database import DatabaseUnavailable
from widget.store import Store

LONG = "600"  # seconds in which nobody asks the Partner API
STATES = (
    "idle",
    "waiting",
    "running",
    "open",
    "closed",
    "failed",
    "canceled",
    "expired",
    "unknown",
)


@dataclass
class Embed:
    """`partner` answers each POST, GET and DELETE of the widget."""

    origin: str
    partner: Partner
    _candidates: dict[str, str] = field(default_factory=dict)

    def profile(self, **changes: Any) -> str:
        """The address of the widget in the profile of a candidate whom nobody has opened yet."""
        candidate = {**MARA, "id": f"candidate-{len(self._candidates)}"}
        response = self._ask("POST", "/api/v1/sessions", json=create_body(candidate, **changes))
        address = self.origin + httpx2.URL(response.json()["embed_url"]).path
        self._candidates[address] = candidate["id"]
        return address

    def opened_again(self, address: str) -> str:
        """The same profile, opened by another recruiter who may do everything."""
        candidate = {**MARA, "id": self._candidates[address]}
        response = self._ask("POST", "/api/v1/sessions", json=create_body(candidate))
        return self.origin + httpx2.URL(response.json()["embed_url"]).path

    def start(self, address: str) -> str:
        """What the Run button does. Returns the address of the run."""
        local.post(f"{address}/run")
        return f"{address}/run"

    def cancel(self, address: str) -> None:
        local.post(f"{address}/cancellation")

    def expire(self, address: str) -> None:
        self._ask("DELETE", f"/api/v1/candidates/client-1/{self._candidates[address]}")

    # The states of the widget, each as the address that shows it. `changes` go into the session.

    def idle(self, **changes: Any) -> str:
        return self.profile(**changes)

    def waiting(self, **changes: Any) -> str:
        self.partner.on("POST", reply("queued", retry_after=LONG))
        return self.start(self.profile(**changes))

    def running(self, **changes: Any) -> str:
        self.partner.on("POST", reply("processing", retry_after=LONG, **found(4)))
        return self.start(self.profile(**changes))

    def open(self, **changes: Any) -> str:
        self.partner.on("POST", finished(signals=many_signals(12)))
        return self.start(self.profile(**changes))

    def open_long(self, **changes: Any) -> str:
        self.partner.on("POST", finished("long_report"))
        return self.start(self.profile(**changes))

    def open_unknown(self, **changes: Any) -> str:
        self.partner.on("POST", finished("unknown"))
        return self.start(self.profile(**changes))

    def closed(self, **changes: Any) -> str:
        return self.open(**changes).removesuffix("/run")

    def failed(self, **changes: Any) -> str:
        self.partner.on(
            "POST", reply("failed", error=reports.error(create_body(), SCENARIOS["failed"]))
        )
        return self.start(self.profile(**changes))

    def canceled(self, **changes: Any) -> str:
        address = self.waiting(**changes)
        self.cancel(address.removesuffix("/run"))
        return address

    def expired(self, **changes: Any) -> str:
        address = self.profile(**changes)
        self.expire(address)
        return address

    def unknown(self, **_: Any) -> str:
        return f"{self.origin}/embed/never-issued"

    def _ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        response = local.request(method, self.origin + path, headers=BEARER, **options)
        return response.raise_for_status()


@contextmanager
def an_embed(database: Path, **overrides: Any) -> Iterator[Embed]:
    partner = Partner(time.time)
    settings = some_settings(f"sqlite:///{database}", **overrides)
    with serving(create_app(settings, httpx2.MockTransport(partner.answer))) as origin:
        yield Embed(origin, partner)


def found(signals: int = 9, scenario: str = "orange", **members: Any) -> dict[str, Any]:
    """What the API says of a run in its second stage."""
    request, chosen = create_body(), SCENARIOS[scenario]
    return {
        "stage": "enrichment",
        "quick_signal": reports.quick_signal(request, chosen),
        "signals": reports.signals(request, chosen)[:signals],
        **members,
    }


def finished(scenario: str = "orange", days_ago: float = 3, **members: Any) -> httpx2.Response:
    """A completed analysis, as the sandbox invents them."""
    generated_at = datetime.now(UTC) - timedelta(days=days_ago)
    return reply(
        "completed",
        retry_after=None,
        **found(signals=100, scenario=scenario)
        | {
            "stage": "done",
            "report": reports.report(create_body(), SCENARIOS[scenario]),
            "metadata": _metadata(generated_at),
        }
        | members,
    )


def many_signals(number: int) -> list[dict[str, Any]]:
    return reports.signals(create_body(), SCENARIOS["long_report"])[:number]


def _metadata(generated_at: datetime) -> Mapping[str, str]:
    return {
        "report_id": "report-1",
        "language": "en",
        "generated_at": generated_at.isoformat(timespec="seconds"),
        "pdf_download_url": "https://reports.example.com/report-1.pdf",
    }


@contextmanager
def an_outage() -> Iterator[None]:
    """Meanwhile the store does not answer."""

    async def fail(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "load", fail)
        yield
