"""Copies of a material as rows for COPY (PostgreSQL manual, "COPY", binary format).

The original's own rows, as the product wrote them, are cut where a copy has another value: a row then costs one join.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from struct import Struct
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

from domain.distribution.document import instant
from domain.distribution.ports import Signer
from storage.distribution.bulk import LAST_SEQ, LOCK_FEED

PLACELESS = ("materials", "editions", "history")
TABLES = (*PLACELESS, "entries")
"""Whose rows are copied. Those of the feed come last, under its lock: only then is their place known."""
_FIRST_DAY = 1_600_000_000
_POSTGRES_EPOCH = 946_684_800
_EIGHT_BYTES = Struct(">iq").pack
"""A bigint or a timestamptz (microseconds since 2000) with its length before it."""
_LENGTH = Struct(">i")
_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_COLUMNS = """
SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
 WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
"""
_PLACES = "SELECT channel_id, seq, line FROM entries WHERE material_id = $1 ORDER BY seq"
_EDITION = "SELECT document, sha256, signature FROM editions WHERE material_id = $1"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Columns = Mapping[str, list[str]]


def id_of(n: int) -> UUID:
    """The UUIDv7 (RFC 9562 section 5.7) of that minute, the number for chance."""
    return UUID(bytes=_id(n))


def minute(n: int) -> datetime:
    return datetime.fromtimestamp(_FIRST_DAY + 60 * n, UTC)


def number(n: int) -> str:
    """In the title; always as long, so that no length in a row changes."""
    return f"{n:07}"


def _id(n: int) -> bytes:
    return ((_FIRST_DAY + 60 * n) * 1000 << 80 | 7 << 76 | 2 << 62 | n).to_bytes(16, "big")


def _own(n: int) -> tuple[bytes, ...]:
    """What a document and its rows have of the number: id, id as text, minute, minute as text, number."""
    key = _id(n)
    text = key.hex()
    return (
        key,
        f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode(),
        _EIGHT_BYTES(8, (_FIRST_DAY + 60 * n - _POSTGRES_EPOCH) * 1_000_000),
        instant(minute(n)).encode(),
        number(n).encode(),
    )


def _place(seq: int, length: int) -> tuple[bytes, bytes]:
    """A change's number as a column, and where its line begins, with the line's length (without the number's)."""
    text = b"%d" % seq
    return _EIGHT_BYTES(8, seq), _LENGTH.pack(length + len(text)) + b'{"seq":' + text + b","


class Cut:
    """Bytes with gaps, each to be filled with one of some values."""

    def __init__(self, whole: bytes, values: Sequence[bytes]) -> None:
        found = re.split(b"(" + b"|".join(map(re.escape, values)) + b")", whole)
        self._pieces = found
        self._chosen = [values.index(mark) for mark in found[1::2]]

    def filled(self, values: Sequence[bytes]) -> bytes:
        pieces = self._pieces.copy()
        pieces[1::2] = [values[i] for i in self._chosen]
        return b"".join(pieces)


class Original(NamedTuple):
    document: Cut
    rows: Mapping[str, Cut]
    entries: Sequence[tuple[Cut, int]]
    """One for each channel, with the length of its line without the number."""


class Copier:
    """Makes copies on one connection."""

    def __init__(self, db: Connection, signer: Signer, columns: Columns, originals: Sequence[Original]) -> None:
        self._db = db
        self._signer = signer
        self._columns = columns
        self._originals = originals

    @classmethod
    async def of(cls, db: Connection, signer: Signer, numbers: Iterable[int]) -> "Copier":
        """For originals that have the ids, the minutes and the numbers of `numbers`."""
        columns = {table: await db.fetchval(_COLUMNS, table) for table in TABLES}
        return cls(db, signer, columns, [await _read(db, columns, n) for n in numbers])

    async def copy(self, numbers: range) -> None:
        """Commit a copy for each number, of the originals in turn."""
        rows: dict[str, list[bytes]] = {table: [] for table in PLACELESS}
        entries = []
        for n in numbers:
            original, own = self._originals[n % len(self._originals)], _own(n)
            document = original.document.filled(own)
            signature = self._signer.sign(document)
            values = (*own, signature.sha256.encode(), signature.value.encode(), document)
            for table, made in rows.items():
                made.append(original.rows[table].filled(values))
            entries += [(cut, length, values) for cut, length in original.entries]
        async with self._db.transaction():
            for table, made in rows.items():
                await self._send(table, made)
            await self._db.execute(LOCK_FEED)
            first = await self._db.fetchval(LAST_SEQ, len(entries)) - len(entries) + 1
            placed = [
                cut.filled((*values, *_place(seq, length))) for seq, (cut, length, values) in enumerate(entries, first)
            ]
            await self._send("entries", placed)

    async def _send(self, table: str, rows: list[bytes]) -> None:
        source = BytesIO(b"".join([_BEGIN, *rows, _END]))
        await self._db.copy_to_table(table, source=source, columns=self._columns[table], format="binary")


async def _read(db: Connection, columns: Columns, n: int) -> Original:
    """Read the rows of one original."""
    own, key = _own(n), id_of(n)

    async def row(table: str, condition: str, *values: object) -> bytes:
        out = BytesIO()
        names = ", ".join(f'"{name}"' for name in columns[table])
        query = f"SELECT {names} FROM {table} WHERE {condition}"
        await db.copy_from_query(query, *values, output=out, format="binary")
        return out.getvalue()[len(_BEGIN) : -len(_END)]

    [(document, *signature)] = await db.fetch(_EDITION, key)
    values = (*own, *(text.encode() for text in signature), document)
    rows = {
        table: Cut(await row(table, f"{'id' if table == 'materials' else 'material_id'} = $1", key), values)
        for table in PLACELESS
    }
    entries = []
    for channel_id, seq, line in await db.fetch(_PLACES, key):
        length = len(line) - len(str(seq))
        entry = await row("entries", "material_id = $1 AND channel_id = $2", key, channel_id)
        entries.append((Cut(entry, (*values, *_place(seq, length))), length))
    return Original(Cut(document, own), rows, entries)
