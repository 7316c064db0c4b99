"""The brake: at most MAX_POSTS in WINDOW_SECONDS for a pair of client and candidate.

Each POST is a row, so that all processes count together. It is deleted once it is older than the
window.
"""

from sqlalchemy import Connection, bindparam, delete, select

from widget.tables import posts

MAX_POSTS = 6
WINDOW_SECONDS = 600.0

# The latest MAX_POSTS of a pair count. When the oldest of them has left the window, another POST is
# allowed. No row: there are fewer.
_LAST_THAT_COUNTS = (
    select(posts.c.sent_at)
    .where(posts.c.pair == bindparam("of_pair"), posts.c.sent_at > bindparam("since"))
    .order_by(posts.c.sent_at.desc())
    .offset(MAX_POSTS - 1)
    .limit(1)
)

_INSERT = posts.insert()


def closed_until(connection: Connection, pair: str, now: float) -> float | None:
    """The moment from which a POST for the pair is allowed again, or None if it is allowed now."""
    since = now - WINDOW_SECONDS
    sent_at = connection.execute(_LAST_THAT_COUNTS, {"of_pair": pair, "since": since}).scalar()
    return None if sent_at is None else float(sent_at) + WINDOW_SECONDS


def count(connection: Connection, pair: str, now: float) -> None:
    """Remembers a POST for the pair."""
    connection.execute(_INSERT, {"pair": pair, "sent_at": now})


def forget(connection: Connection, now: float) -> None:
    """Deletes the rows that are older than the window."""
    connection.execute(delete(posts).where(posts.c.sent_at <= now - WINDOW_SECONDS))


def erase(connection: Connection, pair: str) -> None:
    connection.execute(delete(posts).where(posts.c.pair == pair))
