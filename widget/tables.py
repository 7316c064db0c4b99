"""The tables. Every row expires; `schema.py` says which tables a new version replaces.

Large columns come last, because SQLite reads through them to reach the columns behind them.
"""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION = 4

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

index_keys = Table(
    "index_keys",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair", String, nullable=False),
    Column("language", String, nullable=False),
    Column("appearance", String, nullable=False),
    Column("permissions", String, nullable=False),
    Column("origin", String),
    Column("visit", String, nullable=False, default=""),
    Column("openings", Integer, nullable=False, default=0),
    Column("lease_until", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("sealed_viewer_id", LargeBinary),
    Column("sealed_ids", LargeBinary, nullable=False),
    Column("sealed_request", LargeBinary, nullable=False),
    Column("sealed_cv", LargeBinary),
    Index("sessions_by_pair", "pair", "lease_until"),
)

runs = Table(
    "runs",
    metadata,
    Column("pair", String, primary_key=True),
    Column("id", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("reason", String),
    Column("canceled_by", String),
    Column("analysis_id", String),
    Column("left_out", Integer, nullable=False, default=0),
    Column("resource_at", Float, nullable=False, default=0.0),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("poll_after", Float, nullable=False, default=0.0),
    Column("busy_until", Float, nullable=False, default=0.0),
    Column("interval", Float, nullable=False, default=0.0),
    Column("failures", Integer, nullable=False, default=0),
    Column("unreadable", Integer, nullable=False, default=0),
    Column("give_up_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("sealed_ids", LargeBinary),
    Column("sealed_resource", LargeBinary),
    Index("runs_by_phase", "phase", "poll_after"),
)

# The sweep deletes old reports. Most runs have none any more, so only the others are indexed.
_has_resource = runs.c.sealed_resource.is_not(None)
Index(
    "runs_with_resource",
    runs.c.resource_at,
    sqlite_where=_has_resource,
    postgresql_where=_has_resource,
)

posts = Table(
    "posts",
    metadata,
    Column("pair", String, nullable=False),
    Column("sent_at", Float, nullable=False, index=True),
    Index("posts_by_pair", "pair", "sent_at"),
)

# An erasure deletes the events of its pair. An event that must survive it has no pair.
events = Table(
    "events",
    metadata,
    Column("id", String, primary_key=True),
    Column("pair", String, index=True),
    Column("created_at", Float, nullable=False, index=True),
    Column("due_at", Float, nullable=False, index=True),
    Column("failures", Integer, nullable=False, default=0),
    Column("sealed_body", LargeBinary, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("month", String, primary_key=True),
    Column("client", String, primary_key=True),
    Column("started", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("canceled", Integer, nullable=False),
    Column("reused", Integer, nullable=False),
    Column("sealed_client_id", LargeBinary, nullable=False),
)
