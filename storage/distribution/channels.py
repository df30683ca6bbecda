"""Channels and grants in PostgreSQL."""

from uuid import UUID

import msgspec
from asyncpg import IntegrityConstraintViolationError, Record
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.distribution.channel import Channel, Grant, Rule
from domain.errors import SlugTaken, StaleVersion
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement
from storage.postgres.tables import channels, entries, grants

_ALL = Statement(select(channels).order_by(channels.c.slug))
_CARRYING = Statement(
    select(entries.c.channel_id, entries.c.reason).where(entries.c.material_id == bindparam("wanted"))
)


def _channel(row: Record | None) -> Channel:
    return to_struct(Channel, row, rule=msgspec.convert(row["rule"], Rule) if row else None)


class ChannelStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, slug: str) -> Channel:
        return _channel(await self._sql.row(select(channels).where(channels.c.slug == slug)))

    async def all(self) -> list[Channel]:
        return [_channel(row) for row in await self._sql.rows(_ALL)]

    async def carrying(self, material_id: UUID) -> dict[UUID, bool]:
        """Every channel that ever had the material, and whether it is live there."""
        rows = await self._sql.rows(_CARRYING, wanted=material_id)
        return {row["channel_id"]: row["reason"] is None for row in rows}

    async def add(self, channel: Channel) -> None:
        values = to_row(channels, channel)
        try:
            await self._sql.run(insert(channels).values(**values, purged_seq=0))
        except IntegrityConstraintViolationError as error:
            raise SlugTaken(slug=channel.slug) from error

    async def save(self, channel: Channel) -> Channel:
        values = dict(to_row(channels, channel))
        values["revision"] = channel.revision + 1
        known = (channels.c.id == channel.id, channels.c.revision == channel.revision)
        if await self._sql.run(update(channels).where(*known).values(values)) != 1:
            raise StaleVersion(current=(await self.get(channel.slug)).revision)
        return msgspec.structs.replace(channel, revision=channel.revision + 1)

    async def find_grant(self, channel_id: UUID, organization_id: UUID) -> Grant | None:
        query = select(grants).where(grants.c.channel_id == channel_id, grants.c.organization_id == organization_id)
        row = await self._sql.row(query)
        return to_struct(Grant, row) if row else None

    async def save_grant(self, grant: Grant) -> None:
        values = to_row(grants, grant)
        statement = upsert(grants).values(**values)
        await self._sql.run(
            statement.on_conflict_do_update(index_elements=["channel_id", "organization_id"], set_=dict(values))
        )
