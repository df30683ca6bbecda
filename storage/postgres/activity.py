"""What is connected to the database."""

import asyncpg

from storage.postgres.connections import WORKER, reading

_COUNT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"


async def count_workers(pool: asyncpg.Pool) -> int:
    """The number of connections of background workers."""
    async with reading(pool) as connection:
        return int(await connection.fetchval(_COUNT, WORKER))
