"""A short-lived set of parts for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import make_engine
from storage.migrate import migrate
from storage.objects import ObjectStore
from storage.settings import Settings
from storage.system import SystemClock, SystemIds
from storage.work import Work


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
