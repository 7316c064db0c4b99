"""Embed sessions: one for each opening of a candidate profile.

The token in the iframe's address is a signed reference to a stored session. It contains no data and
no date, because a session lives as long as it is used.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from widget.languages import language_tag
from widget.model import EmbedSession, Permission, Run
from widget.settings import Settings
from widget.store import Store

ID_BYTES = 16
VISIT_BYTES = 6
RENEWAL_SECONDS = 1.0  # to save writes, a lease is renewed at most once in this time


class NotIssued(Exception):
    """The token was not signed with a secret that is in use."""


class Lapsed(Exception):
    """The session has expired, or was erased."""


class Sessions:
    """Opens, finds and renews sessions. `clock` gives seconds since the epoch."""

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._signer = Signer(
            [secret.get_secret_value() for secret in reversed(settings.secret_key)],
            salt="embed-session",
            key_derivation="hmac",
            digest_method=sha256,
        )

    async def open(
        self,
        request: Mapping[str, Any],
        appearance: Mapping[str, Any],
        *,
        permissions: frozenset[Permission] = frozenset(Permission),
        origin: str | None = None,
        viewer_id: str | None = None,
    ) -> tuple[str, EmbedSession]:
        """A new session's token, and the session.

        `request` is the Partner API's create body. The other arguments are not sent to the API.
        """
        now = self._clock()
        session = EmbedSession(
            id=secrets.token_urlsafe(ID_BYTES),
            pair=self._store.pair(request["client"]["id"], request["candidate"]["id"]),
            language=language_tag(request["language"]),
            appearance=appearance,
            permissions=permissions,
            origin=origin,
            expires_at=now + self._settings.session_ttl,
            lease_until=now,
        )
        await self._store.add_session(session, request, viewer_id)
        return self._signer.sign(session.id).decode(), session

    async def find(self, token: str) -> tuple[EmbedSession, Run | None]:
        """The session of a token, with the run of its pair. Raises NotIssued and Lapsed."""
        found = await self._store.load(self._verified(token))
        if found is None or found[0].expires_at <= self._clock():
            raise Lapsed
        return found

    async def name_of(self, session: EmbedSession) -> str:
        """The candidate's name, as the ATS gave it."""
        return await self._store.name_of(session.id)

    async def details_of(self, session: EmbedSession) -> Sequence[str]:
        """The names of the candidate's details that the ATS gave, such as `location`."""
        request = await self._store.request_of(session.id)
        return [] if request is None else [name for name in request["candidate"] if name != "id"]

    async def renew(self, session: EmbedSession) -> None:
        """Renews the session, and the lease of its viewer."""
        lease_until, _ = self._deadlines()
        if lease_until - session.lease_until >= RENEWAL_SECONDS:
            await self._renew(session)

    async def begin_visit(self, session: EmbedSession) -> EmbedSession:
        """The page has been loaded. From now on, beacons of earlier visits change nothing."""
        visit = secrets.token_urlsafe(VISIT_BYTES)
        await self._renew(session, visit)
        return replace(session, visit=visit)

    async def leave(self, session: EmbedSession, visit: str) -> None:
        """The page has been left: ends the viewer's lease, unless the page was loaded again."""
        if visit == session.visit:
            await self._store.leave(session.id, visit, self._clock())

    async def _renew(self, session: EmbedSession, visit: str | None = None) -> None:
        lease_until, expires_at = self._deadlines()
        await self._store.renew_session(
            session.id, lease_until=lease_until, expires_at=expires_at, visit=visit
        )

    def _deadlines(self) -> tuple[float, float]:
        now = self._clock()
        return now + self._settings.lease, now + self._settings.session_ttl

    def _verified(self, token: str) -> str:
        try:
            session_id = self._signer.unsign(token).decode()
            # The last character of base64 has unused bits, so several spellings of a signature
            # decode to the same bytes. Only one of them is accepted.
            signature = token.rpartition(".")[2]
            if base64_encode(base64_decode(signature)).decode() != signature:
                raise NotIssued
        except (BadData, UnicodeError) as error:
            raise NotIssued from error
        return session_id
