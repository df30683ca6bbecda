"""The tables of signing in: how people prove who they are, and what was given to their apps."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from storage.postgres.tables import Instant, metadata

credentials = Table(
    "credentials",
    metadata,
    Column("member_id", UUID, primary_key=True),
    Column("password_hash", Text),
    Column("totp_box", LargeBinary),
    Column("totp_step", BigInteger, nullable=False),
    Column("recovery_hashes", ARRAY(LargeBinary), nullable=False),
    Column("provider_subject", Text),
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
codes = Table(
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
)
