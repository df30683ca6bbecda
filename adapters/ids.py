"""Identifiers and secrets from the operating system's random numbers."""

import secrets
import time
from uuid import UUID


class SystemIds:
    def new(self) -> UUID:
        """Give a UUIDv7: 48 bits of milliseconds, 74 random bits (RFC 9562 section 5.7)."""
        milliseconds = time.time_ns() // 1_000_000
        value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
        return UUID(int=value)

    def secret(self, size_bytes: int = 32) -> str:
        return secrets.token_urlsafe(size_bytes)

    def hex_secret(self, size_bytes: int) -> str:
        return secrets.token_hex(size_bytes)
