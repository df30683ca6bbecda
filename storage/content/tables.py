"""Tables of content."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.postgres.metadata import Instant, metadata

materials = Table(
    "materials",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("attachments", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    Column("live_version", Integer),
    Column("edited_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("note", Text, nullable=False),
    Column("scheduled_for", Instant),
    Column("live_expires_at", Instant),
    Column("expires_at", Instant),
    Column("due_at", Instant),
    Column("first_published_at", Instant),
    Column("published_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("place", BigInteger, primary_key=True),
    Column("material_id", UUID, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("verb", Text, key="action", nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("note", Text, nullable=False),
)
