"""Lists of outlets, bookings and placements, and the running order of a day."""

from datetime import date, datetime
from uuid import UUID

from domain.actor import Actor
from storage.outlets.titles import booked_title, published
from storage.postgres.lists import FIRST, LAST, Lists, Row

_OUTLETS = """
SELECT id, owner_id, revision, active, profile, created_at, updated_at FROM outlets
 WHERE id > $1 AND ($2 OR owner_id = $3) AND ($4::uuid IS NULL OR owner_id = $4) AND ($5::text IS NULL OR kind = $5)
 ORDER BY id LIMIT $6
"""
_BOOKINGS = """
SELECT b.id, b.owner_id, b.revision, b.outlet_id, b.start, b.duration_seconds, b.starts_at, b.ends_at, b.state,
       b.material_id, b.activity_id, b.slot_id, b.note, b.cancelled_at, b.cancel_reason, b.created_at, b.updated_at
  FROM bookings b
 WHERE b.id < $1 AND ($2 OR b.owner_id = $3) AND ($4::uuid IS NULL OR b.owner_id = $4)
   AND ($5::uuid IS NULL OR b.outlet_id = $5) AND ($6::uuid IS NULL OR b.material_id = $6)
   AND ($7::text IS NULL OR b.state = $7)
   AND ($8::timestamptz IS NULL OR b.ends_at > $8) AND ($9::timestamptz IS NULL OR b.starts_at < $9)
 ORDER BY b.id DESC LIMIT $10
"""
_PLACEMENTS = """
SELECT id, owner_id, revision, report, version, on_day, booking_id, late_seconds, after_takedown, created_at
  FROM placements
 WHERE id < $1 AND ($2 OR owner_id = $3) AND ($4::uuid IS NULL OR owner_id = $4)
   AND ($5::uuid IS NULL OR outlet_id = $5) AND ($6::uuid IS NULL OR material_id = $6)
   AND ($7::date IS NULL OR on_day = $7)
 ORDER BY id DESC LIMIT $8
"""
_RUNNING_ORDER = f"""
SELECT b.id, b.start, b.starts_at, b.ends_at, b.duration_seconds, b.state, b.note, b.material_id, b.activity_id,
       {booked_title("m", "b", "a")} AS title,
       (SELECT (each ->> 'id')::uuid FROM jsonb_array_elements({published("m")} -> 'assets') each
         WHERE each ->> 'role' = 'main' LIMIT 1) AS asset_id,
       p.id AS placement_id, p.late_seconds
  FROM bookings b
  LEFT JOIN materials m ON m.id = b.material_id LEFT JOIN activities a ON a.id = b.activity_id
  LEFT JOIN LATERAL (SELECT id, late_seconds FROM placements WHERE booking_id = b.id ORDER BY id LIMIT 1) p ON true
 WHERE b.outlet_id = $1 AND b.cancelled_at IS NULL AND b.starts_at < $3 AND b.ends_at > $2
 ORDER BY b.starts_at LIMIT 1000
"""  # noqa: S608 -- constants


class OutletLists(Lists):
    async def page(
        self, actor: Actor, *, after: UUID | None, organization: UUID | None, kind: str | None, limit: int
    ) -> list[Row]:
        """Outlets that exist for `actor`, oldest first."""
        reach = (actor.reaches_all, actor.organization_id)
        return await self._fetch(_OUTLETS, after or FIRST, *reach, organization, kind, limit, json=["profile"])

    async def running_order(self, outlet_id: UUID, start: datetime, end: datetime) -> list[Row]:
        """Live bookings of an outlet within a range, by start, with what the station needs to air them."""
        return await self._fetch(_RUNNING_ORDER, outlet_id, start, end)


class BookingLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: UUID | None,
        organization: UUID | None,
        outlet: UUID | None,
        material: UUID | None,
        state: str | None,
        start: datetime | None,
        end: datetime | None,
        limit: int,
    ) -> list[Row]:
        """Bookings of outlets that exist for `actor`, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        filters = (organization, outlet, material, state, start, end)
        return await self._fetch(_BOOKINGS, after or LAST, *reach, *filters, limit)


class PlacementLists(Lists):
    async def page(
        self,
        actor: Actor,
        *,
        after: UUID | None,
        organization: UUID | None,
        outlet: UUID | None,
        material: UUID | None,
        on: date | None,
        limit: int,
    ) -> list[Row]:
        """Placements of outlets that exist for `actor`, newest first."""
        reach = (actor.reaches_all, actor.organization_id)
        filters = (organization, outlet, material, on)
        return await self._fetch(_PLACEMENTS, after or LAST, *reach, *filters, limit, json=["report"])
