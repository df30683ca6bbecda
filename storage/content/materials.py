"""Materials, their history and their published editions in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import IntegrityConstraintViolationError, Record
from sqlalchemy import Integer, Uuid, and_, bindparam, insert, or_, select, text, update

from domain.content.content import Content
from domain.content.material import Material
from domain.distribution.channel import Channel, LiveEdition
from domain.errors import IdTaken, StaleVersion
from domain.identity.organization import Organization
from domain.media.asset import Asset, Attachment
from domain.ports import Edition, HistoryLine, Release, Signature
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import editions, history, materials

_COLUMNS = tuple(materials.columns.keys())
_GET = Statement(select(materials).where(materials.c.id == bindparam("wanted")))
_SAVE = Statement(
    update(materials).where(materials.c.id == bindparam("known_id"), materials.c.revision == bindparam("known")),
    *_COLUMNS,
)
_RELEASE = Statement(text("""
SELECT m.*, row_to_json(o)::text AS owner,
       (SELECT coalesce(json_agg(to_jsonb(c) - 'purged_seq' ORDER BY slug), '[]')::text FROM channels c) AS channels,
       (SELECT coalesce(json_object_agg(channel_id, reason IS NULL), '{}')::text
          FROM entries WHERE material_id = m.id) AS carrying,
       (SELECT coalesce(json_object_agg(id, row_to_json(a)), '{}')::text FROM assets a
         WHERE id IN (SELECT CAST(each ->> 'asset_id' AS uuid) FROM jsonb_array_elements(m.attachments) each)) AS assets
  FROM materials m JOIN organizations o ON o.id = m.owner_id WHERE m.id = :wanted
"""))  # fmt: skip
_read_owner = msgspec.json.Decoder(Organization).decode
_read_channels = msgspec.json.Decoder(tuple[Channel, ...]).decode
_read_carrying = msgspec.json.Decoder(dict[UUID, bool]).decode
_read_edition = msgspec.json.Decoder(LiveEdition).decode
_read_assets = msgspec.json.Decoder(dict[UUID, Asset]).decode
_ADD_HISTORY = Statement(insert(history), *history.columns.keys()[1:])
_ADD_EDITION = Statement(insert(editions), *editions.columns.keys())
_ADD_ASSETS = Statement(
    text(
        "INSERT INTO edition_assets (material_id, version, asset_id) "
        "SELECT :material_id, :version, unnest(CAST(:asset_ids AS uuid[]))"
    ).bindparams(bindparam("material_id", type_=Uuid), bindparam("version", type_=Integer))
)


def _row(material: Material) -> dict[str, object]:
    return {
        **to_row(materials, material),
        "content": material.content,
        "attachments": material.attachments,
        "kind": material.content.kind,
        "title": material.content.title,
        "expires_at": material.content.expires_at,
        "due_at": material.due_at,
    }


def _material(row: Record | None) -> Material:
    return to_struct(
        Material,
        row,
        content=msgspec.convert(row["content"], Content) if row else None,
        attachments=msgspec.convert(row["attachments"], tuple[Attachment, ...]) if row else None,
    )


class MaterialStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.sealed: dict[tuple[UUID, int], Signature] = {}
        """The seals of the editions that this transaction added."""

    async def get(self, material_id: UUID) -> Material:
        return _material(await self._sql.row(_GET, wanted=material_id))

    async def for_release(self, material_id: UUID) -> Release:
        row = await self._sql.row(_RELEASE, wanted=material_id)
        material = _material(row)
        assert row is not None
        return Release(
            material=material,
            owner=_read_owner(row["owner"]),
            channels=_read_channels(row["channels"]),
            carrying=_read_carrying(row["carrying"]),
            assets=_read_assets(row["assets"]),
        )

    async def add(self, material: Material) -> None:
        try:
            await self._sql.run(insert(materials).values(_row(material)))
        except IntegrityConstraintViolationError as error:
            raise IdTaken from error

    async def save(self, material: Material) -> Material:
        """Write the next revision; StaleVersion when somebody else did so first."""
        values = _row(material) | {"revision": material.revision + 1}
        if await self._sql.run(_SAVE, **values, known_id=material.id, known=material.revision) != 1:
            raise StaleVersion(current=(await self.get(material.id)).revision)
        return msgspec.structs.replace(material, revision=material.revision + 1)

    async def add_history(self, material_id: UUID, line: HistoryLine) -> None:
        self._sql.later(_ADD_HISTORY, **to_row(history, line), material_id=material_id)

    async def add_edition(self, edition: Edition) -> None:
        seal = edition.signature
        self.sealed[edition.material_id, edition.version] = seal
        self._sql.later(
            _ADD_EDITION,
            material_id=edition.material_id,
            version=edition.version,
            document=edition.document,
            sha256=seal.sha256,
            signature=seal.value,
            kid=seal.kid,
            published_at=edition.published_at,
            hidden=False,
        )
        if edition.asset_ids:
            named = {"material_id": edition.material_id, "version": edition.version}
            self._sql.later(_ADD_ASSETS, **named, asset_ids=edition.asset_ids)

    async def hide_editions(self, material_id: UUID) -> None:
        await self._sql.run(update(editions).where(editions.c.material_id == material_id).values(hidden=True))

    async def due(self, at: datetime, limit: int) -> list[UUID]:
        """Ids the clock must act on, longest due first. An edition that expired before it began is left alone."""
        living = or_(
            materials.c.live_version.is_not(None),
            materials.c.expires_at.is_(None),
            materials.c.expires_at > at,
        )
        query = (
            select(materials.c.id)
            .where(and_(materials.c.due_at <= at, living))
            .order_by(materials.c.due_at)
            .limit(limit)
        )
        return await self._sql.column(query)

    async def live_after(self, material_id: UUID, limit: int) -> list[LiveEdition]:
        """The live editions with ids after this one, in id order, as their signed documents say."""
        query = (
            select(editions.c.document)
            .join(
                materials,
                and_(materials.c.id == editions.c.material_id, materials.c.live_version == editions.c.version),
            )
            .where(materials.c.id > material_id)
            .order_by(materials.c.id)
            .limit(limit)
        )
        return [_read_edition(document) for document in await self._sql.column(query)]
