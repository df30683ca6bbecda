"""How often something failed lately, shared by all API processes."""

import math
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.identity.login import FREE_FAILURES, Throttle
from storage.identity.tables import throttles

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


def attempt(connection: Connection, keys: tuple[tuple[str, int], ...], now: datetime) -> int:
    """Count a try under every (key, free failures) before it is made; or give the seconds to wait, counting nothing.

    Rows are locked in order: tries that come at once stay within the limit.
    """
    for key, _ in sorted(keys):
        new = upsert(throttles).values(key=key, failures=0, last_at=now)
        connection.execute(new.on_conflict_do_nothing())
        connection.execute(select(throttles.c.key).where(throttles.c.key == key).with_for_update())
    if wait := max(seconds_left(connection, key, now, free) for key, free in keys):
        return wait
    for key, _ in keys:
        count_failure(connection, key, now)
    return 0


def undo(connection: Connection, key: str) -> None:
    """Take one counted try back."""
    fewer = {"failures": func.greatest(throttles.c.failures - 1, 0)}
    connection.execute(update(throttles).where(throttles.c.key == key).values(**fewer))


def forget(connection: Connection, key: str) -> None:
    connection.execute(delete(throttles).where(throttles.c.key == key))
