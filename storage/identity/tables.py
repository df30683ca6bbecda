"""Tables of identity: organizations, people, apps, and how they sign in."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from storage.postgres.metadata import Instant, metadata

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
    Column("successor_id", UUID),
    Column("revision", Integer, nullable=False),
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
    Column("email", Text),
    Column("revision", Integer, nullable=False),
    Column("left_at", Instant),
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
    Column("jwks", JSONB(none_as_null=True)),
    Column("active", Boolean, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("grant_types", ARRAY(Text), nullable=False),
    Column("revision", Integer, nullable=False),
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
    Column("auth_time", Instant),
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
    Column("private_box", LargeBinary, key="encrypted_private", nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant),
)

credentials = Table(
    "credentials",
    metadata,
    Column("member_id", UUID, primary_key=True),
    Column("password_hash", Text),
    Column("totp_box", LargeBinary, key="totp_secret"),
    Column("totp_step", BigInteger, nullable=False),
    Column("recovery_hashes", ARRAY(LargeBinary), nullable=False),
    Column("provider_subject", Text),
    Column("revision", Integer, nullable=False),
)

logins = Table(
    "logins",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("member_id", UUID),
    Column("complete", Boolean, nullable=False),
    Column("auth_time", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

authorization_codes = Table(
    "codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("member_id", UUID, nullable=False),
    Column("session_id", UUID),
    Column("redirect_uri", Text),
    Column("scope", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("auth_time", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("session_id", UUID, nullable=False),
    Column("scope", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("replaced_at", Instant),
)

devices = Table(
    "devices",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_code_hash", LargeBinary, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("member_id", UUID),
    Column("auth_time", Instant),
    Column("interval_seconds", Integer, nullable=False),
    Column("polled_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
)

throttles = Table(
    "throttles",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("code_hash", LargeBinary, nullable=False),
    Column("organization_id", UUID, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("email", Text),
    Column("invited_by", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("member_id", UUID),
    Column("revision", Integer, nullable=False),
)
