"""Reads of single published documents and media."""

from uuid import UUID

import asyncpg
import msgspec

from domain.distribution.change import Tombstone, TombstoneReason
from domain.distribution.document import instant
from domain.errors import Gone, NotFound
from domain.media.asset import Asset
from domain.read_access import ReadAccess
from storage.distribution.read_access import join_grants, parameters, readable
from storage.media.assets import asset_of
from storage.postgres.connections import as_uuid, reading

_STATE = f"""
SELECT e.material_id, e.version, e.changed_at, e.reason, e.note
  FROM entries e JOIN channels c ON c.id = e.channel_id
       {join_grants("$2")}
 WHERE e.material_id = $1 AND {readable("$3")}
 ORDER BY e.reason IS NULL DESC, e.seq DESC LIMIT 1
"""  # noqa: S608 -- constants
_DOCUMENT = f"""
SELECT s.*, d.version AS found_version, d.document, d.sha256, d.signature, d.kid
  FROM ({_STATE}) s
       LEFT JOIN editions d ON d.material_id = s.material_id AND d.version = coalesce($4, s.version) AND NOT d.hidden
"""  # noqa: S608 -- constants
_VERSIONS = """
SELECT version, sha256, published_at FROM editions WHERE material_id = $1 AND NOT hidden ORDER BY version DESC
"""
_MEDIA = f"""
SELECT x.*, m.live, m.material_id, m.version, m.changed_at, m.reason, m.note FROM (
SELECT e.reason IS NULL AND a.version = e.version AS live, e.material_id, e.version, e.changed_at, e.reason, e.note
  FROM edition_assets a JOIN entries e ON e.material_id = a.material_id
       JOIN channels c ON c.id = e.channel_id
       {join_grants("$2")}
 WHERE a.asset_id = $1 AND {readable("$3")}
 ORDER BY 1 DESC, e.reason IS NULL, e.seq DESC LIMIT 1) m CROSS JOIN assets x WHERE x.id = $1
"""  # noqa: S608 -- constants


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A published version as bytes, with its signature."""

    body: bytes
    version: int
    sha256: str
    signature: str
    kid: str


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    sha256: str
    published_at: str
    href: str


class PublishedReader:
    """Single documents and media. Everything that the caller may not read is `ReadAccess.refusal`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get_document(self, access: ReadAccess, material_id: UUID, version: int | None = None) -> Document:
        """The live version, or an earlier one. Gone with the tombstone when the material was taken down."""
        async with reading(self._pool) as connection:
            found = await connection.fetchrow(_DOCUMENT, material_id, *parameters(access), version)
        row = _live(found, access)
        if row["found_version"] is None or row["found_version"] > row["version"]:
            raise NotFound
        return Document(
            body=row["document"],
            version=row["found_version"],
            sha256=row["sha256"],
            signature=row["signature"],
            kid=row["kid"],
        )

    async def list_versions(self, access: ReadAccess, material_id: UUID) -> list[VersionSummary]:
        """The published versions of a live material, newest first."""
        async with reading(self._pool) as connection:
            state = _live(await connection.fetchrow(_STATE, material_id, *parameters(access)), access)
            rows = await connection.fetch(_VERSIONS, material_id)
        return [
            VersionSummary(
                version=row["version"],
                sha256=row["sha256"],
                published_at=instant(row["published_at"]),
                href=f"/v1/materials/{material_id}/versions/{row['version']}",
            )
            for row in rows
            if row["version"] <= state["version"]
        ]

    async def get_media(self, access: ReadAccess, asset_id: UUID) -> Asset:
        """An asset that a live version in a readable channel carries. Gone when it is no longer carried."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(_MEDIA, asset_id, *parameters(access))
        if row is None:
            raise access.refusal()
        if not row["live"]:
            raise Gone(tombstone=_tombstone(row))
        return asset_of(row)


def _live(state: asyncpg.Record | None, access: ReadAccess) -> asyncpg.Record:
    if state is None:
        raise access.refusal()
    if state["reason"] is not None:
        raise Gone(tombstone=_tombstone(state))
    return state


def _tombstone(row: asyncpg.Record, default: TombstoneReason = "superseded") -> Tombstone:
    return Tombstone(
        id=as_uuid(row["material_id"]),
        version=row["version"],
        changed_at=row["changed_at"],
        reason=row["reason"] or default,
        note=row["note"],
    )
