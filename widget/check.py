"""`candidate-widget check`: whether the settings that are formally right do their work."""

import secrets
from dataclasses import dataclass

from widget.database import DatabaseUnavailable, connect
from widget.partner_api import Gone, PartnerAPI, PartnerError, Unauthorized
from widget.seal import Seal
from widget.settings import Settings
from widget.store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.subject}: {self.detail}"


async def check(settings: Settings) -> list[Finding]:
    """Calls the Partner API once, and opens the store. Nothing is billed and nothing is kept."""
    return [
        Finding("settings", True, "complete"),
        await _check_key(settings),
        await _check_store(settings),
    ]


async def _check_key(settings: Settings) -> Finding:
    """Asks for an analysis that cannot exist: a key that is accepted gets a 404."""
    partner = PartnerAPI(settings.partner_api_url, settings.partner_api_key.get_secret_value())
    try:
        await partner.get(f"check-{secrets.token_hex(8)}")
    except Gone:
        return Finding("Partner API", True, f"{settings.partner_api_url} accepts the key")
    except Unauthorized:
        return Finding("Partner API", False, f"{settings.partner_api_url} refuses the key")
    except PartnerError as error:
        return Finding("Partner API", False, f"{settings.partner_api_url}: {error}")
    finally:
        await partner.close()
    return Finding("Partner API", False, f"{settings.partner_api_url} answers what was never made")


async def _check_store(settings: Settings) -> Finding:
    store = Store(
        connect(settings.database_url),
        Seal([secret.get_secret_value() for secret in settings.secret_key]),
    )
    try:
        await store.open()
        await store.ping()
    except DatabaseUnavailable as error:
        return Finding("store", False, str(error))
    finally:
        await store.close()
    return Finding("store", True, "answers")
