"""Materials, their history and their published editions in PostgreSQL."""

import json
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.asset import Attachment
from domain.channel import LiveEdition
from domain.content import Content
from domain.errors import IdTaken, StaleVersion
from domain.material import Material
from domain.ports import Edition, HistoryLine, Signature
from storage.rows import to_row, to_struct
from storage.tables import edition_assets, editions, history, materials

# Built once: SQLAlchemy takes as long to build a statement as PostgreSQL to run it.
_GET = select(materials).where(materials.c.id == bindparam("wanted"))
_SAVE = update(materials).where(materials.c.id == bindparam("known_id"), materials.c.revision == bindparam("known"))
_ADD_HISTORY, _ADD_EDITION = insert(history), insert(editions)


def _row(material: Material) -> dict[str, object]:
    return {
        **to_row(materials, material),
        "content": msgspec.to_builtins(material.content),
        "attachments": msgspec.to_builtins(material.attachments),
        "kind": material.content.kind,
        "title": material.content.title,
        "expires_at": material.content.expires_at,
        "due_at": material.due_at,
    }


class MaterialStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection
        self.sealed: dict[tuple[UUID, int], Signature] = {}
        """The seals of the editions that this transaction added."""

    async def get(self, material_id: UUID) -> Material:
        row = (await self._db.execute(_GET, {"wanted": material_id})).mappings().first()
        return to_struct(
            Material,
            row,
            content=msgspec.convert(row["content"], Content) if row else None,
            attachments=msgspec.convert(row["attachments"], tuple[Attachment, ...]) if row else None,
        )

    async def add(self, material: Material) -> None:
        try:
            await self._db.execute(insert(materials).values(_row(material)))
        except IntegrityError as error:
            raise IdTaken from error

    async def save(self, material: Material) -> Material:
        """Write the next revision; StaleVersion when somebody else did so first."""
        values = _row(material) | {"revision": material.revision + 1}
        done = await self._db.execute(_SAVE, values | {"known_id": material.id, "known": material.revision})
        if done.rowcount != 1:
            current = await self.get(material.id)
            raise StaleVersion(current=current.revision)
        return msgspec.structs.replace(material, revision=material.revision + 1)

    async def add_history(self, material_id: UUID, line: HistoryLine) -> None:
        await self._db.execute(_ADD_HISTORY, {**to_row(history, line), "material_id": material_id})

    async def add_edition(self, edition: Edition) -> None:
        seal = edition.signature
        self.sealed[edition.material_id, edition.version] = seal
        await self._db.execute(
            _ADD_EDITION,
            {
                "material_id": edition.material_id,
                "version": edition.version,
                "document": edition.document,
                "sha256": seal.sha256,
                "signature": seal.value,
                "kid": seal.kid,
                "published_at": edition.published_at,
                "hidden": False,
            },
        )
        if edition.asset_ids:
            rows = [
                {"material_id": edition.material_id, "version": edition.version, "asset_id": each}
                for each in edition.asset_ids
            ]
            await self._db.execute(insert(edition_assets), rows)

    async def hide_editions(self, material_id: UUID) -> None:
        await self._db.execute(update(editions).where(editions.c.material_id == material_id).values(hidden=True))

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
        return list((await self._db.execute(query)).scalars())

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
        found = (await self._db.execute(query)).scalars()
        return [msgspec.convert(json.loads(document), LiveEdition) for document in found]
