"""The hot reads of the change feed: fixed SQL on asyncpg, bytes joined, nothing decoded."""

from itertools import chain
from uuid import UUID

import asyncpg
import msgspec

from domain.distribution.change import Cursor, cursor_at, read_cursor, seq_of
from domain.distribution.channel import Channel, RoutingRule
from domain.errors import CursorExpired
from domain.read_access import GrantState, ReadAccess
from storage.distribution.read_access import join_grants, parameters, readable
from storage.postgres.connections import reading

_HEAD = f"""
SELECT c.id, c.slug, c.title, c.description, c.rule, c.public, c.revision, c.purged_seq, f.epoch,
       CASE WHEN g.granted_at IS NULL THEN 'none' WHEN g.revoked_at IS NULL THEN 'granted' ELSE 'revoked' END AS grant,
       {readable("$3::boolean")} AS readable,
       coalesce((SELECT max(seq) FROM entries WHERE channel_id = c.id), 0) AS head
  FROM channels c CROSS JOIN feed_epoch f
       {join_grants("$2")}
"""  # noqa: S608 -- constants
_ONE_HEAD = f"SELECT row_to_json(p)::text FROM ({_HEAD} WHERE c.slug = $1) AS p"  # noqa: S608 -- constants
_ALL_HEADS = f"""
SELECT row_to_json(p)::text FROM ({_HEAD} WHERE $1::text IS NULL AND {readable("$3::boolean")} ORDER BY c.slug) AS p
"""  # noqa: S608 -- constants
# One statement is one snapshot and one round trip: the channel head comes as the first row, then the changes, each with
# the separator before it. Both arms are in order, so that PostgreSQL merges them instead of sorting half a megabyte.
_PAGE = f"""
WITH channel_head AS MATERIALIZED ({_HEAD} WHERE c.slug = $1)
SELECT line, document FROM (
  (SELECT -1::bigint AS seq, convert_to(row_to_json(channel_head)::text, 'UTF8') AS line, NULL::bytea AS document
     FROM channel_head)
   UNION ALL
  (SELECT e.seq, '}},'::bytea || e.line, d.document
     FROM (SELECT * FROM entries e WHERE e.channel_id = (SELECT id FROM channel_head) AND e.seq > $4 %s
            ORDER BY e.seq LIMIT $5) AS e
          LEFT JOIN editions d ON e.reason IS NULL AND d.material_id = e.material_id AND d.version = e.version
    ORDER BY e.seq)) AS rows ORDER BY seq
"""  # noqa: S608 -- constants
_SEPARATOR, _BEFORE_SEQ = len(b"},"), len(b'},{"seq":')
_FIRST_PAGE = _PAGE % "AND e.reason IS NULL"
_NEXT_PAGE = _PAGE % ""


class ChannelHead(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with the head of its feed, as one caller may read it. `purged_seq`: older cursors have expired."""

    channel: Channel
    epoch: str
    head: int
    purged_seq: int

    @property
    def cursor(self) -> Cursor:
        return cursor_at(self.epoch, self.channel.id, self.head)

    @property
    def etag(self) -> str:
        return f'"{self.cursor}"'


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is the JSON that is served, read from `start`. `next_seq`: the caller has everything up to it."""

    head: ChannelHead
    start: int
    body: bytes
    next_seq: int


class _HeadRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    slug: str
    title: str
    description: str
    rule: RoutingRule
    public: bool
    revision: int
    purged_seq: int
    epoch: str
    grant: GrantState
    readable: bool
    head: int


_read_row = msgspec.json.Decoder(_HeadRow).decode


def _channel_head(text: str | bytes | None, access: ReadAccess) -> ChannelHead:
    """Build the head, or raise what `ReadAccess.check_channel` raises."""
    if text is None:
        raise access.refusal()
    row = _read_row(text)
    access.check_channel(row.slug, readable=row.readable, grant=row.grant)
    channel = Channel(
        id=row.id,
        slug=row.slug,
        title=row.title,
        description=row.description,
        rule=row.rule,
        public=row.public,
        revision=row.revision,
    )
    return ChannelHead(channel=channel, epoch=row.epoch, head=row.head, purged_seq=row.purged_seq)


def _body(changes: list[asyncpg.Record], suffix: bytes) -> bytes:
    """Join the stored bytes: nothing is decoded, nothing encoded."""
    parts = [b'{"changes":[', *filter(None, chain.from_iterable(changes)), suffix]
    if changes:
        parts[1] = parts[1][_SEPARATOR:]
        parts[-1] = b"}" + suffix
    return b"".join(parts)


def _seq(change: asyncpg.Record) -> int:
    line: bytes = change[0]
    return int(line[_BEFORE_SEQ : line.index(b",", _BEFORE_SEQ)])


class FeedReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def list_channel_heads(self, access: ReadAccess) -> list[ChannelHead]:
        """Every channel that the caller may read. InsufficientScope for a token without `content:read`."""
        access.require_scope()
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_ALL_HEADS, None, *parameters(access))
        return [_channel_head(row[0], access) for row in rows]

    async def get_channel_head(self, slug: str, access: ReadAccess) -> ChannelHead:
        """One channel. NotFound, InsufficientScope or GrantRevoked where the caller may not pull it."""
        async with reading(self._pool) as connection:
            text = await connection.fetchval(_ONE_HEAD, slug, *parameters(access))
        return _channel_head(text, access)

    async def get_page(self, slug: str, access: ReadAccess, cursor: str | None, limit: int) -> Page:
        """The changes after `cursor`, in commit order; without one the first page of all, which omits tombstones.

        Raises what `get_channel_head` raises; then CursorInvalid, or CursorExpired with the URL to start again.
        """
        first, asked = cursor is None, seq_of(cursor) if cursor else 0
        query = _FIRST_PAGE if first else _NEXT_PAGE
        async with reading(self._pool) as connection:
            rows = await connection.fetch(query, slug, *parameters(access), asked, limit + 1)
        head = _channel_head(rows[0][0] if rows else None, access)
        start = start_of(head, cursor)
        more = len(rows) > limit + 1
        changes = rows[1 : limit + 1]
        # Rows that a first page left out must not come again: it ends at the head of its own snapshot.
        end = head.head if first else start
        last = _seq(changes[-1]) if changes else 0
        next_seq = last if more else max(end, start, last)
        after = cursor_at(head.epoch, head.channel.id, next_seq)
        suffix = f'],"next":"{after}","more":{"true" if more else "false"}}}'.encode()
        return Page(head=head, start=start, body=_body(changes, suffix), next_seq=next_seq)


def start_of(head: ChannelHead, cursor: str | None) -> int:
    """Read a client's cursor for this channel; no cursor is the beginning."""
    if cursor is None:
        return 0
    channel = head.channel
    try:
        return read_cursor(cursor, epoch=head.epoch, channel_id=channel.id, purged_seq=head.purged_seq)
    except CursorExpired as error:
        raise CursorExpired(restart=f"/v1/channels/{channel.slug}/changes") from error
