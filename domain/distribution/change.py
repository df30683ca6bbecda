"""The change feed: entries, tombstones and the cursor that a client holds."""

import re
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.canonical_json import canonical
from domain.errors import CursorExpired, CursorInvalid

TombstoneReason = Literal["killed", "withdrawn", "expired", "superseded", "out_of_scope", "legal_order"]
KEPT_FOR_GOOD: frozenset[TombstoneReason] = frozenset({"killed", "withdrawn", "legal_order"})
TOMBSTONE_DAYS = 400
"""Other tombstones are purged after so many days."""


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The last state of one material in one channel, as a transaction wants to write it.

    `reason` None means upsert. The place (`seq`) is given by the database at commit.
    """

    channel_id: UUID
    material_id: UUID
    version: int
    changed_at: datetime
    reason: TombstoneReason | None = None
    note: str = ""


_CURSOR = re.compile(r"\A([0-9a-z]{8})-([0-9a-f]{8})-([0-9a-f]{1,16})\Z")


class Cursor(msgspec.Struct, frozen=True):
    """A place in one channel's feed. Opaque to clients; three parts to us."""

    epoch: str
    channel: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.channel}-{self.seq:x}"


def cursor_at(epoch: str, channel_id: UUID, seq: int) -> Cursor:
    # The random end of a UUIDv7: enough to notice a cursor that was carried to another channel.
    return Cursor(epoch, channel_id.hex[-8:], seq)


def seq_of(text: str) -> int:
    """Give the `seq` that a cursor holds before its channel is known; 0 for what `read_cursor` will refuse."""
    found = _CURSOR.match(text)
    seq = int(found[3], 16) if found else 0
    return seq if seq < 2**63 else 0


def read_cursor(text: str, *, epoch: str, channel_id: UUID, purged_seq: int = 0) -> int:
    """Give the `seq` of a cursor. CursorInvalid for what is none of this channel, CursorExpired for another epoch."""
    found = _CURSOR.match(text)
    if not found:
        raise CursorInvalid
    if found[1] != epoch:
        raise CursorExpired
    seq = int(found[3], 16)
    if found[2] != channel_id.hex[-8:] or seq >= 2**63:
        raise CursorInvalid
    if 0 < seq < purged_seq:
        raise CursorExpired
    return seq


def digest_statement(channel: str, *, cursor: str, count: int, sha256: str) -> bytes:
    """The bytes that are signed for a digest: its signature proves every document that the hash was made of."""
    return canonical({"channel": channel, "count": count, "cursor": cursor, "sha256": sha256})


class Tombstone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last state of a material that was taken down."""

    id: UUID
    version: int
    changed_at: datetime
    reason: TombstoneReason
    note: str = ""
