"""What is written in the transaction of a change: the client's usage, and the event for the ATS.

The methods take the transaction's connection. Ids and events are sealed with the index key, because
they may have to outlive a `WIDGET_SECRET_KEY`.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from widget import outbox, usage
from widget.events import Event, Ids
from widget.seal import Seal, Unreadable, client_name, pair_name


class Journal:
    """`insert` is the dialect's own. `tells`: whether events are written, or only usage."""

    def __init__(self, index_key: bytes, insert: Callable[..., Any], *, tells: bool) -> None:
        self._index_key = index_key
        self._addition = usage.addition(insert)
        self._tells = tells
        self.seal = Seal([index_key.hex()])

    def pair(self, ids: Ids) -> str:
        return pair_name(self._index_key, ids.client_id, ids.candidate_id)

    def sealed(self, ids: Ids) -> bytes:
        return self.seal.seal([ids.client_id, ids.candidate_id])

    def opened(self, sealed: bytes | None) -> Ids | None:
        """None if nothing is stored, or if it was sealed with another key."""
        try:
            return None if sealed is None else Ids(*self.seal.open(sealed))
        except Unreadable:
            return None

    def write(
        self, connection: Connection, ids: Ids, happened: Sequence[Event], now: float
    ) -> None:
        self.count(connection, ids.client_id, usage.counters_of(happened), now)
        for event in happened:
            self.tell(connection, ids, event, now)

    def count(
        self, connection: Connection, client_id: str, counters: Collection[str], now: float
    ) -> None:
        name = client_name(self._index_key, client_id)
        usage.count(connection, self._addition, self.seal, name, client_id, counters, now)

    def tell(
        self, connection: Connection, ids: Ids, event: Event, now: float, *, erasable: bool = True
    ) -> None:
        """`erasable`: whether an erasure of the candidate deletes the event as well."""
        if self._tells:
            pair = self.pair(ids) if erasable else None
            outbox.add(connection, self.seal, pair, event.body(ids, now), now)
