"""One failing item must not keep the others waiting."""

import logging
from collections.abc import Awaitable

from domain.errors import NotFound, Refusal, StaleVersion, Unavailable

log = logging.getLogger("lantoa.worker")


async def attempt(name: str, work: Awaitable[object]) -> None:
    """Await `work`; log refusals and unexpected errors. Unavailable passes: the round waits for that part."""
    try:
        await work
    except Unavailable:
        raise
    except (StaleVersion, NotFound):
        log.info("%s: another worker or person was faster", name)
    except Refusal as error:
        log.warning("%s: %s %s", name, error.code, error.facts)
    except Exception:
        log.exception("%s: unexpected error", name)
