"""The hot reads of the change feed: fixed SQL on asyncpg, bytes joined, nothing decoded."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg
import msgspec

from domain.actions.channels import Access, check_access
from domain.actor import Actor
from domain.change import Cursor, cursor_at, read_cursor
from domain.channel import Channel, Rule
from domain.document import instant
from domain.errors import CursorMoved, NotFound
from storage.database import as_uuid, reading

_PLACE = """
SELECT c.id, c.slug, c.title, c.description, c.rule, c.public, c.revision, c.purged_seq,
       f.epoch, g.granted_at, g.revoked_at,
       (SELECT max(seq) FROM entries WHERE channel_id = c.id) AS head
  FROM channels c CROSS JOIN feed_epoch f
       LEFT JOIN grants g ON g.channel_id = c.id AND g.organization_id = $2
 WHERE $1::text IS NULL OR c.slug = $1
 ORDER BY c.slug
"""
# One row always comes back, so that `head` is of the same snapshot as the page.
_PAGE = """
SELECT h.head, e.seq, e.material_id, e.version, e.changed_at, e.reason, e.note,
       d.document, d.sha256, d.signature, d.kid
  FROM (SELECT coalesce(max(seq), 0) AS head FROM entries WHERE channel_id = $1) h
  LEFT JOIN LATERAL (
       SELECT * FROM entries
        WHERE channel_id = $1 AND seq > $2 AND ($4 OR reason IS NULL)
        ORDER BY seq LIMIT $3) e ON true
  LEFT JOIN editions d ON e.reason IS NULL AND d.material_id = e.material_id AND d.version = e.version
 ORDER BY e.seq
"""
_LIVE = """
SELECT h.head, e.material_id, e.version, d.sha256
  FROM (SELECT coalesce(max(seq), 0) AS head FROM entries WHERE channel_id = $1) h
  LEFT JOIN entries e ON e.channel_id = $1 AND e.reason IS NULL
  LEFT JOIN editions d ON d.material_id = e.material_id AND d.version = e.version
"""


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
    """`body` is the JSON that is served. `next_seq` is what the caller will have after this page."""

    body: bytes
    next_seq: int
    count: int


def _place(row: asyncpg.Record) -> Place:
    channel = Channel(
        id=as_uuid(row["id"]),
        slug=row["slug"],
        title=row["title"],
        description=row["description"],
        rule=msgspec.json.decode(row["rule"], type=Rule),
        public=row["public"],
        revision=row["revision"],
    )
    access: Access = "none" if row["granted_at"] is None else "revoked" if row["revoked_at"] else "granted"
    return Place(
        channel=channel,
        epoch=row["epoch"],
        head=row["head"] or 0,
        purged_seq=row["purged_seq"],
        access=access,
    )


def _change(row: asyncpg.Record) -> bytes:
    document: bytes = row["document"]
    start = f'{{"seq":{row["seq"]},"op":'
    about = f'"id":"{row["material_id"]}","version":{row["version"]},"changed_at":"{instant(row["changed_at"])}"'
    if row["reason"] is None:
        seal = f'"sha256":"{row["sha256"]}","signature":"{row["signature"]}","kid":"{row["kid"]}"'
        return f'{start}"upsert",{about},{seal},"item":'.encode() + document + b"}"
    note = b',"note":' + msgspec.json.encode(row["note"]) if row["note"] else b""
    return f'{start}"tombstone",{about},"reason":"{row["reason"]}"'.encode() + note + b"}"


class FeedReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def places(self, actor: Actor | None) -> list[Place]:
        """Every channel that the caller may read."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_PLACE, None, actor.organization_id if actor else None)
        found = [_place(row) for row in rows]
        everything = actor is not None and actor.reaches_all
        return [place for place in found if place.channel.public or everything or place.access == "granted"]

    async def place(self, slug: str, actor: Actor | None) -> Place:
        """One channel; NotFound or GrantRevoked where the caller may not pull it."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_PLACE, slug, actor.organization_id if actor else None)
        if row is None:
            raise NotFound
        place = _place(row)
        check_access(place.channel, actor, place.access)
        return place

    def since(self, place: Place, cursor: str | None) -> int:
        """Read a client's cursor for this place; no cursor is the beginning."""
        if cursor is None:
            return 0
        return read_cursor(cursor, epoch=place.epoch, channel_id=place.channel.id, purged_seq=place.purged_seq)

    async def page(self, place: Place, since: int, limit: int, *, first: bool) -> Page:
        """The changes after `since`, in commit order. The first page of all omits tombstones."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_PAGE, place.channel.id, since, limit + 1, not first)
        changes = [row for row in rows if row["seq"] is not None]
        more = len(changes) > limit
        changes = changes[:limit]
        # Rows that a first page left out must not come again: it ends at the head of its own snapshot.
        end = rows[0]["head"] if first else since
        next_seq = changes[-1]["seq"] if more else max(end, since, changes[-1]["seq"] if changes else 0)
        cursor = cursor_at(place.epoch, place.channel.id, next_seq)
        tail = f'],"next":"{cursor}","more":{"true" if more else "false"}}}'.encode()
        body = b'{"changes":[' + b",".join([_change(row) for row in changes]) + tail
        return Page(body=body, next_seq=next_seq, count=len(changes))

    async def digest(self, place: Place, at: str | None) -> dict[str, object]:
        """SHA-256 over the sorted lines `id SP version SP sha256 LF` of all live materials, at the present head."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(_LIVE, place.channel.id)
        cursor = str(cursor_at(place.epoch, place.channel.id, rows[0]["head"]))
        if at is not None:
            self.since(place, at)
            if at != cursor:
                raise CursorMoved(cursor=cursor)
        live = [row for row in rows if row["material_id"] is not None]
        lines = sorted(f"{row['material_id']} {row['version']} {row['sha256']}\n" for row in live)
        return {"cursor": cursor, "count": len(lines), "sha256": sha256("".join(lines).encode()).hexdigest()}


LedgerRow = tuple[UUID, str, UUID, int, datetime, datetime]
"""(organization, client, channel, seq, first asked at, asked at)"""
