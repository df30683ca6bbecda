"""While a channel's rule is applied, no material can be taken down unseen: the kill comes after, or before."""

import asyncio
from uuid import UUID

from harness.installation import Installation, finished
from harness.people import Newsroom
from runtime.services import open_services

FIRST = UUID(int=0)


def test_a_kill_waits_for_rerouting_that_has_read_the_material(installation: Installation, newsroom: Newsroom) -> None:
    material_id = UUID(newsroom.published(title="Sẽ bị gỡ trong lúc chuyển kênh")["id"])
    before = UUID(int=material_id.int - 1)

    async def scenario() -> None:
        async with open_services(installation.settings) as services:
            async with services.work() as rerouting:
                [version] = await rerouting.publications.list_live_after(before, 1)
                assert version.id == material_id
                kill = asyncio.create_task(_lock(services.work(), material_id))
                await asyncio.sleep(0.5)
                assert not kill.done(), "the kill did not wait"
                await rerouting.commit()
            assert await asyncio.wait_for(kill, 5)

    async def _lock(work, wanted: UUID) -> bool:
        async with work:
            return (await work.materials.get(wanted, lock=True)).id == wanted

    finished(scenario())
