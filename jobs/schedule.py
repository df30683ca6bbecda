"""Every periodic job of the background worker: what it does, how often, and which lock keeps two workers apart."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from jobs import audit, coordination, distribution, identity, media, retention
from runtime.services import Services

ROUND_SECONDS = 0.5
"""Schedules and expiries are kept to the second."""
HOUR_SECONDS = 3600.0
DAY_SECONDS = 24 * HOUR_SECONDS


class Job(NamedTuple):
    """`first_after_seconds`: how long after start-up it runs first. `lock`: for readers, where it is taken is named."""

    name: str
    run: Callable[[Services], Awaitable[None]]
    every_seconds: float
    lock: str
    first_after_seconds: float = 0.0


SCHEDULE: tuple[Job, ...] = (
    Job("signing keys: pick up rotations", identity.load_keys, 5.0, "advisory SIGNING_KEYS"),
    Job("materials: publish scheduled ones, expire", distribution.run_due, ROUND_SECONDS, "revision of the material"),
    Job("channels: apply changed rules", distribution.reroute, ROUND_SECONDS, "revision of the channel"),
    Job("takedowns: add late recipients", distribution.extend_takedowns, ROUND_SECONDS, "advisory LOST_CHANNELS"),
    Job("assignments: send reminders that are due", coordination.remind, 5.0, "row of the assignment"),
    Job("activities: expand series further", coordination.roll_on, HOUR_SECONDS, "row of the activity"),
    Job("audit trail: extend the hash chain", audit.extend_chain, ROUND_SECONDS, "advisory AUDIT_CHAIN"),
    Job("uploads: discard expired ones", media.sweep_uploads, HOUR_SECONDS, "none: removing twice is harmless"),
    Job("retention: remove what has expired", retention.purge, HOUR_SECONDS, "none: removing twice is harmless"),
    Job(
        "objects: reconcile with rows", media.reconcile_objects, DAY_SECONDS, "none: reads, then removes", HOUR_SECONDS
    ),
)
