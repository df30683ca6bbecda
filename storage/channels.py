"""Channels and grants in PostgreSQL."""

from uuid import UUID

import msgspec
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.channel import Channel, Grant, Rule
from domain.errors import SlugTaken, StaleVersion
from storage.rows import to_row, to_struct
from storage.tables import channels, entries, grants

_ALL = select(channels).order_by(channels.c.slug)
_CARRYING = select(entries.c.channel_id, entries.c.reason).where(entries.c.material_id == bindparam("wanted"))


class ChannelStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._db = connection

    async def get(self, slug: str) -> Channel:
        row = (await self._db.execute(select(channels).where(channels.c.slug == slug))).mappings().first()
        return to_struct(Channel, row, rule=msgspec.convert(row["rule"], Rule) if row else None)

    async def all(self) -> list[Channel]:
        rows = (await self._db.execute(_ALL)).mappings()
        return [to_struct(Channel, row, rule=msgspec.convert(row["rule"], Rule)) for row in rows]

    async def carrying(self, material_id: UUID) -> dict[UUID, bool]:
        """Every channel that ever had the material, and whether it is live there."""
        rows = await self._db.execute(_CARRYING, {"wanted": material_id})
        return {row.channel_id: row.reason is None for row in rows}

    async def add(self, channel: Channel) -> None:
        values = to_row(channels, channel, rule=msgspec.to_builtins(channel.rule))
        try:
            await self._db.execute(insert(channels).values(**values, purged_seq=0))
        except IntegrityError as error:
            raise SlugTaken(slug=channel.slug) from error

    async def save(self, channel: Channel) -> Channel:
        values = dict(to_row(channels, channel, rule=msgspec.to_builtins(channel.rule)))
        values["revision"] = channel.revision + 1
        done = await self._db.execute(
            update(channels).where(channels.c.id == channel.id, channels.c.revision == channel.revision).values(values)
        )
        if done.rowcount != 1:
            raise StaleVersion(current=(await self.get(channel.slug)).revision)
        return msgspec.structs.replace(channel, revision=channel.revision + 1)

    async def find_grant(self, channel_id: UUID, organization_id: UUID) -> Grant | None:
        query = select(grants).where(grants.c.channel_id == channel_id, grants.c.organization_id == organization_id)
        row = (await self._db.execute(query)).mappings().first()
        return to_struct(Grant, row) if row else None

    async def save_grant(self, grant: Grant) -> None:
        values = to_row(grants, grant)
        statement = upsert(grants).values(**values)
        await self._db.execute(
            statement.on_conflict_do_update(index_elements=["channel_id", "organization_id"], set_=dict(values))
        )
