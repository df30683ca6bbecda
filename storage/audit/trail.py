"""The audit trail's seal: made by the worker in the order in which it finds rows, checked by `lantoa audit verify`."""

from collections.abc import Callable

import asyncpg
import msgspec

from domain.audit import GENESIS, AuditLine
from storage.postgres.connections import reading

_LOCK = 3250_0002
_PAGE = 1000
_LAST = "SELECT seal_no, seal FROM audit WHERE seal_no IS NOT NULL ORDER BY seal_no DESC LIMIT 1"
_OPEN = "SELECT place, at, actor, verb, thing, detail FROM audit WHERE seal_no IS NULL ORDER BY place LIMIT $1"
_SEAL = """
UPDATE audit a SET seal_no = n.seal_no, seal = n.seal
  FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS n (place, seal_no, seal) WHERE a.place = n.place
"""
_SEALED = """
SELECT place, at, actor, verb, thing, detail, seal_no, seal FROM audit
 WHERE seal_no > $1 ORDER BY seal_no LIMIT $2
"""
_COUNTS = """
SELECT count(seal_no) AS sealed, count(*) FILTER (WHERE seal_no IS NULL) AS waiting,
       count(*) FILTER (WHERE seal_no IS NULL AND at < now() - interval '1 minute') AS late FROM audit
"""


class Verdict(msgspec.Struct, kw_only=True):
    """`broken_at` is the first seal number that does not fit; `head` is `number:hash`, to be noted elsewhere."""

    sealed: int
    waiting: int
    late: int
    head: str
    broken_at: int | None = None
    why: str = ""


def _line(row: asyncpg.Record) -> AuditLine:
    detail = msgspec.json.decode(row["detail"])
    return AuditLine(
        place=row["place"], at=row["at"], actor=row["actor"], verb=row["verb"], thing=row["thing"], detail=detail
    )


async def seal(pool: asyncpg.Pool) -> int:
    """Seal what is not sealed yet; gives how many rows. Two workers never number the same row (advisory lock)."""
    done = 0
    async with reading(pool) as connection:
        while True:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                rows = await connection.fetch(_OPEN, _PAGE)
                if not rows:
                    return done
                last = await connection.fetchrow(_LAST)
                number, before = (last["seal_no"], last["seal"]) if last else (0, GENESIS)
                seals: list[tuple[int, int, bytes]] = []
                for row in rows:
                    number, before = number + 1, _line(row).seal(number + 1, before)
                    seals.append((row["place"], number, before))
                await connection.execute(_SEAL, *map(list, zip(*seals, strict=True)))
            done += len(rows)


async def verify(pool: asyncpg.Pool, step: Callable[[int, int], None], noted: str = "") -> Verdict:
    """Walk the whole chain. `noted` is a head that was written down earlier: it must still be part of the chain."""
    async with reading(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        counts = (await connection.fetch(_COUNTS))[0]
        verdict = Verdict(sealed=counts["sealed"], waiting=counts["waiting"], late=counts["late"], head="")
        number, before = 0, GENESIS
        wanted = noted
        while rows := await connection.fetch(_SEALED, number, _PAGE):
            for row in rows:
                if why := _wrong(row, number + 1, before):
                    verdict.broken_at, verdict.why = number + 1, why
                    return verdict
                number, before = row["seal_no"], row["seal"]
                if wanted == f"{number}:{before.hex()}":
                    wanted = ""
            step(number, counts["sealed"])
    verdict.head = f"{number}:{before.hex()}"
    if wanted:
        verdict.broken_at, verdict.why = int(wanted.partition(":")[0] or 0), "the noted head is not in the chain"
    return verdict


def _wrong(row: asyncpg.Record, number: int, before: bytes) -> str:
    if row["seal_no"] != number:
        return f"row {number} is missing"
    return "" if _line(row).seal(number, before) == row["seal"] else f"row {number} was altered"
