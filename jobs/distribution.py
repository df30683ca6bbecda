"""Jobs of distribution: scheduled publication, expiry, re-routing, late recipients of takedowns."""

from domain.distribution.actions import channels, publications, takedowns
from jobs.attempts import attempt
from runtime.services import Services


async def run_due(services: Services) -> None:
    for material_id in await publications.list_due(services.work()):
        work = publications.run_due(services.work(), services.publisher, material_id)
        await attempt(f"material {material_id}", work)


async def reroute(services: Services) -> None:
    for slug in await channels.list_rerouting(services.work()):
        await attempt(f"channel {slug}", channels.reroute(services.work(), slug))


async def extend_takedowns(services: Services) -> None:
    await takedowns.extend(services.work())
