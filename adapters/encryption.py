"""Encryption at rest: AES-256-GCM under LANTOA_SECRET_KEY."""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class SecretKeyEncryption:
    """Implements `domain.ports.Encryption`. `name` is the associated data: a ciphertext fits no other place."""

    def __init__(self, secret_key: bytes) -> None:
        self._secret_key = secret_key
        self._cipher = AESGCM(secret_key)

    def encrypt(self, name: str, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def decrypt(self, name: str, encrypted: bytes) -> bytes:
        try:
            return self._cipher.decrypt(encrypted[:12], encrypted[12:], name.encode())
        except InvalidTag as error:
            raise ValueError(name) from error

    def derived_key(self, purpose: str) -> bytes:
        """A key of its own for one purpose (HMAC-SHA-256 of its name)."""
        return hmac.new(self._secret_key, purpose.encode(), "sha256").digest()
