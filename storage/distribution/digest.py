"""The digest of a channel: SHA-256 over all its live materials; each request reads a bounded part of them.

The hash state is kept every `BLOCK` lines. A change sends the walk back to the mark before the first changed material:
a new material costs one block, because identifiers grow with time (decision 0024).
"""

import asyncio
from hashlib import sha256
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import asyncpg

from domain.distribution.change import cursor_at
from domain.errors import CursorMoved, DigestUnderWay
from storage.distribution.feed import ChannelHead, start_of
from storage.postgres.connections import Connection, reading

BLOCK = 4096
"""Lines between two marks, about 100 bytes each."""
BLOCKS_PER_REQUEST = 60
"""Blocks that one request reads at most, within two seconds."""
_MANY = 10_000
"""With more changes than that the walk starts again."""
_NOTHING = -1
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
_HEAD = "SELECT coalesce(max(seq), 0) FROM entries WHERE channel_id = $1"
_CHANGED = """
SELECT count(*), min(material_id::text COLLATE "C")
  FROM (SELECT material_id FROM entries WHERE channel_id = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS e
"""
# In the order of the primary key, which is that of the identifiers' text. The hash stands in the line as it is sent.
# The bounds are written so that only that key fits: with `channel_id = $1` all channels may be read by material.
_LIVE = """
SELECT count(*), max(material_id::text COLLATE "C"), string_agg(
         convert_to(material_id::text || ' ' || version || ' ', 'UTF8')
         || substring(line FROM position('"sha256":"'::bytea IN line) + 10 FOR 64) || '\x0a'::bytea,
         ''::bytea ORDER BY channel_id, material_id)
  FROM (SELECT channel_id, material_id, version, line FROM entries
         WHERE (channel_id, material_id) > ($1, $2::text::uuid) AND channel_id <= $1 AND reason IS NULL
         ORDER BY channel_id, material_id LIMIT $3) AS e
"""


class Digest(TypedDict):
    """A channel's live materials in one hash, as of a cursor."""

    cursor: str
    count: int
    sha256: str


class _Mark(NamedTuple):
    """The hash state after `lines` lines, the last of them that of material `last`."""

    last: str
    lines: int
    state: Any


class _Walk:
    """The progress through one channel, as of `seq`. `ended`: the last mark is the channel's end."""

    __slots__ = ("ended", "epoch", "lock", "marks", "seq")

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.lock = asyncio.Lock()
        self.begin()

    def begin(self) -> None:
        self.marks = [_Mark(_BEFORE_ALL, 0, sha256())]
        self.ended, self.seq = False, _NOTHING

    def back_to(self, first: str) -> None:
        """Drop the marks from this material on, and the last block that was not full."""
        if self.ended:
            self.marks.pop()
            self.ended = False
        while self.marks[-1].last >= first:
            self.marks.pop()

    def add(self, count: int, last: str, lines: bytes) -> None:
        before = self.marks[-1]
        state = before.state.copy()
        state.update(lines)
        self.marks.append(_Mark(last, before.lines + count, state))


class DigestReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._walks: dict[UUID, _Walk] = {}

    async def get_digest(self, head: ChannelHead, at: str | None) -> Digest:
        """SHA-256 over the sorted lines `id SP version SP sha256 LF` of all live materials, at the present head.

        Raises CursorMoved where that is not `at`, and DigestUnderWay where there is more to read than one request may:
        the next one goes on.
        """
        channel_id = head.channel.id
        walk = self._walks.get(channel_id)
        if walk is None or walk.epoch != head.epoch:
            walk = self._walks[channel_id] = _Walk(head.epoch)
        async with walk.lock, reading(self._pool) as connection, _snapshot(connection):
            seq = await connection.fetchval(_HEAD, channel_id)
            cursor = str(cursor_at(head.epoch, channel_id, seq))
            if at is not None and start_of(head, at) >= 0 and at != cursor:
                raise CursorMoved(cursor=cursor)
            await _look_back(connection, channel_id, walk, seq)
            for _ in range(BLOCKS_PER_REQUEST):
                if not walk.ended:
                    await _read_block(connection, channel_id, walk)
            _, count, state = walk.marks[-1]
            if not walk.ended:
                raise DigestUnderWay(counted=count, retry_after=1)
        return Digest(cursor=cursor, count=count, sha256=state.hexdigest())


async def _look_back(connection: Connection, channel_id: UUID, walk: _Walk, head: int) -> None:
    """Go back to before the first material that changed since the last request."""
    if walk.seq not in (_NOTHING, head):
        row: Any = await connection.fetchrow(_CHANGED, channel_id, walk.seq, _MANY)
        changes, first = row
        if changes == _MANY:
            walk.begin()
        elif changes:
            walk.back_to(first)
    walk.seq = head


async def _read_block(connection: Connection, channel_id: UUID, walk: _Walk) -> None:
    """Read the next block of live materials."""
    before = walk.marks[-1]
    row: Any = await connection.fetchrow(_LIVE, channel_id, before.last, BLOCK)
    count, last, lines = row
    walk.add(count, last or before.last, lines or b"")
    walk.ended = count < BLOCK


def _snapshot(connection: Connection) -> Any:
    return connection.transaction(isolation="repeatable_read", readonly=True)
