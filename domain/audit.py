"""The audit trail's seal: each row's hash holds the one before, so that a changed or missing row shows."""

from datetime import datetime
from hashlib import sha256

import msgspec

GENESIS = bytes(32)


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One security-relevant act: who, what, on what, when. Never a secret, never a token."""

    place: int
    at: datetime
    actor: str
    verb: str
    thing: str
    detail: dict[str, object]

    def seal(self, number: int, before: bytes) -> bytes:
        """SHA-256 over the number, the seal before, and the row's fields in a fixed form."""
        fields = [number, before.hex(), self.place, self.at.isoformat(), self.actor, self.verb, self.thing, self.detail]
        return sha256(msgspec.json.encode(fields, order="sorted")).digest()
