"""How often something failed lately, shared by all API processes."""

import math
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.login import FREE_FAILURES, Throttle
from storage.identity_tables import throttles

_ONE = select(throttles).where(throttles.c.key == bindparam("key"))


def _throttle(connection: Connection, key: str) -> Throttle | None:
    row = connection.execute(_ONE, {"key": key}).mappings().first()
    return Throttle(row["failures"], row["last_at"]) if row else None


def seconds_left(connection: Connection, key: str, now: datetime, free: int = FREE_FAILURES) -> int:
    """Seconds until `key` may try again, 0 for now."""
    found = _throttle(connection, key)
    return math.ceil(found.wait(now, free).total_seconds()) if found else 0


def count_failure(connection: Connection, key: str, now: datetime) -> None:
    grown = (_throttle(connection, key) or Throttle(0, now)).after_failure(now)
    values = {"failures": grown.failures, "last_at": grown.last_at}
    statement = upsert(throttles).values(key=key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def forget(connection: Connection, key: str) -> None:
    connection.execute(delete(throttles).where(throttles.c.key == key))
