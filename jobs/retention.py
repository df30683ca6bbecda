"""The job of retention."""

from domain import retention
from runtime.services import Services
from storage.postgres.idempotency import KEPT


async def purge(services: Services) -> None:
    await retention.purge(services.work())
    await services.idempotency.purge(services.clock.now() - KEPT)
