"""What every table definition needs. `migrations/` makes the tables; a test holds the two against each other."""

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = MetaData()
Instant = TIMESTAMP(timezone=True)
