"""Tables of media."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from storage.postgres.metadata import Instant, metadata

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
    Column("revision", Integer, nullable=False),
)
