"""The tables, as SQLAlchemy Core sees them. `migrations/` makes them; a test holds the two against each other."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

metadata = MetaData()
Instant = TIMESTAMP(timezone=True)

organizations = Table(
    "organizations",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent_id", UUID),
    Column("duties", ARRAY(Text), nullable=False),
    Column("active_from", Instant),
    Column("active_to", Instant),
)
members = Table(
    "members",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("organization_id", UUID, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False),
)
clients = Table(
    "clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organization_id", UUID, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("secret_hashes", ARRAY(LargeBinary), nullable=False),
    Column("jwks", JSONB),
    Column("active", Boolean, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("member_id", UUID),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)
assertions = Table(
    "assertions",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("jti", Text, primary_key=True),
    Column("expires_at", Instant, nullable=False),
)
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column("private_box", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant),
)
vocabulary = Table(
    "vocabulary",
    metadata,
    Column("list", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("place", Integer, nullable=False),
)
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
    Column("verb", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("note", Text, nullable=False),
)
editions = Table(
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
edition_assets = Table(
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
)
entries = Table(
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
)
ledger = Table(
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
assets = Table(
    "assets",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("filename", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("duration_ms", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_at", Instant, nullable=False),
)
uploads = Table(
    "uploads",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("owner_id", UUID, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("segments", ARRAY(BigInteger), nullable=False),
    Column("filename", Text, nullable=False),
    Column("sha256", Text),
    Column("expires_at", Instant, nullable=False),
    Column("asset_id", UUID),
)
audit = Table(
    "audit",
    metadata,
    Column("place", BigInteger, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)
idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("committed", Boolean, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
)
