"""Jobs of the audit trail."""

from runtime.services import Services
from storage.audit.chain import extend


async def extend_chain(services: Services) -> None:
    await extend(services.pool)
