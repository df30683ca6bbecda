"""Channels in PostgreSQL."""

from collections.abc import Sequence

import msgspec
from asyncpg import IntegrityConstraintViolationError, Record
from sqlalchemy import insert, select

from domain.distribution.channel import Channel, RoutingRule
from domain.errors import SlugTaken
from storage.distribution.tables import channels
from storage.postgres.revisions import RevisionedTable
from storage.postgres.rows import to_row, to_struct
from storage.postgres.statements import Sql, Statement

_LIST = Statement(select(channels).order_by(channels.c.slug))
_REVISIONS = RevisionedTable(channels, "id", fixed=["purged_seq"])


def _channel(row: Record | None) -> Channel:
    return to_struct(Channel, row, rule=msgspec.convert(row["rule"], RoutingRule) if row else None)


class ChannelStore:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def get(self, slug: str) -> Channel:
        return _channel(await self._sql.row(select(channels).where(channels.c.slug == slug)))

    async def list(self) -> Sequence[Channel]:
        return [_channel(row) for row in await self._sql.rows(_LIST)]

    async def add(self, channel: Channel) -> None:
        try:
            await self._sql.run(insert(channels).values(**to_row(channels, channel), purged_seq=0))
        except IntegrityConstraintViolationError as error:
            raise SlugTaken(slug=channel.slug) from error

    async def save(self, channel: Channel) -> Channel:
        return await _REVISIONS.save(self._sql, channel, to_row(channels, channel))
