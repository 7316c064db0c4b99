"""How long the widget waits for others, and how many calls it makes at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The values are those in use. Only tests pass others, so that they need not wait as long."""

    # The Partner API. A call that no connection becomes free for was certainly not sent. To tell
    # it from a call without an answer, `pool_seconds` ends well before `call_seconds`.
    call_seconds: float = 20.0  # a whole call, however slowly its answer arrives
    pool_seconds: float = 5.0  # until a connection becomes free
    connect_seconds: float = 5.0  # the connection, the proxy's tunnel and TLS, each
    connections: int = 100  # in each process
    idle_seconds: float = 4.0  # then a connection is closed, before servers close it after five
    claim_margin_seconds: float = 5.0  # between the latest end of a POST and the end of its claim
    patience_seconds: float = 1.5  # how long a click waits for the API before it is answered

    # The database
    request_seconds: float = 4.5  # all statements of a request together
    statement_seconds: float = 4.5  # a statement in the background, which may be tried again
    least_statement_seconds: float = 2.0  # no statement is sent with less time left for its answer
    ready_seconds: float = 3.0  # the whole check of `/readyz`


LIMITS = Limits()
