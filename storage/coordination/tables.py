"""Tables of coordination."""

from sqlalchemy import BigInteger, Boolean, Column, Computed, Date, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from storage.postgres.metadata import Instant, metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("code", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("participant_ids", ARRAY(UUID), nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

activities = Table(
    "activities",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("campaign_id", UUID),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("place_ids", ARRAY(UUID), nullable=False),
    Column("participant_ids", ARRAY(UUID), nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("audiences", ARRAY(Text), nullable=False),
    Column("plan", JSONB, nullable=False),
    Column("overrides", JSONB, nullable=False),
    Column("results", JSONB(none_as_null=True)),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("cancelled_at", Instant),
    Column("split_from", UUID),
    Column("external_uid", Text),
    Column("recurring", Boolean, nullable=False),
    Column("expanded_until", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("activity_id", UUID, primary_key=True),
    Column("recurrence_id", Text, primary_key=True),
    Column("start", Text, nullable=False),
    Column("end", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("all_day", Boolean, nullable=False),
    Column("title", Text),
    Column("location", Text),
    Column("cancelled_at", Instant),
)

coverages = Table(
    "coverages",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("activity_id", UUID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("material_id", UUID),
    Column("plan", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("flag", Text),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("activity_id", UUID, nullable=False),
    Column("coverage_id", UUID),
    Column("organization_id", UUID, nullable=False),
    Column("member_id", UUID),
    Column("role", Text),
    Column("terms", JSONB, nullable=False),
    Column("due_at", Instant),
    Column("parent_id", UUID),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("history", JSONB, nullable=False),
    Column("reminders", ARRAY(Integer), nullable=False),
    Column("reminded", ARRAY(Integer), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sequence_base", Integer, nullable=False, server_default="0"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("organization_id", UUID, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("member_id", UUID),
    Column("role", Text),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("addressee", Text, Computed("coalesce(member_id::text, role, '')"), primary_key=True),
)

calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("member_id", UUID),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("target_id", UUID, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revision", Integer, nullable=False),
)

attendees = Table(
    "attendees",
    metadata,
    Column("activity_id", UUID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("member_id", UUID),
    Column("attended", Boolean, nullable=False),
    Column("completed_on", Date),
    Column("certificate_number", Text, nullable=False),
)
