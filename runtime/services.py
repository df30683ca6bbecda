"""A short-lived set of parts for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import SystemClock, SystemIds
from domain.actor import Actor
from domain.permissions import SCOPES
from runtime.settings import Settings
from storage.objects.store import ObjectStore
from storage.postgres.connections import make_engine
from storage.postgres.migrate import migrate
from storage.postgres.unit_of_work import Work

OPERATOR = Actor(
    client_id="operator",
    organization_id=UUID(int=0),
    scopes=frozenset(SCOPES),
    roles=frozenset({"coordinator"}),
    central=True,
)
"""Whoever has the server's settings at hand; history and audit call it `client:operator`."""


@asynccontextmanager
async def engine_of(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(settings.database_url, size=2)
    try:
        yield engine
    finally:
        await engine.dispose()


async def prepare(settings: Settings) -> str:
    """Bring the database to the newest schema and make the bucket. Gives the schema's revision."""
    async with engine_of(settings) as engine:
        revision = await migrate(engine)
    await ObjectStore(settings).ensure_bucket()
    return revision


def work_on(engine: AsyncEngine) -> Work:
    return Work(engine, SystemClock(), SystemIds())
