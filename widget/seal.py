"""Sealing of what is stored, and the names under which it is found again.

Stored values are encrypted with a key derived from `WIDGET_SECRET_KEY`. With several secrets the
first one seals and each of them opens, which is how a secret is replaced.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INDEX_KEY_BYTES = 32


class Unreadable(Exception):
    """Sealed with a secret that is no longer known, or damaged."""


class Seal:
    """Seals JSON values into bytes, and opens them again."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets`: newest first."""
        self._fernets = [Fernet(_derive(secret, b"seal")) for secret in secrets]
        self._fernet = MultiFernet(self._fernets)
        self.fingerprints = [_derive(secret, b"fingerprint").decode() for secret in secrets]

    def seal(self, value: Any) -> bytes:
        return self._fernet.encrypt(json.dumps(value, separators=(",", ":")).encode())

    def open(self, sealed: bytes) -> Any:
        """The value that was sealed. Raises Unreadable."""
        try:
            return json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise Unreadable from error

    def wrap(self, index_key: bytes) -> dict[str, bytes]:
        """The index key once for each secret, by the secret's fingerprint."""
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
    """The name under which all that concerns one candidate of one client is stored.

    The ATS's own identifiers may say something about a person (some are e-mail addresses), so
    they are stored as a keyed hash. The key lives in the store, wrapped, and survives a change of
    `WIDGET_SECRET_KEY`.
    """
    message = json.dumps([client_id, candidate_id]).encode()
    return hmac.new(index_key, message, hashlib.sha256).hexdigest()


def client_name(index_key: bytes, client_id: str) -> str:
    """The name under which a client's usage is counted, as for `pair_name`."""
    message = json.dumps([client_id]).encode()
    return hmac.new(index_key, message, hashlib.sha256).hexdigest()


def _derive(secret: str, purpose: bytes) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"candidate-widget:" + purpose)
    return base64.urlsafe_b64encode(hkdf.derive(secret.encode()))
