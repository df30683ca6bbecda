"""The hot reads of the change feed: fixed SQL on asyncpg, bytes joined, nothing decoded."""

from itertools import chain
from uuid import UUID

import asyncpg
import msgspec

from domain.actor import Actor
from domain.distribution.actions.channels import Access, check_access
from domain.distribution.change import Cursor, cursor_at, read_cursor, seq_of
from domain.distribution.channel import Channel, Rule
from domain.errors import CursorExpired, NotFound
from storage.postgres.connections import reading

_PLACE = """
SELECT c.id, c.slug, c.title, c.description, c.rule, c.public, c.revision, c.purged_seq, f.epoch,
       CASE WHEN g.granted_at IS NULL THEN 'none' WHEN g.revoked_at IS NULL THEN 'granted' ELSE 'revoked' END AS access,
       coalesce((SELECT max(seq) FROM entries WHERE channel_id = c.id), 0) AS head
  FROM channels c CROSS JOIN feed_epoch f
       LEFT JOIN grants g ON g.channel_id = c.id AND g.organization_id = $2
"""
_ONE_PLACE = f"SELECT row_to_json(p)::text FROM ({_PLACE} WHERE c.slug = $1) AS p"  # noqa: S608 -- constants
_ALL_PLACES = f"SELECT row_to_json(p)::text FROM ({_PLACE} WHERE $1::text IS NULL ORDER BY c.slug) AS p"  # noqa: S608
# One statement is one snapshot and one round trip: the place comes as the first row, then the changes, each with what
# stands between it and the one before. Both arms are in order: PostgreSQL merges them and sorts no half megabyte.
_PAGE = f"""
WITH place AS MATERIALIZED ({_PLACE} WHERE c.slug = $1)
SELECT line, document FROM (
  (SELECT -1::bigint AS seq, convert_to(row_to_json(place)::text, 'UTF8') AS line, NULL::bytea AS document FROM place)
   UNION ALL
  (SELECT e.seq, '}},'::bytea || e.line, d.document
     FROM (SELECT * FROM entries e WHERE e.channel_id = (SELECT id FROM place) AND e.seq > $3 %s
            ORDER BY e.seq LIMIT $4) AS e
          LEFT JOIN editions d ON e.reason IS NULL AND d.material_id = e.material_id AND d.version = e.version
    ORDER BY e.seq)) AS rows ORDER BY seq
"""  # noqa: S608 -- constants
_BETWEEN, _BEFORE_SEQ = len(b"},"), len(b'},{"seq":')
_FIRST_PAGE = _PAGE % "AND e.reason IS NULL"
_NEXT_PAGE = _PAGE % ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as one caller stands to it, and the head of its feed."""

    channel: Channel
    epoch: str
    head: int
    purged_seq: int
    access: Access

    @property
    def cursor(self) -> Cursor:
        return cursor_at(self.epoch, self.channel.id, self.head)

    @property
    def etag(self) -> str:
        return f'"{self.cursor}"'


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is the JSON that is served, read from `start`. `next_seq` is what the caller will have after it."""

    place: Place
    start: int
    body: bytes
    next_seq: int


class _PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    slug: str
    title: str
    description: str
    rule: Rule
    public: bool
    revision: int
    purged_seq: int
    epoch: str
    access: Access
    head: int


_read_row = msgspec.json.Decoder(_PlaceRow).decode


def _place(told: str | bytes) -> Place:
    row = _read_row(told)
    channel = Channel(
        id=row.id,
        slug=row.slug,
        title=row.title,
        description=row.description,
        rule=row.rule,
        public=row.public,
        revision=row.revision,
    )
    return Place(channel=channel, epoch=row.epoch, head=row.head, purged_seq=row.purged_seq, access=row.access)


def _body(changes: list[asyncpg.Record], tail: bytes) -> bytes:
    """Join the bytes as they are kept: nothing is decoded, nothing encoded."""
    parts = [b'{"changes":[', *filter(None, chain.from_iterable(changes)), tail]
    if changes:
        parts[1] = parts[1][_BETWEEN:]
        parts[-1] = b"}" + tail
    return b"".join(parts)


def _seq(change: asyncpg.Record) -> int:
    line: bytes = change[0]
    return int(line[_BEFORE_SEQ : line.index(b",", _BEFORE_SEQ)])


class FeedReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def places(self, actor: Actor | None) -> list[Place]:
        """Every channel that the caller may read."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_ALL_PLACES, None, actor.organization_id if actor else None)
        found = [_place(row[0]) for row in rows]
        everything = actor is not None and actor.reaches_all
        return [place for place in found if place.channel.public or everything or place.access == "granted"]

    async def place(self, slug: str, actor: Actor | None) -> Place:
        """One channel; NotFound or GrantRevoked where the caller may not pull it."""
        async with reading(self._pool) as connection:
            told = await connection.fetchval(_ONE_PLACE, slug, actor.organization_id if actor else None)
        return _allowed(told, actor)

    async def page(self, slug: str, actor: Actor | None, cursor: str | None, limit: int) -> Page:
        """The changes after `cursor`, in commit order; without one the first page of all, which omits tombstones.

        Raises what `place` raises; then CursorInvalid, or CursorExpired with where to start again.
        """
        first, asked = cursor is None, seq_of(cursor) if cursor else 0
        query = _FIRST_PAGE if first else _NEXT_PAGE
        async with reading(self._pool) as connection:
            rows = await connection.fetch(query, slug, actor.organization_id if actor else None, asked, limit + 1)
        place = _allowed(rows[0][0] if rows else None, actor)
        start = start_of(place, cursor)
        more = len(rows) > limit + 1
        changes = rows[1 : limit + 1]
        # Rows that a first page left out must not come again: it ends at the head of its own snapshot.
        end = place.head if first else start
        last = _seq(changes[-1]) if changes else 0
        next_seq = last if more else max(end, start, last)
        after = cursor_at(place.epoch, place.channel.id, next_seq)
        tail = f'],"next":"{after}","more":{"true" if more else "false"}}}'.encode()
        return Page(place=place, start=start, body=_body(changes, tail), next_seq=next_seq)


def _allowed(told: str | bytes | None, actor: Actor | None) -> Place:
    if told is None:
        raise NotFound
    place = _place(told)
    check_access(place.channel, actor, place.access)
    return place


def start_of(place: Place, cursor: str | None) -> int:
    """Read a client's cursor for this place; no cursor is the beginning."""
    if cursor is None:
        return 0
    channel = place.channel
    try:
        return read_cursor(cursor, epoch=place.epoch, channel_id=channel.id, purged_seq=place.purged_seq)
    except CursorExpired as error:
        raise CursorExpired(restart=f"/v1/channels/{channel.slug}/changes") from error
