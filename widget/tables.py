"""The tables. Nothing in them is kept for good, so a new version replaces the old one."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION = 1

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
    Column("pair", String, nullable=False, index=True),
    Column("language", String, nullable=False),
    Column("appearance", String, nullable=False),
    Column("sealed_request", LargeBinary, nullable=False),
    Column("sealed_cv", LargeBinary),
    Column("visit", String, nullable=False, default=""),
    Column("gone_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

runs = Table(
    "runs",
    metadata,
    Column("pair", String, primary_key=True),
    Column("id", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("reason", String),
    Column("analysis_id", String),
    Column("sealed_resource", LargeBinary),
    Column("resource_at", Float, nullable=False, default=0.0),
    Column("started_at", Float, nullable=False),
    Column("poll_after", Float, nullable=False, default=0.0),
    Column("busy_until", Float, nullable=False, default=0.0),
    Column("interval", Float, nullable=False, default=0.0),
    Column("failures", Integer, nullable=False, default=0),
    Column("give_up_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Index("runs_by_phase", "phase", "poll_after"),
)
