"""Data sets: the programme's own texts under other titles, signed, brought in by COPY on all processors, and kept."""

import asyncio
import multiprocessing
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from rich.progress import Progress

from bench.indexes import Ask, drop_indexes, make_indexes, vacuum
from cli.bulk import archivist
from domain.content import Content
from domain.document import instant
from domain.material import Material
from storage.bulk import Ready
from storage.database import as_uuid, parse_url
from storage.keys import KeyRing
from storage.settings import Settings
from storage.system import settle

CHANNEL = "press"
MARK = "archive:bench"
_BLOCK = 2_000
"""Materials in a transaction."""
_FIRST_DAY = 1_600_000_000
_Block = tuple[int, int]
"""From this number to before that one."""
_TEMPLATES = """
SELECT m.content, d.document, m.owner_id FROM materials m
  JOIN editions d ON d.material_id = m.id AND d.version = m.live_version
 WHERE m.attachments = '[]' AND m.kind IN ('article', 'faq') AND m.approved_by <> 'archive:bench'
   AND NOT m.content ? 'available_from' AND NOT m.content ? 'expires_at'
 ORDER BY m.id
"""
_ROUTED = "UPDATE channels SET rerouting_from = NULL WHERE rerouting_from IS NOT NULL"
"""All is placed as it is made. A worker that looks for what a new channel lacks would look for twenty minutes."""


async def ask(settings: Settings, query: str, *values: object) -> list[Any]:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        return list(await connection.fetch(query, *values, timeout=600))
    finally:
        await connection.close()


def generate(settings: Settings, count: int, *, quiet: bool = False) -> float:
    """See that there are `count` generated materials; gives the seconds that making them took (0: they were there)."""
    began, on = time.perf_counter(), partial(ask, settings)
    blocks = asyncio.run(_missing(on, count))
    if blocks:
        asyncio.run(on(_ROUTED))
        asyncio.run(drop_indexes(on))
        _fill_all(settings, on, blocks, quiet=quiet)
    asyncio.run(make_indexes(on))
    return time.perf_counter() - began if blocks else 0.0


async def _missing(on: Any, count: int) -> list[_Block]:
    """What is still to be made: a block is one transaction, its last material is there with all others."""
    blocks = {_id(end - 1): (end - _BLOCK, end) for end in range(_BLOCK, count + 1, _BLOCK)}
    if left := count % _BLOCK:
        blocks[_id(count - 1)] = (count - left, count)
    for row in await on("SELECT id FROM materials WHERE id = ANY($1)", list(blocks)):
        del blocks[as_uuid(row["id"])]
    return list(blocks.values())


def _fill_all(settings: Settings, on: Ask, blocks: list[_Block], *, quiet: bool) -> None:
    context, processes = multiprocessing.get_context("spawn"), (os.cpu_count() or 1) + 1  # one waits for the disk
    with Progress(disable=quiet, transient=True) as progress, ProcessPoolExecutor(processes, context) as pool:
        bar = progress.add_task("Tạo dữ liệu · Making data", total=sum(end - start for start, end in blocks))
        shares = [(settings, blocks[i :: processes * 8]) for i in range(processes * 8)]
        for done in pool.map(_make, shares):
            progress.advance(bar, done)
            asyncio.run(vacuum(on))


def _make(share: tuple[Settings, list[_Block]]) -> int:
    return uvloop.run(_fill(*share))


async def _fill(settings: Settings, blocks: list[_Block]) -> int:
    templates = [_template(row) for row in await ask(settings, _TEMPLATES)]
    settle()
    async with archivist(settings, "stttt") as (keeper, signer):
        return sum([await keeper.store(list(_materials(templates, signer, *block))) for block in blocks])


class _Template(NamedTuple):
    """A real text, and its document with marks where another's id, time and title go: it stays canonical."""

    content: Content
    owner_id: UUID
    parts: list[bytes]
    """Every second one is a mark: `_ID`, `_AT` or `_TITLE`."""


_ID, _AT, _TITLE = _MARKS = b"\x00id\x00", b"\x00at\x00", b"\x00title\x00"
_CUT = re.compile(b"(" + b"|".join(_MARKS) + b")")


def _template(row: Any) -> _Template:
    content, document, owner = row
    known = msgspec.json.decode(document)
    for field, mark in (("id", _ID), ("published_at", _AT)):
        document = document.replace(known[field].encode(), mark)
    document = document.replace(b'"title":' + msgspec.json.encode(known["title"]), b'"title":' + _TITLE)
    return _Template(msgspec.json.decode(content, type=Content), UUID(str(owner)), _CUT.split(document))


def _moment(n: int) -> int:
    return _FIRST_DAY + 60 * n


def _id(n: int) -> UUID:
    """The UUIDv7 of that moment, the number for chance."""
    return UUID(int=_moment(n) * 1000 << 80 | 7 << 76 | 2 << 62 | n)


def _materials(templates: list[_Template], signer: KeyRing, start: int, end: int) -> Iterator[Ready]:
    for n in range(start, end):
        template = templates[n % len(templates)]
        made = msgspec.structs.replace(template.content, title=f"{template.content.title[:180]} ({n})")
        at, material_id = datetime.fromtimestamp(_moment(n), UTC), _id(n)
        material = Material(
            id=material_id, owner_id=template.owner_id, state="published", content=made, live_version=1,
            edited_by="client:operator", approved_by=MARK, first_published_at=at, published_at=at,
            created_at=at, updated_at=at,
        )  # fmt: skip
        told = {_ID: str(material_id).encode(), _AT: instant(at).encode(), _TITLE: msgspec.json.encode(made.title)}
        body = b"".join([told.get(part, part) for part in template.parts])
        yield Ready(material, body, signer.sign(body))
