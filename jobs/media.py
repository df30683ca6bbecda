"""Jobs of media: expired uploads, and the object store against the rows."""

import logging

from domain.media.actions import uploads
from runtime.services import Services
from storage.objects.reconcile import reconcile

log = logging.getLogger("lantoa.worker")


async def sweep_uploads(services: Services) -> None:
    await uploads.sweep(services.work(), services.objects)


async def reconcile_objects(services: Services) -> None:
    found = await reconcile(services.engine, services.objects, services.clock.now())
    await services.objects.remove(found.removable)
    if not found.sound:
        log.error("objects are missing or cut: lantoa audit objects (%s)", found.missing + found.wrong_size)
