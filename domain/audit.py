"""The audit trail's hash chain: each row's hash covers the one before, so that a changed or missing row shows."""

from datetime import datetime
from hashlib import sha256

import msgspec

GENESIS = bytes(32)


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One security-relevant act. Holds no secret and no token."""

    place: int
    at: datetime
    actor: str
    activity: str
    target: str
    detail: dict[str, object]

    def chained_hash(self, number: int, before: bytes) -> bytes:
        """SHA-256 over the number, the hash before, and the row's fields in a fixed form."""
        about = (self.place, self.at.isoformat(), self.actor, self.activity, self.target, self.detail)
        fields = [number, before.hex(), *about]
        return sha256(msgspec.json.encode(fields, order="sorted")).digest()
