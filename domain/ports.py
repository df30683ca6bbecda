"""Ports that every capability needs. Ports of one capability are in `domain/<capability>/ports.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.vocabulary import Term


class Clock(Protocol):
    def now(self) -> datetime:
        """Give the present time, aware, in UTC."""
        ...


class Ids(Protocol):
    def new(self) -> UUID:
        """Give a UUIDv7 (RFC 9562)."""
        ...

    def secret(self, size_bytes: int = 32) -> str:
        """Give random bytes as URL-safe text."""
        ...

    def hex_secret(self, size_bytes: int) -> str:
        """Give random bytes as hexadecimal digits, for people to type."""
        ...


class Encryption(Protocol):
    """Authenticated encryption under the installation's secret key. `name` binds a ciphertext to its place."""

    def encrypt(self, name: str, plain: bytes) -> bytes: ...
    def decrypt(self, name: str, encrypted: bytes) -> bytes:
        """Raise ValueError when the ciphertext is damaged, of another name or of another key."""
        ...


class Vocabularies(Protocol):
    async def codes(self) -> Mapping[str, Sequence[str]]:
        """The codes that content may use, by list: `topics`, `audiences`, `languages`, `tasks`."""
        ...

    async def save(self, terms: Sequence[Term]) -> int:
        """Add or retitle terms; gives how many were written."""
        ...
