"""Bucket against rows, both ways. Deletes are rows first, objects after seven days of grace."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.media.asset import blob_key
from domain.media.upload import segment_key
from storage.media.tables import assets, uploads
from storage.objects.store import ObjectStore
from storage.postgres.connections import translated

GRACE = timedelta(days=7)


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """`missing`: a row without its object (alarm). `orphans`: objects that no row names; `removable`: the old ones."""

    objects: int
    missing: list[str]
    wrong_size: list[str]
    orphans: list[str]
    removable: list[str]

    @property
    def sound(self) -> bool:
        return not (self.missing or self.wrong_size)


async def reconcile(engine: AsyncEngine, store: ObjectStore, now: datetime) -> Reconciliation:
    """Compare rows with objects as of `now`; changes nothing."""
    # Objects first: what is uploaded meanwhile then has a row, never the other way round.
    blobs = {name: (size, at) for name, size, at in await store.names("blob/")}
    staged = {name: (size, at) for name, size, at in await store.names("staging/")}
    with translated():
        async with engine.connect() as connection:
            rows = (await connection.execute(select(assets.c.sha256, assets.c.size_bytes).distinct())).all()
            waiting = (await connection.execute(select(uploads.c.id, uploads.c.segments))).all()
    wanted = {blob_key(row.sha256): row.size_bytes for row in rows}
    segments = {segment_key(row.id, each) for row in waiting for each in row.segments}
    fresh = {name for name in wanted if name not in blobs and await store.exists(name)}
    orphans = [name for name in blobs if name not in wanted] + [name for name in staged if name not in segments]
    old = [name for name in orphans if now - _when(blobs.get(name) or staged[name], now) > GRACE]
    return Reconciliation(
        objects=len(blobs),
        missing=sorted(name for name in wanted if name not in blobs and name not in fresh),
        wrong_size=sorted(name for name, size in wanted.items() if name in blobs and blobs[name][0] != size),
        orphans=sorted(orphans),
        removable=sorted(old),
    )


def _when(found: tuple[int, object], now: datetime) -> datetime:
    return found[1] if isinstance(found[1], datetime) else now
