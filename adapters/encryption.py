"""Secrets at rest: AES-256-GCM under LANTOA_SECRET_KEY, bound to what they belong to."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.settings import BadSetting


def box(secret: bytes, name: str, plain: bytes) -> bytes:
    """Encrypt; `name` is the associated data, so that a box cannot be moved to another row."""
    nonce = os.urandom(12)
    return nonce + AESGCM(secret).encrypt(nonce, plain, name.encode())


def unbox(secret: bytes, name: str, boxed: bytes) -> bytes:
    """Decrypt, or raise BadSetting when the key is another one."""
    try:
        return AESGCM(secret).decrypt(boxed[:12], boxed[12:], name.encode())
    except InvalidTag as error:
        raise BadSetting("LANTOA_SECRET_KEY is not the key that this database was made with") from error
