"""Jobs of identity: signing keys."""

from runtime.services import Services


async def load_keys(services: Services) -> None:
    await services.load_keys()
