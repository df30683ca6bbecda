"""Connections and pools; driver errors become `Unavailable` here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.errors import Unavailable
from storage.postgres.statements import json_text

Connection = asyncpg.pool.PoolConnectionProxy
CONNECT_SECONDS = 1.5
"""How long a request waits for the database before it is answered 503."""
LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server closed the connection between two queries
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,  # two transactions in each other's way: one is done again
    asyncpg.SerializationError,
    TimeoutError,
    PoolTimeout,
)
"""Driver errors of an unreachable database; `translated` turns them into `Unavailable`."""


def parse_url(url: str) -> dict[str, Any]:
    """Split `postgresql://user:password@host:port/name?host=/socket/dir` into asyncpg's arguments."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "host": query.get("host") or parts.hostname,
        "port": parts.port or int(query.get("port", "5432")),
        "database": parts.path.lstrip("/") or "postgres",
    }


WORKER = "lantoa-worker"
"""The application_name of a worker's connections, by which `lantoa doctor` finds it in pg_stat_activity."""


def make_engine(url: str, *, size: int = 8, name: str = "lantoa") -> AsyncEngine:
    """Make the engine of the write side. No connection is opened yet."""
    parts = parse_url(url)
    named = {"server_settings": {"application_name": name, "timezone": "UTC"}}
    return create_async_engine(
        URL.create("postgresql+asyncpg"),
        connect_args={**parts, **named, "timeout": CONNECT_SECONDS, "command_timeout": 30},
        pool_size=2 * size,
        max_overflow=0,  # an overflowing connection is opened and closed for one request: 5 ms each
        pool_timeout=CONNECT_SECONDS,
        json_serializer=json_text,
        json_deserializer=msgspec.json.decode,
    )


async def _reset(connection: "asyncpg.Connection[Any]") -> None:
    """Reset only a connection with an open transaction (a cancelled read): saves a round trip per read."""
    if connection.is_in_transaction():
        await connection.reset()


PREPARED_STATEMENTS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "enable_incremental_sort": "off",
}
"""Settings of the pool for delivery's few fixed reads: planned once per connection, always in index order.

With its defaults PostgreSQL plans a page at each execution, which takes as long as reading it, and for a channel
without statistics it prefers sorting the whole channel.
"""


async def make_pool(
    url: str, *, size: int = 10, name: str = "lantoa", settings: Mapping[str, str] = MappingProxyType({})
) -> asyncpg.Pool:
    """Make a pool of the read side: prepared statements are remembered per connection."""
    pool = asyncpg.create_pool(
        **parse_url(url),
        min_size=0,
        max_size=size,
        timeout=CONNECT_SECONDS,
        command_timeout=10,
        reset=_reset,
        server_settings={"application_name": name, **settings},
    )
    await pool
    return pool


@contextmanager
def translated() -> Iterator[None]:
    """Turn a lost database into Unavailable; everything else passes."""
    try:
        yield
    except DBAPIError as error:
        original = error.orig.__cause__ if error.orig is not None else None
        if error.connection_invalidated or isinstance(original, LOST) or isinstance(error.orig, LOST):
            raise Unavailable(part="database") from error
        raise
    except SQLAlchemyError as error:
        if isinstance(error, PoolTimeout):
            raise Unavailable(part="database") from error
        raise
    except LOST as error:
        raise Unavailable(part="database") from error


class reading:  # noqa: N801 -- used as a verb: `async with reading(pool) as connection`
    """Lend a read connection; a lost database is Unavailable. A class, because it is on the path of every read."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        with translated():
            # Only waiting for a free connection needs a timeout; opening a new one has its own.
            timeout = None if self._pool.get_idle_size() else CONNECT_SECONDS
            self._connection = connection = await self._pool.acquire(timeout=timeout)
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with translated():
            try:
                await self._pool.release(self._connection)  # type: ignore[arg-type]
            finally:
                if error is not None:
                    raise error  # lets `translated` see driver errors that were raised inside the block


def as_uuid(value: object) -> UUID:
    """Asyncpg gives its own UUID class; equality is the same, but msgspec wants the plain one."""
    return UUID(int=value.int) if isinstance(value, UUID) else UUID(str(value))
