"""Passwords: Argon2id, in threads of the lowest priority, so that a sign-in delays no other request."""

import asyncio
import contextlib
import os
import secrets
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

_HASHER = PasswordHasher(parallelism=1)  # 64 MiB, three passes, one lane: OWASP's minimum several times over


def _unknown_hash() -> str:
    """A hash that no password has, composed instead of computed: starting a process needs no 64 MiB."""
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_HASHER.salt_len, _HASHER.hash_len)
    )
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


_UNKNOWN_HASH = _unknown_hash()


def _lower_priority() -> None:
    """On Linux each thread has a priority of its own; elsewhere this does nothing."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


_THREADS = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), "argon2", initializer=_lower_priority)
"""The number of threads bounds memory: each hash needs 64 MiB and a processor."""


class Argon2Passwords:
    """Implements `domain.identity.ports.PasswordHasher`."""

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Compare; an account without a password costs the same time and never matches."""

        def compare() -> bool:
            try:
                return _HASHER.verify(password_hash or _UNKNOWN_HASH, password) and password_hash is not None
            except (VerificationError, InvalidHashError):
                return False

        return await asyncio.get_running_loop().run_in_executor(_THREADS, compare)
