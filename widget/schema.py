"""Creates the tables, and the index key: the key of the hashes by which rows are found.

A new schema version drops the tables in REPLACED and creates them again. Nothing is lost for good:
the ATS opens new sessions, and the Partner API still has the reports. Usage and events are stored
nowhere else. They stay, as does the index key, which opens them, so a new version may only add
columns to their tables.
"""

import secrets

from sqlalchemy import Connection, select

from widget.seal import INDEX_KEY_BYTES, Seal
from widget.tables import SCHEMA_VERSION, index_keys, metadata, runs, schema_version, sessions

REPLACED = [sessions, runs, schema_version]


def prepare(seal: Seal, connection: Connection) -> bytes:
    """Creates the tables if they are missing or of another version. Returns the index key."""
    if not _is_current(connection):
        metadata.drop_all(connection, REPLACED)
        metadata.create_all(connection)
        connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
    return _settle_index_key(seal, connection)


def _is_current(connection: Connection) -> bool:
    if not connection.dialect.has_table(connection, schema_version.name):
        return False
    return connection.execute(select(schema_version.c.version)).scalar() == SCHEMA_VERSION


def _settle_index_key(seal: Seal, connection: Connection) -> bytes:
    """Returns the index key, and stores a copy of it encrypted with each secret in use.

    Copies for secrets that are no longer in use are deleted. But if no secret in use opens a copy,
    all of them stay, and a new key is stored beside them: the secret may have been changed by
    mistake.
    """
    wrapped = {row.fingerprint: row.wrapped for row in connection.execute(select(index_keys))}
    known = [name for name in seal.fingerprints if name in wrapped]
    if known:
        connection.execute(index_keys.delete())
        key = seal.unwrap(wrapped[known[0]])
    else:
        key = secrets.token_bytes(INDEX_KEY_BYTES)
    values = [{"fingerprint": f, "wrapped": w} for f, w in seal.wrap(key).items()]
    connection.execute(index_keys.insert(), values)
    return key
