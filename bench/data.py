"""Data sets: copies of the programme's own texts, each signed, brought in by COPY on all processors, and kept."""

import asyncio
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import asyncpg
import msgspec
import uvloop
from rich.progress import Progress

from bench.copies import Copier, id_of, minute, number
from bench.indexes import drop_indexes, make_indexes, vacuum
from cli.bulk import archive_importer
from domain.content.content import Content
from domain.distribution.archive import ArchiveLine
from runtime.memory import freeze_startup_objects
from runtime.services import open_services
from runtime.settings import Settings
from storage.postgres.connections import as_uuid, parse_url

CHANNEL = "press"
MARK = "archive:bench"
_OWNER, _VOUCHER = "stttt", "bench"
_BLOCK = 1_000
"""Materials in a transaction."""
_VACUUM_EVERY = 4
"""Blocks; what they filled is still in PostgreSQL's memory then, and is written to disk once."""
_ORIGINALS = 3_100_417
"""The number of the first of those that the others are copies of: a minute in the past, in no text."""
_TEXTS = """
SELECT content FROM materials
 WHERE attachments = '[]' AND kind IN ('article', 'faq') AND state = 'published' AND approved_by <> 'archive:bench'
   AND NOT content ? 'available_from' AND NOT content ? 'expires_at' ORDER BY id
"""
_ROUTED = "UPDATE channels SET rerouting_from = NULL WHERE rerouting_from IS NOT NULL"
"""All is placed as it is made. A worker that looks for what a new channel lacks would look for twenty minutes."""
_here: dict[str, Any] = {}


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
        originals = asyncio.run(_originals(settings))
        asyncio.run(drop_indexes(on))
        _fill_all(settings, originals, blocks, quiet=quiet)
    asyncio.run(make_indexes(on))
    return time.perf_counter() - began if blocks else 0.0


async def _missing(on: Any, count: int) -> list[range]:
    """What is still to be made: a block is one transaction, its last material is there with all others."""
    blocks = [range(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)]
    rows = await on("SELECT id FROM materials WHERE id = ANY($1)", [id_of(block[-1]) for block in blocks])
    there = {as_uuid(row["id"]) for row in rows}
    return [block for block in blocks if id_of(block[-1]) not in there]


async def _originals(settings: Settings) -> range:
    """See that there are those that are copied: the programme's own texts as `lantoa load --bulk` takes them over."""
    texts = [msgspec.json.decode(row["content"], type=Content) for row in await ask(settings, _TEXTS)]
    numbers = range(_ORIGINALS, _ORIGINALS + len(texts))
    async with archive_importer(settings, _OWNER) as (importer, _):
        taken = await importer.take(1, [_line(text, n) for n, text in zip(numbers, texts, strict=True)])
    if taken.refused:
        raise ValueError(f"the programme's own texts are refused: {taken.refused}")
    return numbers


def _line(text: Content, n: int) -> bytes:
    titled = msgspec.structs.replace(text, title=f"{text.title[:180]} ({number(n)})")
    line = ArchiveLine(content=titled, approved_by=_VOUCHER, published_at=minute(n), id=id_of(n))
    return msgspec.json.encode(line)


def _fill_all(settings: Settings, originals: range, blocks: list[range], *, quiet: bool) -> None:
    context, processes = (
        multiprocessing.get_context("spawn"),
        (os.cpu_count() or 1) + 1,
    )  # one waits for the disk
    with (
        Progress(disable=quiet, transient=True) as progress,
        ProcessPoolExecutor(processes, context, _begin, (settings, originals)) as pool,
    ):
        bar = progress.add_task("Tạo dữ liệu · Making data", total=sum(map(len, blocks)))
        for nth, made in enumerate(pool.map(_make, blocks), 1):
            progress.advance(bar, made)
            if nth % _VACUUM_EVERY == 0:
                asyncio.run(vacuum(partial(ask, settings)))


def _begin(settings: Settings, originals: range) -> None:
    loop = _here["loop"] = uvloop.new_event_loop()
    _here["copier"] = loop.run_until_complete(_copier(settings, originals))
    freeze_startup_objects()


async def _copier(settings: Settings, originals: range) -> Copier:
    async with open_services(settings) as services:
        signer = await services.load_keys()
    return await Copier.of(await asyncpg.connect(**parse_url(settings.database_url)), signer, originals)


def _make(block: range) -> int:
    _here["loop"].run_until_complete(_here["copier"].copy(block))
    return len(block)
