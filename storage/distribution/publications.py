"""Published versions in PostgreSQL, and the one read that publishing needs."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Integer, Uuid, and_, bindparam, insert, select, text, update

from domain.distribution.channel import Channel, LiveVersion
from domain.distribution.publication import PublishedVersion, Release, Signature
from domain.errors import NotFound
from domain.identity.organization import Organization
from domain.media.asset import Asset
from domain.read_access import ReadAccess
from storage.content.materials import material_of
from storage.content.tables import materials
from storage.distribution.read_access import join_grants, parameters, readable
from storage.distribution.tables import published_versions
from storage.postgres.connections import as_uuid
from storage.postgres.statements import Sql, Statement

_RELEASE = Statement(text("""
SELECT m.*, row_to_json(o)::text AS owner,
       (SELECT coalesce(json_agg(to_jsonb(c) - 'purged_seq' ORDER BY slug), '[]')::text FROM channels c) AS channels,
       (SELECT coalesce(json_object_agg(channel_id, reason IS NULL), '{}')::text
          FROM entries WHERE material_id = m.id) AS live_by_channel,
       (SELECT coalesce(json_object_agg(id, to_jsonb(a) - 'created_at'), '{}')::text FROM assets a
         WHERE id IN (SELECT CAST(each ->> 'asset_id' AS uuid) FROM jsonb_array_elements(m.attachments) each)) AS assets
  FROM materials m JOIN organizations o ON o.id = m.owner_id WHERE m.id = :wanted
"""))  # fmt: skip
_read_owner = msgspec.json.Decoder(Organization).decode
_read_channels = msgspec.json.Decoder(tuple[Channel, ...]).decode
_read_live_by_channel = msgspec.json.Decoder(dict[UUID, bool]).decode
_read_live_version = msgspec.json.Decoder(LiveVersion).decode
_read_assets = msgspec.json.Decoder(dict[UUID, Asset]).decode
_ADD = Statement(insert(published_versions), *(column.key for column in published_versions.columns))
_ADD_ASSETS = Statement(
    text(
        "INSERT INTO edition_assets (material_id, version, asset_id) "
        "SELECT :material_id, :version, unnest(CAST(:asset_ids AS uuid[]))"
    ).bindparams(bindparam("material_id", type_=Uuid), bindparam("version", type_=Integer))
)
_SIGNATURES = Statement(
    text("""
SELECT d.material_id, d.version, d.sha256, d.signature, d.kid
  FROM unnest(CAST(:materials AS uuid[]), CAST(:versions AS int[])) AS u (material_id, version)
  JOIN editions d USING (material_id, version)
""")
)
VersionKey = tuple[UUID, int]
"""(material id, version)"""

_IS_READABLE = Statement(
    text(f"""
SELECT EXISTS (SELECT FROM entries e JOIN channels c ON c.id = e.channel_id {join_grants("CAST(:organization AS uuid)")}
                WHERE e.material_id = :material AND {readable("CAST(:everything AS boolean)")})
""").bindparams(bindparam("material", type_=Uuid))  # noqa: S608 -- constants
)

_BY_TITLES = Statement(
    text(f"""
SELECT DISTINCT ON (w.wanted) w.wanted, m.id
  FROM unnest(CAST(:titles AS text[])) AS w(wanted)
  JOIN materials m ON m.first_published_at IS NOT NULL
       AND (CAST(m.id AS text) = w.wanted
            OR (m.version = coalesce(m.live_version, m.version)
                AND (m.title = w.wanted OR left(m.title, 23) = w.wanted OR m.content ->> 'slug' = w.wanted))
            -- Beside a draft that may have another title by now, the published document counts.
            OR (m.version <> m.live_version AND EXISTS (
                SELECT FROM editions d, LATERAL (SELECT CAST(convert_from(d.document, 'UTF8') AS jsonb) AS item) i
                 WHERE d.material_id = m.id AND d.version = m.live_version
                   AND w.wanted IN (item ->> 'title', left(item ->> 'title', 23), item ->> 'slug'))))
 WHERE CAST(:everything AS boolean) OR EXISTS (
       SELECT FROM entries e JOIN channels c ON c.id = e.channel_id {join_grants("CAST(:organization AS uuid)")}
        WHERE e.material_id = m.id AND {readable("false")})
 ORDER BY w.wanted, m.live_version IS NULL, m.title <> w.wanted, m.published_at DESC
""")  # noqa: S608 -- constants
)


class PublicationStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._added: dict[VersionKey, Signature] = {}

    async def get_release(self, material_id: UUID) -> Release:
        row = await self._sql.row(_RELEASE, wanted=material_id)
        material = material_of(row)
        assert row is not None
        return Release(
            material=material,
            owner=_read_owner(row["owner"]),
            channels=_read_channels(row["channels"]),
            live_by_channel=_read_live_by_channel(row["live_by_channel"]),
            assets=_read_assets(row["assets"]),
        )

    async def get_document(self, material_id: UUID, version: int) -> bytes:
        table = published_versions.c
        query = select(table.document).where(table.material_id == material_id, table.version == version)
        row = await self._sql.row(query)
        if row is None:
            raise NotFound
        return bytes(row[0])

    async def add(self, version: PublishedVersion) -> None:
        signature = version.signature
        self._added[version.material_id, version.version] = signature
        self._sql.defer(
            _ADD,
            material_id=version.material_id,
            version=version.version,
            document=version.document,
            sha256=signature.sha256,
            signature=signature.value,
            kid=signature.kid,
            published_at=version.published_at,
            hidden=False,
        )
        if version.asset_ids:
            named = {"material_id": version.material_id, "version": version.version}
            self._sql.defer(_ADD_ASSETS, **named, asset_ids=version.asset_ids)

    async def hide(self, material_id: UUID) -> None:
        hidden = update(published_versions).where(published_versions.c.material_id == material_id)
        await self._sql.run(hidden.values(hidden=True))

    async def is_readable(self, material_id: UUID, access: ReadAccess) -> bool:
        organization_id, everything = parameters(access)
        values = {"material": material_id, "organization": organization_id, "everything": everything}
        return bool((await self._sql.column(_IS_READABLE, **values))[0])

    async def find_by_titles(self, titles: Sequence[str], access: ReadAccess, everything: bool) -> dict[str, UUID]:
        organization_id, reads_all = parameters(access)
        rows = await self._sql.rows(
            _BY_TITLES, titles=list(titles), organization=organization_id, everything=everything or reads_all
        )
        return {row["wanted"]: as_uuid(row["id"]) for row in rows}

    async def list_live_after(self, material_id: UUID, limit: int) -> Sequence[LiveVersion]:
        live = and_(
            materials.c.id == published_versions.c.material_id,
            materials.c.live_version == published_versions.c.version,
        )
        query = (
            select(published_versions.c.document)
            .join(materials, live)
            .where(materials.c.id > material_id)
            .order_by(materials.c.id)
            .limit(limit)
            .with_for_update(read=True, of=materials)
        )
        return [_read_live_version(document) for document in await self._sql.column(query)]

    async def signatures(self, wanted: Sequence[VersionKey]) -> dict[VersionKey, Signature]:
        """The signatures of these versions; those added in this transaction are known without a query."""
        missing = sorted(set(wanted) - self._added.keys())
        if not missing:
            return self._added
        rows = await self._sql.rows(
            _SIGNATURES, materials=[m for m, _ in missing], versions=[version for _, version in missing]
        )
        return self._added | {
            (row["material_id"], row["version"]): Signature(
                sha256=row["sha256"], value=row["signature"], kid=row["kid"]
            )
            for row in rows
        }
