"""Retention: what is removed when its time is over. Run hourly by the background worker, any number of times."""

from datetime import timedelta

from domain.distribution.change import TOMBSTONE_DAYS
from domain.events import CLOCK, Event
from domain.unit_of_work import UnitOfWork

EXPIRED_KEPT = timedelta(days=1)
ASSERTIONS_KEPT = timedelta(minutes=10)
THROTTLES_KEPT = timedelta(hours=1)


async def purge(work: UnitOfWork) -> dict[str, int]:
    """Remove old tombstones and everything of sign-in that has expired. Gives how many rows of each."""
    async with work:
        now = work.clock.now()
        expired = now - EXPIRED_KEPT
        removed = {
            "tombstones": await work.feed_entries.purge(now - timedelta(days=TOMBSTONE_DAYS)),
            "assertions": await work.assertions.purge(now - ASSERTIONS_KEPT),
            "authorization_codes": await work.authorization_codes.purge(expired),
            "refresh_tokens": await work.refresh_tokens.purge(expired),
            "devices": await work.devices.purge(expired),
            "logins": await work.logins.purge(expired),
            "sessions": await work.sessions.purge(expired),
            "invitations": await work.invitations.purge(expired),
            "throttles": await work.throttles.purge(now - THROTTLES_KEPT),
        }
        counts: dict[str, object] = {name: count for name, count in removed.items() if count}
        events = [Event(actor=CLOCK, activity="retention.purge", target="retention", detail=counts)] if counts else []
        await work.commit(*events)
    return removed
