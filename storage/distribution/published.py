"""Single documents and media: what one caller may have of what is published."""

from uuid import UUID

import asyncpg
import msgspec

from domain.actor import Actor
from domain.distribution.change import Tombstone, TombstoneReason
from domain.distribution.document import instant
from domain.errors import Gone, NotFound
from domain.media.asset import Asset
from storage.postgres.connections import as_uuid, reading

_READABLE = "(c.public OR $3 OR (g.granted_at IS NOT NULL AND g.revoked_at IS NULL))"
_STATE = f"""
SELECT e.material_id, e.version, e.changed_at, e.reason, e.note
  FROM entries e JOIN channels c ON c.id = e.channel_id
       LEFT JOIN grants g ON g.channel_id = c.id AND g.organization_id = $2
 WHERE e.material_id = $1 AND {_READABLE}
 ORDER BY e.reason IS NULL DESC, e.seq DESC LIMIT 1
"""  # noqa: S608 -- a constant
_DOCUMENT = f"""
SELECT s.*, d.version AS edition, d.document, d.sha256, d.signature, d.kid
  FROM ({_STATE}) s
       LEFT JOIN editions d ON d.material_id = s.material_id AND d.version = coalesce($4, s.version) AND NOT d.hidden
"""  # noqa: S608 -- a constant
_EDITIONS = """
SELECT version, sha256, published_at FROM editions WHERE material_id = $1 AND NOT hidden ORDER BY version DESC
"""
_MEDIA = f"""
SELECT x.*, m.live, m.material_id, m.version, m.changed_at, m.reason, m.note FROM (
SELECT e.reason IS NULL AND a.version = e.version AS live, e.material_id, e.version, e.changed_at, e.reason, e.note
  FROM edition_assets a JOIN entries e ON e.material_id = a.material_id
       JOIN channels c ON c.id = e.channel_id
       LEFT JOIN grants g ON g.channel_id = c.id AND g.organization_id = $2
 WHERE a.asset_id = $1 AND {_READABLE}
 ORDER BY 1 DESC, e.reason IS NULL, e.seq DESC LIMIT 1) m CROSS JOIN assets x WHERE x.id = $1
"""  # noqa: S608 -- a constant
_ASSET = "SELECT * FROM assets WHERE id = $1"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A published edition as bytes, with its seal."""

    body: bytes
    version: int
    sha256: str
    signature: str
    kid: str


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    sha256: str
    published_at: str
    href: str


class DeliveryReader:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def document(self, actor: Actor | None, material_id: UUID, version: int | None = None) -> Document:
        """The live edition, or an earlier one. Gone with the tombstone when it was taken away, never NotFound."""
        async with reading(self._pool) as connection:
            found = await connection.fetchrow(
                _DOCUMENT, material_id, _organization(actor), _reaches_all(actor), version
            )
        row = _live(found)
        if row["edition"] is None or row["edition"] > row["version"]:
            raise NotFound
        return Document(
            body=row["document"],
            version=row["edition"],
            sha256=row["sha256"],
            signature=row["signature"],
            kid=row["kid"],
        )

    async def versions(self, actor: Actor | None, material_id: UUID) -> list[VersionLine]:
        """The published editions of a live material, newest first."""
        async with reading(self._pool) as connection:
            state = _live(await connection.fetchrow(_STATE, material_id, _organization(actor), _reaches_all(actor)))
            rows = await connection.fetch(_EDITIONS, material_id)
        return [
            VersionLine(
                version=row["version"],
                sha256=row["sha256"],
                published_at=instant(row["published_at"]),
                href=f"/v1/materials/{material_id}/versions/{row['version']}",
            )
            for row in rows
            if row["version"] <= state["version"]
        ]

    async def media(self, actor: Actor | None, asset_id: UUID) -> Asset:
        """An asset that a live edition in a readable channel carries. Gone when it is no longer carried."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_MEDIA, asset_id, _organization(actor), _reaches_all(actor))
        if row is not None and not row["live"]:
            raise Gone(tombstone=_tombstone(row))
        return _asset(row)

    async def asset(self, asset_id: UUID) -> Asset:
        async with reading(self._pool) as connection:
            return _asset(await connection.fetchrow(_ASSET, asset_id))


def _live(state: asyncpg.Record | None) -> asyncpg.Record:
    if state is None:
        raise NotFound
    if state["reason"] is not None:
        raise Gone(tombstone=_tombstone(state))
    return state


def _organization(actor: Actor | None) -> UUID | None:
    return actor.organization_id if actor else None


def _reaches_all(actor: Actor | None) -> bool:
    return actor is not None and actor.reaches_all


def _tombstone(row: asyncpg.Record, default: TombstoneReason = "superseded") -> Tombstone:
    return Tombstone(
        id=as_uuid(row["material_id"]),
        version=row["version"],
        changed_at=row["changed_at"],
        reason=row["reason"] or default,
        note=row["note"],
    )


def _asset(row: asyncpg.Record | None) -> Asset:
    if row is None:
        raise NotFound
    values = {name: row[name] for name in Asset.__struct_fields__}
    return Asset(**values | {"id": as_uuid(row["id"]), "owner_id": as_uuid(row["owner_id"])})
