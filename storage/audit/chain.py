"""The audit trail's hash chain: extended by the background worker, checked by `lantoa audit verify`."""

from collections.abc import Callable

import asyncpg
import msgspec

from domain.audit import GENESIS, AuditRow
from storage.postgres.connections import reading
from storage.postgres.locks import AUDIT_CHAIN

_PAGE = 1000
_LOCK = f"SELECT pg_advisory_xact_lock({AUDIT_CHAIN})"
_LAST = "SELECT seal_no, seal FROM audit WHERE seal_no IS NOT NULL ORDER BY seal_no DESC LIMIT 1"
_UNCHAINED = """
SELECT place, at, actor, verb AS activity, thing AS target, detail FROM audit
 WHERE seal_no IS NULL ORDER BY place LIMIT $1
"""
_CHAIN = """
UPDATE audit a SET seal_no = n.seal_no, seal = n.seal
  FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS n (place, seal_no, seal) WHERE a.place = n.place
"""
_CHAINED = """
SELECT place, at, actor, verb AS activity, thing AS target, detail, seal_no, seal FROM audit
 WHERE seal_no > $1 ORDER BY seal_no LIMIT $2
"""
_COUNTS = """
SELECT count(seal_no) AS sealed, count(*) FILTER (WHERE seal_no IS NULL) AS waiting,
       count(*) FILTER (WHERE seal_no IS NULL AND at < now() - interval '1 minute') AS late FROM audit
"""


class Verification(msgspec.Struct, kw_only=True):
    """`broken_at`: the first number that does not fit. `head`: `number:hash`, to be noted elsewhere."""

    chained: int
    waiting: int
    late: int
    head: str
    broken_at: int | None = None
    why: str = ""


def _row(row: asyncpg.Record) -> AuditRow:
    detail = msgspec.json.decode(row["detail"])
    return AuditRow(
        place=row["place"],
        at=row["at"],
        actor=row["actor"],
        activity=row["activity"],
        target=row["target"],
        detail=detail,
    )


async def extend(pool: asyncpg.Pool) -> int:
    """Chain the rows that are not chained yet; gives how many. An advisory lock keeps two workers apart."""
    done = 0
    async with reading(pool) as connection:
        while True:
            async with connection.transaction():
                await connection.execute(_LOCK)
                rows = await connection.fetch(_UNCHAINED, _PAGE)
                if not rows:
                    return done
                last = await connection.fetchrow(_LAST)
                number, before = (last["seal_no"], last["seal"]) if last else (0, GENESIS)
                chained: list[tuple[int, int, bytes]] = []
                for row in rows:
                    number, before = number + 1, _row(row).chained_hash(number + 1, before)
                    chained.append((row["place"], number, before))
                await connection.execute(_CHAIN, *map(list, zip(*chained, strict=True)))
            done += len(rows)


async def verify(pool: asyncpg.Pool, step: Callable[[int, int], None], noted: str = "") -> Verification:
    """Walk the whole chain. `noted` is a head that was written down earlier: it must still be part of the chain."""
    async with reading(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        counts = (await connection.fetch(_COUNTS))[0]
        found = Verification(chained=counts["sealed"], waiting=counts["waiting"], late=counts["late"], head="")
        number, before = 0, GENESIS
        wanted = noted
        while rows := await connection.fetch(_CHAINED, number, _PAGE):
            for row in rows:
                if why := _wrong(row, number + 1, before):
                    found.broken_at, found.why = number + 1, why
                    return found
                number, before = row["seal_no"], row["seal"]
                if wanted == f"{number}:{before.hex()}":
                    wanted = ""
            step(number, counts["sealed"])
    found.head = f"{number}:{before.hex()}"
    if wanted:
        found.broken_at, found.why = int(wanted.partition(":")[0] or 0), "the noted head is not in the chain"
    return found


def _wrong(row: asyncpg.Record, number: int, before: bytes) -> str:
    if row["seal_no"] != number:
        return f"row {number} is missing"
    return "" if _row(row).chained_hash(number, before) == row["seal"] else f"row {number} was altered"
