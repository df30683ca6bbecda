"""Tables of outlets."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.postgres.metadata import Instant, metadata

outlets = Table(
    "outlets",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("place_id", UUID),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("profile", JSONB, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("outlet_id", UUID, nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("removed_at", Instant),
    Column("revision", Integer, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("outlet_id", UUID, nullable=False),
    Column("start", Text, nullable=False),
    Column("duration_seconds", Integer, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("material_id", UUID),
    Column("activity_id", UUID),
    Column("slot_id", UUID),
    Column("note", Text, nullable=False),
    Column("cancelled_at", Instant),
    Column("cancel_reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sequence_base", Integer, nullable=False, server_default="0"),
)

placements = Table(
    "placements",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("outlet_id", UUID, nullable=False),
    Column("material_id", UUID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("on_day", Date, nullable=False),
    Column("reach", BigInteger),
    Column("report", JSONB, nullable=False),
    Column("booking_id", UUID),
    Column("late_seconds", Integer),
    Column("after_takedown", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)
