"""The table of the audit trail."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from storage.postgres.metadata import Instant, metadata

audit = Table(
    "audit",
    metadata,
    Column("place", BigInteger, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("verb", Text, key="activity", nullable=False),
    Column("thing", Text, key="target", nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("seal_no", BigInteger),
    Column("seal", LargeBinary),
)
