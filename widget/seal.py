"""Encryption of what is stored, and the keyed hashes by which it is found again.

Stored values are encrypted with AES-256-GCM, under a key derived from `WIDGET_SECRET_KEY`. With
several secrets the first one seals and each of them opens, which is how a secret is replaced.
"""

import base64
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INDEX_KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
FORMAT = b"\x01"  # Fernet, which sealed before schema version 4, begins with a letter
PREFIX_BYTES = len(FORMAT) + KEY_ID_BYTES
COMPACT = json.JSONEncoder(separators=(",", ":"))  # json.dumps would make one for each value


class Unreadable(Exception):
    """The value was sealed with a secret that is no longer in use, or is damaged."""


class Seal:
    """Seals JSON values into bytes, and opens them again.

    A sealed value is FORMAT, the id of its key, a random nonce, and what AES-GCM makes of the JSON.
    The id tells which key opens the value, so that no other is tried.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: newest first."""
        ids = [_derive(secret, b"key id")[:KEY_ID_BYTES] for secret in secrets]
        ciphers = [AESGCM(_derive(secret, b"seal with AES-GCM")) for secret in secrets]
        self._ciphers = {
            FORMAT + key_id: cipher for key_id, cipher in zip(ids, ciphers, strict=True)
        }
        self._prefix, self._cipher = FORMAT + ids[0], ciphers[0]
        self._fernets = [Fernet(_text(_derive(secret, b"seal"))) for secret in secrets]
        self._fernet = MultiFernet(self._fernets)
        self.fingerprints = [_text(_derive(secret, b"fingerprint")) for secret in secrets]

    def seal(self, value: Any) -> bytes:
        content = COMPACT.encode(value).encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._prefix + nonce + self._cipher.encrypt(nonce, content, self._prefix)

    def open(self, sealed: bytes) -> Any:
        """The value that was sealed. Raises Unreadable."""
        prefix, rest = sealed[:PREFIX_BYTES], sealed[PREFIX_BYTES:]
        cipher = self._ciphers.get(prefix)
        if cipher is None:
            return json.loads(self.unwrap(sealed))  # events and usage outlive a schema version
        try:
            return json.loads(cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], prefix))
        except (InvalidTag, ValueError) as error:
            raise Unreadable from error

    def wrap(self, index_key: bytes) -> dict[str, bytes]:
        """The index key, encrypted with each secret, by the secret's fingerprint."""
        return {
            fingerprint: fernet.encrypt(index_key)
            for fingerprint, fernet in zip(self.fingerprints, self._fernets, strict=True)
        }

    def unwrap(self, wrapped: bytes) -> bytes:
        """The index key. Raises Unreadable."""
        try:
            return self._fernet.decrypt(wrapped)
        except InvalidToken as error:
            raise Unreadable from error


def pair_name(index_key: bytes, client_id: str, candidate_id: str) -> str:
    """The keyed hash by which all rows about one candidate of one client are found.

    An ATS's identifiers may tell something about a person (some are e-mail addresses), so they are
    not stored in plain text. The key is stored too, encrypted with each secret, and so survives a
    change of `WIDGET_SECRET_KEY`.
    """
    return _keyed_hash(index_key, [client_id, candidate_id])


def client_name(index_key: bytes, client_id: str) -> str:
    """The keyed hash by which a client's usage is found. See `pair_name`."""
    return _keyed_hash(index_key, [client_id])


def _keyed_hash(index_key: bytes, ids: Sequence[str]) -> str:
    return hmac.digest(index_key, json.dumps(ids).encode(), "sha256").hex()


def _derive(secret: str, purpose: bytes) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"candidate-widget:" + purpose)
    return hkdf.derive(secret.encode())


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()
