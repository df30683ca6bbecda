"""Tables of distribution. The physical names are those of the first migrations."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.postgres.metadata import Instant, metadata

published_versions = Table(
    "editions",
    metadata,
    Column("material_id", UUID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("hidden", Boolean, nullable=False),
)

published_version_assets = Table(
    "edition_assets",
    metadata,
    Column("material_id", UUID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("asset_id", UUID, primary_key=True),
)

channels = Table(
    "channels",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("rule", JSONB, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("rerouting_from", UUID),
    Column("purged_seq", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("channel_id", UUID, primary_key=True),
    Column("organization_id", UUID, primary_key=True),
    Column("granted_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revision", Integer, nullable=False),
)

feed_entries = Table(
    "entries",
    metadata,
    Column("channel_id", UUID, primary_key=True),
    Column("material_id", UUID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("reason", Text),
    Column("note", Text, nullable=False),
    Column("line", LargeBinary, nullable=False),
)

recipients = Table(
    "ledger",
    metadata,
    Column("organization_id", UUID, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("channel_id", UUID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("first_asked_at", Instant, nullable=False),
    Column("asked_at", Instant, nullable=False),
)

downloads = Table(
    "downloads",
    metadata,
    Column("organization_id", UUID, primary_key=True),
    Column("asset_id", UUID, primary_key=True),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("count", BigInteger, nullable=False),
)

takedowns = Table(
    "takedowns",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("material_id", UUID),
    Column("channel_id", UUID),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("revision", Integer, nullable=False),
)

obligations = Table(
    "obligations",
    metadata,
    Column("takedown_id", UUID, primary_key=True),
    Column("organization_id", UUID, primary_key=True),
    Column("status", Text),
    Column("note", Text, nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
)
